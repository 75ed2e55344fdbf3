// Long work, now and before: how far it is, and pausing, stopping, forgetting it.
import { get, remove } from "../api.js";
import { announce, button, h } from "../dom.js";
import { goesOn, jobCard, updateJobs } from "../job_view.js";

export default { id: "work", title: "Work", show };

async function show(main, { every }) {
  const none = h("p", { hidden: true }, "Nothing is being done, and nothing was.");
  const list = h("div", {});
  const clear = button("Remove all that have ended", async () => { await remove("jobs"); announce("They are removed."); await refresh(); });
  main.append(h("p", { class: "faint" }, "Work goes on when this page is closed, and when the studio ends."), none, h("div", { class: "row" }, clear), list);
  const refresh = async () => {
    const jobs = (await get("jobs")).reverse();
    none.hidden = jobs.length > 0;
    clear.hidden = jobs.every(goesOn);
    updateJobs(list, jobs, (job) => jobCard(job, refresh));
  };
  await every(1, refresh);
}
