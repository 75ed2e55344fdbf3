// How close the voice is, as `soundalike evaluate` measures it.
import { h } from "../dom.js";
import { definitions, reportView, table, unbroken } from "../report_view.js";

export default { id: "evaluation", title: "Evaluation", show };

function show(main, context) {
  return reportView(main, context, {
    kind: "evaluate",
    about: "How close is it? The voice answers conversations that it has not read, and a judge tells its replies from yours.",
    make: "Evaluate it",
    draw: ({ report, stale }) => (report ? drawn(report) : [h("p", { class: "faint" }, stale ? "There is one of an earlier voice, which says nothing about this one." : "There is none yet.")]),
  });
}

function drawn({ extent, headline, columns, rows, legend, lines, advice }) {
  return [
    h("h2", {}, "What it means"),
    ...advice.map((text) => h("p", {}, unbroken(text))),
    h("h2", {}, "The figures"),
    h("p", { class: "faint" }, extent),
    definitions(headline),
    table("In percent", ["", ...columns], Object.entries(rows).map(([name, cells]) => [name, ...cells])),
    h("details", {}, h("summary", {}, "What the columns mean"), definitions(legend)),
    h("h2", {}, "Beside the table"),
    h("ul", {}, lines.map((text) => h("li", {}, unbroken(text)))),
  ];
}
