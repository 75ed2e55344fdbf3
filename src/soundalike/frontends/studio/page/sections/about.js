// One voice: what it was made of and what there is about it.
import { get } from "../api.js";
import { h } from "../dom.js";
import { facts } from "./voices.js";

export default { id: "about", title: "Overview", show };

async function show(main, { voice }) {
  const found = await get(`voices/${encodeURIComponent(voice)}`);
  main.append(...facts(found));
  const { import_report: report } = found;
  if (report?.first) main.append(h("p", { class: "faint" }, `Written from ${report.first} to ${report.last}.`));
  if (found.versions.length) main.append(h("p", {}, `Earlier voices that are kept: ${found.versions.join(", ")}.`));
}
