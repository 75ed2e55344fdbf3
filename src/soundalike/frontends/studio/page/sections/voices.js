// Every voice in the folder.
import { get } from "../api.js";
import { count, counted, h, problem } from "../dom.js";
import { show as showNew } from "./new.js";

export default { id: "voices", title: "Voices", show };

async function show(main, context) {
  const { folder, voices } = await get("voices");
  if (!voices.length) main.append(h("p", {}, "From an export of your chats a voice is made, which writes as you do: read the export, train the voice, talk to it."));
  main.append(h("p", { class: "faint" }, `In ${folder}. Everything stays on this machine.`));
  if (!voices.length) return showNew(main, context);
  const kinds = new Set(voices.filter(({ voice }) => voice).map(({ voice }) => voice.standing !== null));
  if (kinds.size > 1) main.append(h("p", { class: "faint" }, "Compare voices that were evaluated: bits a byte, which the others have, are measured on different messages of yours."));
  return main.append(...voices.map(card));
}

function card(voice) {
  const name = h("h2", {}, h("a", { href: `#/voice/${encodeURIComponent(voice.name)}/about` }, voice.name));
  return h("article", { class: "card" }, name, voice.error ? problem(voice.error) : facts(voice));
}

export function facts(voice) {
  const { messages, words } = voice.imported;
  return [
    h("p", {}, `It speaks as ${voice.owner}, and is made of ${counted(messages, "message")} with ${counted(words, "word")}.`),
    h("p", {}, state(voice)),
    h("div", { class: "row" }, voice.voice && next(voice, "talk", "Talk to it"), (!voice.voice || voice.cut_off || voice.training) && next(voice, "train", voice.training ? "See its training" : "Train it")),
  ];
}

const next = ({ name }, section, label) => h("a", { class: "button main", href: `#/voice/${encodeURIComponent(name)}/${section}` }, label);

// Bits a byte of a voice, and where they were measured.
export const bits = ({ bits_per_byte: number, evaluated }) => `${number.toFixed(2)} bits a byte (${evaluated ? "evaluation" : "check during the training"})`;

function state(voice) {
  if (voice.cut_off) {
    const { step, steps } = voice.cut_off;
    return `${voice.training ? "Its training is under way" : "A training was cut off"}: ${count(step)}${steps ? ` of ${count(steps)}` : ""} steps are saved.`;
  }
  if (voice.training) return "Its training is under way.";
  if (!voice.voice) return "It has not been trained yet.";
  const older = voice.voice.is_older ? ", before the last import" : "";
  return `It was trained on ${voice.voice.base}${older}. ${voice.voice.standing ?? unmeasured(voice.voice)}`;
}

const unmeasured = (voice) => `How close it is has not been measured: see its Evaluation.${voice.bits_per_byte == null ? "" : ` Your words cost it ${bits(voice)}: the fewer, the better it knows how you write.`}`;
