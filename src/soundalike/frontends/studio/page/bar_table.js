// A table of shares, each as a bar and in percent: a picture that reads as a table.
import { h } from "./dom.js";

// A table with its title in a frame that scrolls sideways where it is wider than the page, by keys too.
export const wideTable = (title, kind, ...parts) => h("div", { class: "wide", role: "region", "aria-label": title, tabindex: "0" }, h("table", { class: kind || null }, h("caption", {}, title), parts));

// `rows` maps a label to a share for each of `columns`; the longest bar is the largest share.
export function barTable(title, first, columns, rows) {
  const top = Math.max(...Object.values(rows).flat());
  const head = h("tr", {}, [first, ...columns].map((name) => h("th", { scope: "col" }, name)));
  const body = Object.entries(rows).map(([label, shares]) => h("tr", {}, h("th", { scope: "row" }, label), shares.map((share) => h("td", {}, bar(share / top), ` ${Math.round(share * 100)} %`))));
  return wideTable(title, "bars", h("thead", {}, head), h("tbody", {}, body));
}

function bar(share) {
  const element = h("span", { class: "bar" });
  element.style.width = `${(share * 5).toFixed(2)}rem`;
  return element;
}
