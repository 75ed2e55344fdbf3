// What the last import of a voice read, skipped and masked, and how long messages and conversations are.
import { get } from "../api.js";
import { barTable, wideTable } from "../bar_table.js";
import { count, counted, h } from "../dom.js";

export default { id: "read", title: "What was read", show };

async function show(main, { voice }) {
  const { report, lengths, meaning, notes } = await get(`imports/${encodeURIComponent(voice)}`);
  const mine = report.mine === report.messages ? "all" : count(report.mine);
  main.append(
    h("p", {}, h("strong", {}, `${count(report.messages)} messages`), ` are kept, ${mine} of them yours: ${counted(report.words, "word")}${report.first ? `, ${report.first} to ${report.last}` : ""}.`),
    h("p", {}, `${counted(report.people, "person", "people")}; ${chats(report.channels)}. ${counted(report.conversations, "conversation")}; a silence of ${report.gap_minutes} minutes ends one.`),
    ...notes.map((note) => h("p", {}, h("strong", {}, "Note: "), note)),
    h("div", { class: "row" }, h("a", { class: "button main", href: `#/voice/${encodeURIComponent(voice)}/train` }, "Train it")),
    barTable("Lengths before and after messages are grouped into conversations", "Words", lengths.columns, lengths.rows),
    h("p", { class: "faint" }, meaning),
    counts(`${count(report.read.messages ?? 0)} messages read; not kept`, report.skipped),
    counts("Masked", report.masked),
    ...[["Not learned from", report.left_out], ["Message files without messages", report.skipped_files], ["Ignored", report.ignored]].filter(([, reasons]) => Object.keys(reasons).length).map((one) => counts(...one)),
    h("p", { class: "faint" }, "To leave out more, drop the export again under ", h("a", { href: "#/new" }, "New voice"), ", and read it anew into this voice."));
}

// Where the chats of each kind took place.
const WHERE = { dm: "with one person", group: "in groups", channel: "in channels of servers", thread: "in threads", unknown: "of an unknown kind" };

function chats(kinds) {
  const each = Object.entries(kinds);
  const all = counted(each.reduce((sum, [, many]) => sum + many, 0), "chat");
  return each.length ? `${all}, ${each.map(([kind, many]) => `${each.length > 1 ? `${count(many)} ` : ""}${WHERE[kind]}`).join(", ")}` : all;
}

// `--without` and `--only` are options of the command, which was given them here.
const reasonInWords = (reason) => reason.replace(/ by --without channel:/, " by you, chat ").replace(/ by --without person:/, " by you, person ").replace(/ by --only$/, " by you");

function counts(title, reasons) {
  const rows = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  if (!rows.length) return h("p", {}, `${title}: none.`);
  const body = rows.map(([reason, many]) => h("tr", {}, h("th", { scope: "row" }, reasonInWords(reason)), h("td", { class: "number" }, count(many))));
  return wideTable(title, "", h("tbody", {}, body));
}
