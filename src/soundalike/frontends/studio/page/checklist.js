// Many boxes to tick, with a field that finds among them.
import { h } from "./dom.js";

const FEW = 12; // so many are found by looking

// `items` are `{ key, label, checked }`; `list.chosen()` gives the keys that are ticked.
export function checklist(legend, items) {
  const boxes = items.map(({ key, label, checked }) => {
    const input = h("input", { type: "checkbox", checked: checked ?? false });
    return { key, input, text: label.toLowerCase(), row: h("label", { class: "tick" }, input, label) };
  });
  const find = h("input", { type: "search", "aria-label": `Find: ${legend}`, placeholder: "Find", oninput: () => {
    for (const { text, row } of boxes) row.hidden = !text.includes(find.value.toLowerCase());
  } });
  const list = h("fieldset", {}, h("legend", {}, legend), items.length > FEW && find, h("div", { class: "ticks" }, boxes.map(({ row }) => row)));
  list.chosen = () => boxes.filter(({ input }) => input.checked).map(({ key }) => key);
  return list;
}
