// A report of a voice: the work that writes it, then the report as it was last written.
import { get, post } from "./api.js";
import { announce, button, h } from "./dom.js";
import { jobCard, updateJobs } from "./job_view.js";

const GOING = ["queued", "running", "paused"];

// `kind` is that of the job, of POST and of GET; `options` are boxes to tick, {name, label}; `draw(report)` makes the
// report's elements.
export async function reportView(main, { voice, every }, { kind, about, make, options = [], draw }) {
  const path = `voices/${encodeURIComponent(voice)}/${kind}`;
  const boxes = options.map((one) => h("input", { type: "checkbox", name: one.name }));
  const ticked = () => Object.fromEntries(boxes.map((box) => [box.name, box.checked]));
  const begin = button(make, async () => { await post(path, ticked()); await look(); }, "main");
  const work = h("div", {});
  const report = h("div", {});
  let going = null; // the job that is at work
  async function look() {
    const jobs = (await get("jobs")).filter((job) => job.kind === kind && job.clone === voice);
    const shown = jobs.slice(-1).filter((job) => job.state !== "done");
    updateJobs(work, shown, (job) => jobCard(job, look));
    begin.hidden = shown.some((job) => GOING.includes(job.state));
    const ended = jobs.find((job) => job.id === going)?.state === "done";
    going = jobs.find((job) => GOING.includes(job.state))?.id ?? null;
    if (!ended) return;
    announce("The report is there.");
    await read();
  }
  const read = async () => report.replaceChildren(...draw(await get(path)));
  main.append(
    h("p", {}, about),
    options.map((one, at) => h("p", {}, h("label", { class: "inline" }, boxes[at], one.label))),
    h("div", { class: "row" }, begin),
    work,
    report,
  );
  await read();
  await every(1, look);
}

// A page that was written to the clone folder, in a frame in which nothing runs and from which nothing is asked.
export const framed = (page, title) => h("iframe", { class: "page", sandbox: "", srcdoc: page, title });

// A table; cells that are numbers or figures stand to the right.
export function table(caption, head, rows) {
  const cell = (text, at) => (at ? h("td", {}, text) : h("th", { scope: "row" }, text));
  return h("div", { class: "wide", role: "region", "aria-label": caption, tabindex: "0" },
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, head.map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {}))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}
