// What the last import of a voice read, skipped and masked, and how long messages and conversations are.
import { get } from "../api.js";
import { barTable, wideTable } from "../bar_table.js";
import { count, h } from "../dom.js";

export default { id: "read", title: "What was read", show };

async function show(main, { voice }) {
  const { report, lengths, meaning, notes } = await get(`imports/${encodeURIComponent(voice)}`);
  const channels = Object.entries(report.channels).map(([kind, many]) => `${count(many)} ${kind}`).join(", ");
  main.append(
    h("p", {}, h("strong", {}, `${count(report.messages)} messages`), ` are kept, ${count(report.mine)} of them yours: ${count(report.words)} words${report.first ? `, ${report.first} to ${report.last}` : ""}.`),
    h("p", {}, `${count(report.people)} people; channels: ${channels}. ${count(report.conversations)} conversations; a silence of ${report.gap_minutes} minutes ends one.`),
    ...notes.map((note) => h("p", {}, h("strong", {}, "Note: "), note)),
    h("p", {}, h("a", { href: `#/voice/${encodeURIComponent(voice)}/train` }, "Train it")),
    barTable("Lengths before and after messages are grouped into conversations", "Words", lengths.columns, lengths.rows),
    h("p", { class: "faint" }, meaning),
    counts(`${count(report.read.messages ?? 0)} messages read; not kept`, report.skipped),
    counts("Masked", report.masked),
    counts("Left out of the documents", report.left_out),
    counts("Message files without messages", report.skipped_files),
    counts("Ignored", report.ignored),
    h("p", { class: "faint" }, "To leave out more, read the export anew under ", h("a", { href: "#/new" }, "New voice"), ", into this voice."));
}

function counts(title, reasons) {
  const rows = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  if (!rows.length) return h("p", {}, `${title}: none.`);
  const body = rows.map(([reason, many]) => h("tr", {}, h("th", { scope: "row" }, reason), h("td", { class: "number" }, count(many))));
  return wideTable(title, "", h("tbody", {}, body));
}
