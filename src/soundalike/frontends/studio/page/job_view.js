// One job as a card. It is changed in place, so that the focus stays where it is and a screen reader is not interrupted.
import { post, remove } from "./api.js";
import { announce, button, duration, h } from "./dom.js";

const STATES = {
  queued: "waits for other work to end",
  running: "at work",
  paused: "paused",
  stopped: "stopped",
  failed: "failed",
  done: "done",
};
const NAMES = { preview: "Looking through exports", import: "Reading", fetch: "Fetching a base model", train: "Training", correct: "Learning from corrections", evaluate: "Evaluation", portrait: "Portrait", audit: "Audit", serve: "Server", export: "Export", forget: "Forgetting", mask: "Masking and training anew" };

export const jobName = (job) => `${NAMES[job.kind] ?? job.kind}${job.clone ? ` of ${job.clone}` : ""}`;

// A card of a job; `changed` is called after a button changed it. `card.update(job)` shows it as it is now.
export function jobCard(job, changed) {
  const state = h("span", {});
  const bar = h("progress", { "aria-label": jobName(job) });
  const told = h("p", { class: "faint" });
  const trouble = h("p", { class: "failed" });
  const act = (path) => async () => { card.update(await post(`jobs/${job.id}/${path}`)); await changed(); };
  const buttons = {
    pause: button("Pause", act("pause")),
    goOn: button("Continue", act("continue")),
    stop: button("Stop", act("stop")),
    forget: button("Remove from the list", async () => { await remove(`jobs/${job.id}`); await changed(); }),
  };
  const card = h("article", { class: "card", "data-job": job.id }, h("h2", {}, `${jobName(job)}: `, state), bar, told, trouble, h("div", { class: "row" }, Object.values(buttons)));
  let before = null;
  card.update = (now) => {
    if (before && before !== now.state) announce(`${jobName(now)}: ${STATES[now.state]}`);
    before = now.state;
    state.textContent = STATES[now.state];
    state.className = now.state;
    showProgress(bar, told, now);
    trouble.hidden = !now.error;
    trouble.textContent = now.error ? `${now.error.what} ${now.error.do}` : "";
    const shown = { pause: now.state === "running", goOn: now.state === "paused", stop: ["queued", "running", "paused"].includes(now.state) };
    for (const [name, element] of Object.entries(buttons)) element.hidden = !(name === "forget" ? ["stopped", "failed", "done"].includes(now.state) : shown[name]);
  };
  card.update(job);
  return card;
}

function showProgress(bar, told, { state, progress }) {
  bar.hidden = told.hidden = !["running", "paused"].includes(state);
  if (progress?.of) Object.assign(bar, { max: progress.of, value: progress.done });
  else bar.removeAttribute("value");
  told.textContent = progress ? `${inWords(progress, state)}.` : "It is starting.";
}

function inWords({ done, of, label, left }, state) {
  if (!of) return label;
  const percent = `${label}: ${Math.floor((100 * done) / of)} %`;
  return left && state === "running" ? `${percent}, ${duration(left)} left` : percent;
}

// Makes the cards in `list` those of `jobs`, in their order; `make` makes the card of a new one.
export function updateJobs(list, jobs, make) {
  const known = new Map([...list.children].map((card) => [card.dataset.job, card]));
  const cards = jobs.map((job) => {
    const card = known.get(job.id);
    card?.update(job);
    return card ?? make(job);
  });
  for (const card of list.children) if (!cards.includes(card)) card.remove();
  cards.forEach((card, place) => { if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null); });
}
