// Training of a voice: which base, how long, how far it is, and how it went.
import { get, post } from "../api.js";
import { lineChart } from "../charts.js";
import { announce, button, count, h } from "../dom.js";
import { jobCard, updateJobs } from "../job_view.js";
import { trainingForm } from "../training_form.js";

export default { id: "train", title: "Training", show };

const AT_WORK = ["queued", "running", "paused"];

async function show(main, { voice, every }) {
  const name = encodeURIComponent(voice);
  const [job, curve, cut, form, result] = Array.from({ length: 5 }, () => h("div", {}));
  main.append(job, curve, cut, result, form);
  let shown = null;
  const turn = async () => {
    const [jobs, about] = await Promise.all([get("jobs"), get(`voices/${name}`)]);
    const last = jobs.findLast((one) => ["train", "fetch"].includes(one.kind) && (one.clone ?? voice) === voice);
    const works = AT_WORK.includes(last?.state);
    updateJobs(job, last ? [last] : [], (one) => jobCard(one, turn));
    if (last?.kind === "train") showCurve(curve, (await get(`jobs/${last.id}`)).curve);
    const now = JSON.stringify([last?.id, works, last?.state, about.cut_off?.base, about.voice]);
    if (now === shown) return;
    shown = now;
    cut.replaceChildren(...(about.cut_off && !works ? [cutOff(about.cut_off, name, turn)] : []));
    result.replaceChildren(...(last?.kind === "train" && last.state === "done" ? [await outcome(last)] : []));
    form.replaceChildren(...(works ? [] : [await trainingForm(voice, about, turn)]));
  };
  await every(1, turn);
}

function showCurve(place, lines) {
  const points = lines.filter(({ loss }) => loss != null).map(({ done, loss }) => [done, loss]);
  if (points.length < 2) return place.replaceChildren();
  const [[, first], [step, last]] = [points[0], points.at(-1)];
  const held = lines.findLast(({ valid }) => valid)?.valid;
  const words = `Loss ${first.toFixed(2)} at first, ${last.toFixed(2)} after ${count(step)} steps`;
  return place.replaceChildren(lineChart(points, words), h("p", { class: "faint" }, `${words}${held ? `; your held-out words cost ${held[1].toFixed(2)} bits a byte` : ""}. The lower, the better it knows how you write.`));
}

function cutOff({ step, steps, base }, name, turn) {
  const goOn = button("Go on", async () => { await post(`training/${name}/resume`); announce("The training goes on."); await turn(); }, "main");
  return h("section", { class: "card", "aria-label": "A training that was cut off" },
    h("p", {}, `A training on ${base} was cut off: ${count(step)}${steps ? ` of ${count(steps)}` : ""} steps are saved.`),
    h("div", { class: "row" }, goOn));
}

async function outcome(job) {
  const { sentences } = await get(`jobs/${job.id}/result`);
  return h("section", { class: "card", "aria-label": "How it went" }, h("h2", {}, "How it went"),
    h("div", { class: "row" }, h("a", { class: "button main", href: `#/voice/${encodeURIComponent(job.clone)}/talk` }, "Talk to it")),
    sentences.map((sentence) => h("p", {}, sentence)));
}
