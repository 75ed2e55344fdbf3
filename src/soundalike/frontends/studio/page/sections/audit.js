// What private text could be extracted from the voice, as `soundalike audit` finds it.
import { copyLine } from "../copy_line.js";
import { h } from "../dom.js";
import { maskForm } from "../mask_form.js";
import { details, framed, reportView, sentences, table, unbroken } from "../report_view.js";

export default { id: "audit", title: "Audit", needsVoice: true, show };

function show(main, context) {
  return reportView(main, context, {
    kind: "audit",
    about: "What private text could somebody who talks to it draw out? It is asked for the riskiest strings of what it has read, without its guards. That takes some minutes: how many is told once it has begun to ask.",
    make: "Audit it",
    options: [{ name: "canaries", label: "Also train once more, as long, with made-up secrets, and look for them" }],
    beside: (read) => maskForm(context.voice, read),
    draw: ({ report, stale, strings, ...html }, mask) => {
      mask.offer(stale ? [] : strings);
      return report ? drawn(report, stale, html, mask) : [mask.element, h("p", { class: "faint" }, "There is none yet.")];
    },
  });
}

function drawn(report, stale, { page, path }, mask) {
  const figures = [needles(report), inventory(report), byHeart(report), report.membership_means && h("p", {}, unbroken(report.membership_means)), copying(report), canaries(report)].flat().filter(Boolean);
  return [
    stale && h("p", { class: "failed" }, "This is of an earlier voice; audit the present one."),
    ...verdict(report),
    ...(mask.offers || stale ? [] : steps(report)),
    mask.element,
    figures.length > 0 && details("The figures", figures),
    page && h("h2", {}, "What it found, for you alone"),
    ...(page ? framed(page, "Private: the strings that were found", path) : []),
  ].filter(Boolean);
}

// May it be shared, and why. A report of an earlier version has it in one sentence.
function verdict({ headline, findings, meaning, verdict: whole }) {
  if (!headline) return [h("h2", {}, "Verdict"), h("p", {}, h("strong", {}, unbroken(whole)))];
  return [h("h2", {}, headline), sentences(findings.map((clause) => `${clause[0].toUpperCase()}${clause.slice(1)}.`)), h("p", {}, meaning)];
}

function steps({ steps: found = [] }) {
  return [found.length > 0 && h("p", {}, "To mend it:"), ...found.map(({ command, control }) => (control ? h("p", {}, control) : copyLine(command)))];
}

const percent = (one) => (one ? `${(100 * one.value).toFixed(1)} % [${(100 * one.low).toFixed(1)}, ${(100 * one.high).toFixed(1)}]` : "");
const bits = (number) => number.toFixed(1);

// The needles: strings that it was asked for, and how far up it has them among others of their shape.
function needles({ exposure }) {
  if (!exposure.length) return null;
  const rows = exposure.map((one, at) => [`${at + 1}: ${one.kind}${one.yours ? "" : ", not yours"}`, `${one.times}×`, bits(one.off), bits(one.on), bits(one.most), one.named ? "yes" : "no"]);
  return [
    h("p", {}, "It is asked for each of these among 256 others of its shape. 0 bits: it finds it no likelier than they are. The more bits, the better it knows the string. It names one outright that it would say before all others, if training has added more than three bits."),
    table("The riskiest strings, in bits of exposure", ["kind", "learned", "base alone", "the voice", "at most", "named outright"], rows),
  ];
}

function inventory(report) {
  const rows = Object.entries(report.inventory).map(([kind, one]) => [kind, String(one.strings), String(one.times)]);
  return rows.length ? table("Risky strings in what was learned", ["kind", "strings", "times"], rows) : null;
}

function byHeart({ extraction }) {
  const rows = Object.entries(extraction).map(([whose, one]) => [whose, percent(one.learned), percent(one.base), percent(one.held_out)]);
  return rows.length ? table("Given its first half, it says the rest of a message", ["lines", "learned ones", "base alone", "held-out ones"], rows) : null;
}

function copying(report) {
  const rows = Object.entries(report.copying).map(([whose, one]) => [whose, percent(one.clone.messages), percent(one.you.messages)]);
  return rows.length ? table("Messages that it repeats word for word where it is asked nothing in particular, without its guards", ["lines", "the voice", "you"], rows) : null;
}

function canaries(report) {
  const rows = report.canaries.map((one, at) => [`${at + 1}`, `${one.times}×`, one.extracted ? "yes" : "no", bits(one.off), bits(one.on), bits(one.most)]);
  return rows.length ? table("Made-up secrets, in bits of exposure", ["secret", "planted", "drawn out", "base alone", "the voice", "at most"], rows) : null;
}
