// How close the voice is, as `soundalike evaluate` measures it: what that means, and the figures for who wants them.
import { h } from "../dom.js";
import { definitions, details, reportView, sentences, table, unbroken } from "../report_view.js";

export default { id: "evaluation", title: "Evaluation", needsVoice: true, show };

function show(main, context) {
  return reportView(main, context, {
    kind: "evaluate",
    about: "How close is it? The voice answers conversations that it has not read. A judge, which is a small program, sees each reply beside yours and says which is really yours.",
    make: "Evaluate it",
    draw: ({ report, stale }) => (report ? drawn(report) : [h("p", { class: "faint" }, stale ? "There is one of an earlier voice, which says nothing about this one." : "There is none yet.")]),
  });
}

function drawn({ verdict, findings, steps, ...figures }) {
  return [
    h("h2", {}, "How close it is"),
    h("p", {}, h("strong", {}, unbroken(verdict))),
    ...Object.entries(findings).flatMap(([title, found]) => listed(title, found)),
    ...listed("What may help", steps),
    measured(figures),
  ];
}

const listed = (title, found) => (found.length ? [h("h3", {}, title), sentences(found)] : []);

function measured({ extent, headline, columns, rows, legend, lines, evidence }) {
  return details("The figures", [
    h("p", { class: "faint" }, extent),
    definitions(headline),
    table("In percent", ["", ...columns], Object.entries(rows).map(([name, cells]) => [name, ...cells])),
    h("h3", {}, "What the rows and columns mean"),
    definitions(legend),
    h("h3", {}, "More figures"),
    sentences(lines),
    h("h3", {}, "What helped others"),
    sentences(evidence),
  ]);
}
