// The work of one kind on a voice: the newest piece of it as a card, and what is to be done when one has ended.
import { get } from "./api.js";
import { h } from "./dom.js";
import { goesOn, jobCard, updateJobs } from "./job_view.js";

// `element` shows the newest job unless it is done, or has failed before other work on the voice; `refresh()` looks for news, calls `ended` after one is done, and returns
// whether one goes on.
export function workView(kind, voice, ended) {
  const element = h("div", {});
  let going = null;
  async function refresh() {
    const all = (await get("jobs")).filter((job) => job.clone === voice);
    const jobs = all.filter((job) => job.kind === kind);
    const newest = jobs.slice(-1).filter((job) => goesOn(job) || (job.state !== "done" && job === all.at(-1)));
    updateJobs(element, newest, (job) => jobCard(job, refresh));
    const isDone = jobs.find((job) => job.id === going)?.state === "done";
    going = jobs.find(goesOn)?.id ?? null;
    if (isDone) await ended(jobs.at(-1));
    return going !== null;
  }
  return { element, refresh };
}
