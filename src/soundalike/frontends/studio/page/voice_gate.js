// What stands in place of a section where its voice is not there, or is not trained and the section needs that.
import { get } from "./api.js";
import { h } from "./dom.js";

const said = (text, href, label) => [h("p", {}, text), h("div", { class: "row" }, h("a", { class: "button main", href }, label))];

// The elements that stand there, or null where the section can be shown.
export async function insteadOf(section, voice) {
  const found = (await get("voices")).voices.find(({ name }) => name === voice);
  if (!found) return said(`There is no voice named ${voice} here.`, "#/voices", "Voices");
  if (!section.needsVoice || found.voice || found.error) return null;
  const training = `#/voice/${encodeURIComponent(voice)}/train`;
  if (found.training) return said("Its training is under way. This is here once it has learned something.", training, "See its training");
  return said("Not trained yet: it has nothing to speak with.", training, "Train it");
}
