// Boxes to tick: which of the trained voices take part. `chosen()` are their names.
import { get } from "./api.js";
import { h } from "./dom.js";

export async function voiceChoice(changed) {
  const { voices } = await get("voices");
  const trained = voices.filter((one) => one.voice);
  const names = trained.map((one) => one.name);
  const boxes = names.map((name) => h("input", { type: "checkbox", value: name, checked: true, onchange: () => changed?.() }));
  const called = trained.map(({ name, owner }) => (owner && owner !== name ? `${name} (${owner})` : name));
  const labels = boxes.map((box, at) => h("label", { class: "inline" }, box, called[at]));
  const element = h("fieldset", {}, h("legend", {}, "Voices"), labels.length ? labels : ["There is no trained voice here yet. Train one: ", h("a", { href: "#/voices" }, "Voices")]);
  return { element, names, chosen: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}
