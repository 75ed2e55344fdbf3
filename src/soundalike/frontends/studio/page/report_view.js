// A report of a voice: the work that writes it, then the report as it was last written.
import { get, post } from "./api.js";
import { announce, button, h } from "./dom.js";
import { workView } from "./work_view.js";

// `kind` is that of the job, of POST and of GET; `options` are boxes to tick, {name, label}; `draw(report)` makes the
// report's elements. `beside(read)`, if given, makes what else is refreshed, { refresh }, and `draw` gets it; `read()`
// reads the report anew.
export async function reportView(main, { voice, every }, { kind, about, make, options = [], draw, beside }) {
  const path = `voices/${encodeURIComponent(voice)}/${kind}`;
  const boxes = options.map((one) => h("input", { type: "checkbox", name: one.name }));
  const ticked = () => Object.fromEntries(boxes.map((box) => [box.name, box.checked]));
  const begin = button(make, async () => { await post(path, ticked()); await refresh(); }, "main");
  const report = h("div", {});
  const read = async () => report.replaceChildren(...draw(await get(path), part));
  const part = beside?.(read);
  const work = workView(kind, voice, async () => { announce("The report is there."); await read(); });
  const refresh = async () => { begin.hidden = await work.refresh(); await part?.refresh(); };
  main.append(
    h("p", {}, about),
    ...options.map((one, at) => h("p", {}, h("label", { class: "inline" }, boxes[at], one.label))),
    h("div", { class: "row" }, begin),
    work.element,
    report,
  );
  await read();
  await every(1, refresh);
}

// With no line break between a number and its percent sign.
export const unbroken = (text) => text.replace(/(?<=\d) %/g, "\u00a0%");

// A page that was written to the clone folder as the file `path`, in a frame in which nothing runs and from which nothing
// is asked.
export const framed = (page, title, path) => [
  h("p", {}, "It is a file, too. Open it in your browser to print it or to keep it: ", h("code", {}, path)),
  h("iframe", { class: "page", sandbox: "", srcdoc: page, title }),
];

// What only some want to read, closed until they open it.
export const details = (title, parts) => h("details", {}, h("summary", {}, title), parts);

export const sentences = (lines) => h("ul", {}, lines.map((text) => h("li", {}, unbroken(text))));

// A table with a row for each of `rows`, whose first cells name them. A figure and its interval, `62 [55, 68]`, may stand
// below each other.
export function table(caption, head, rows) {
  const figures = (text) => unbroken(text).split(/ (?=\[)/).flatMap((part) => [h("span", { class: "figure" }, part), " "]);
  const cell = (text, at) => (at ? h("td", {}, figures(text)) : h("th", { scope: "row" }, text));
  return h("div", { class: "wide", role: "region", "aria-label": caption, tabindex: "0" },
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, head.map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {}))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}

// Lines of a name, two blanks or more and what is said of it, which a terminal aligns and goes on with indented ones: as a
// list that fits any width.
export function definitions(lines) {
  const whole = lines.join("\n").replace(/\n\s+/g, " ").split("\n");
  const pairs = whole.map((line) => /^(.+?)\s{2,}(.*)$/.exec(line) ?? ["", "", line]);
  return h("dl", { class: "definitions" }, pairs.flatMap(([, name, said]) => [h("dt", {}, name), h("dd", {}, unbroken(said.replace(/\s{2,}(?!\()/, ": ")))]));
}
