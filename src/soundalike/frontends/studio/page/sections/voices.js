// Every voice in the folder.
import { get } from "../api.js";
import { count, h, problem } from "../dom.js";
import { show as showNew } from "./new.js";

export default { id: "voices", title: "Voices", show };

async function show(main, context) {
  const { folder, voices } = await get("voices");
  main.append(h("p", { class: "faint" }, `In ${folder}. Everything stays on this machine.`));
  if (!voices.length) return showNew(main, context);
  return main.append(...voices.map(card));
}

function card(voice) {
  const name = h("h2", {}, h("a", { href: `#/voice/${encodeURIComponent(voice.name)}/about` }, voice.name));
  return h("article", { class: "card" }, name, voice.error ? problem(voice.error) : facts(voice));
}

export function facts(voice) {
  const { messages, words } = voice.imported;
  return [
    h("p", {}, `${voice.owner}: ${count(messages)} messages, ${count(words)} words.`),
    h("p", {}, state(voice)),
  ];
}

function state(voice) {
  if (voice.cut_off) {
    const { step, steps } = voice.cut_off;
    return `A training is under way or was cut off: ${count(step)}${steps ? ` of ${count(steps)}` : ""} steps are saved.`;
  }
  if (!voice.voice) return "It has not been trained yet.";
  const older = voice.voice.is_older ? ", before the last import" : "";
  return `It was trained on ${voice.voice.base}${older}: ${voice.voice.bits_per_byte.toFixed(2)} bits a byte.`;
}
