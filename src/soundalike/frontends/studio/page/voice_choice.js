// Boxes to tick: which of the trained voices take part. `chosen()` are their names.
import { get } from "./api.js";
import { h } from "./dom.js";

export async function voiceChoice(changed) {
  const { voices } = await get("voices");
  const names = voices.filter((one) => one.voice).map((one) => one.name);
  const boxes = names.map((name) => h("input", { type: "checkbox", value: name, checked: true, onchange: () => changed?.() }));
  const labels = boxes.map((box) => h("label", { class: "inline" }, box, box.value));
  const element = h("fieldset", {}, h("legend", {}, "Voices"), labels.length ? labels : "There is no trained voice here yet.");
  return { element, names, chosen: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}
