// A button that deletes after a name was typed; `what` says whose name that is.
import { button, h } from "./dom.js";

export function deletion(what, name, label, act) {
  const typed = h("input", { id: "confirm", autocomplete: "off", spellcheck: "false" });
  const go = button(label, () => act(typed.value), "danger");
  go.disabled = true;
  typed.addEventListener("input", () => { go.disabled = typed.value !== name; });
  return [h("label", { for: "confirm" }, `To confirm, type ${what}: “${name}”`), h("div", { class: "row" }, typed, go)];
}
