// One job as a card. It is changed in place, so that the focus stays where it is and a screen reader is not interrupted.
import { post, remove } from "./api.js";
import { announce, button, duration, h } from "./dom.js";

const STATES = {
  queued: "waits for other work to end",
  running: "at work",
  stopping: "stopping",
  paused: "paused",
  stopped: "stopped",
  failed: "failed",
  done: "done",
};
const AT_WORK = ["running", "paused", "stopping"];

export const goesOn = ({ state }) => state === "queued" || AT_WORK.includes(state);
// Whether it is a server that answers: it has printed where.
export const serves = (job) => job.long_running && job.state === "running" && job.printed !== "";
const stateName = (job) => (serves(job) ? "running" : STATES[job.long_running && job.state === "done" ? "stopped" : job.state]);

// A card of a job; `changed` is called after a button changed it. `card.update(job)` shows it as it is now, and
// `card.lose()` that nothing is known of it, until the next update.
export function jobCard(job, changed) {
  const state = h("span", {});
  const bar = h("progress", { "aria-label": job.name });
  const told = h("p", { class: "faint" });
  const trouble = h("p", { class: "failed" });
  const act = (path) => async () => { card.update(await post(`jobs/${job.id}/${path}`)); await changed(); };
  const buttons = {
    pause: button("Pause", act("pause")),
    goOn: button("Continue", act("continue")),
    stop: button("Stop", act("stop")),
    forget: button("Remove from the list", async () => { await remove(`jobs/${job.id}`); await changed(); }),
  };
  const about = h("p", { class: "faint" }, [askedFor(job.made_at), job.subject].filter(Boolean).join(": "));
  const card = h("article", { class: "card", "data-job": job.id }, h("h2", {}, `${job.name}: `, state), about, bar, told, trouble, h("div", { class: "row" }, Object.values(buttons)));
  let before = null;
  const showButtons = (shown) => { for (const [name, element] of Object.entries(buttons)) element.hidden = !shown[name]; };
  card.update = (now) => {
    const named = stateName(now);
    if (before && before !== named) announce(`${now.name}: ${named}`);
    before = named;
    state.textContent = named;
    state.className = now.state;
    showProgress(bar, told, now);
    trouble.hidden = !now.error;
    trouble.textContent = now.error ? `${now.error.what} ${now.error.do}` : "";
    showButtons({ pause: now.state === "running" && !now.long_running, goOn: now.state === "paused", stop: ["queued", "running", "paused"].includes(now.state), forget: !goesOn(now) });
  };
  card.lose = () => {
    before = state.textContent = "not known";
    bar.hidden = told.hidden = trouble.hidden = true;
    showButtons({});
  };
  card.update(job);
  return card;
}

// Shows on every card below `place` that nothing is known of its job.
export const loseJobs = (place) => place.querySelectorAll("[data-job]").forEach((card) => card.lose());

function showProgress(bar, told, job) {
  const { state, progress } = job;
  told.hidden = !AT_WORK.includes(state);
  bar.hidden = told.hidden || serves(job) || state === "stopping";
  if (progress?.of) Object.assign(bar, { max: progress.of, value: progress.done });
  else bar.removeAttribute("value");
  if (state === "stopping") told.textContent = "This takes some seconds.";
  else if (!serves(job)) told.textContent = progress ? `${inWords(progress, state)}.` : "It is starting.";
  else if (told.textContent !== job.printed) told.replaceChildren(...linked(job.printed));
}

function inWords({ done, of, label, left }, state) {
  if (!of) return label;
  const percent = `${label}: ${Math.floor((100 * done) / of)} %`;
  return left && state === "running" ? `${percent}, ${duration(left)} left` : percent;
}

// Text in which the first address of this machine is a link.
function linked(text) {
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
  if (!address) return [text];
  const [before, ...after] = text.split(address);
  return [before, h("a", { href: `${address}/`, target: "_blank", rel: "noreferrer" }, address), after.join(address)];
}

// When it was ordered: the time, and the day unless that is today; "" where nothing is known of that.
function askedFor(moment) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return `Asked for ${at.toDateString() === new Date().toDateString() ? "" : `on ${day} `}at ${time}`;
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
