// Training of a voice: which base, how long, how far it is, and how it went.
import { get, post } from "../api.js";
import { lineChart, smoothed } from "../charts.js";
import { announce, button, count, h } from "../dom.js";
import { goesOn, jobCard, updateJobs } from "../job_view.js";
import { definitions, unbroken } from "../report_view.js";
import { trainingForm } from "../training_form.js";

export default { id: "train", title: "Training", show };

async function show(main, { voice, every }) {
  const name = encodeURIComponent(voice);
  const [job, curve, cut, form, corrections, result] = Array.from({ length: 6 }, () => h("div", {}));
  main.append(job, curve, cut, result, corrections, form);
  let shown = null;
  const refresh = async () => {
    const [jobs, about] = await Promise.all([get("jobs"), get(`voices/${name}`)]);
    const last = jobs.findLast((one) => ["train", "correct", "fetch"].includes(one.kind) && (one.clone ?? voice) === voice);
    const works = last !== undefined && goesOn(last);
    updateJobs(job, last ? [last] : [], (one) => jobCard(one, refresh));
    if (last?.kind === "train") showCurve(curve, (await get(`jobs/${last.id}`)).curve);
    const now = JSON.stringify([last?.id, works, last?.state, about.cut_off?.base, about.voice, about.corrections.kept]);
    if (now === shown) return;
    shown = now;
    cut.replaceChildren(...(about.cut_off && !works ? [cutOff(about.cut_off, name, refresh)] : []));
    result.replaceChildren(...(["train", "correct"].includes(last?.kind) && last.state === "done" ? [await outcome(last)] : []));
    corrections.replaceChildren(...(about.voice && about.corrections.kept && !works && !about.cut_off ? [learning(about.corrections, name, refresh)] : []));
    form.replaceChildren(...(works ? [] : [await trainingForm(voice, about, refresh)]));
  };
  await every(1, refresh);
}

function showCurve(place, lines) {
  const points = smoothed(lines.filter(({ loss }) => loss != null).map(({ done, loss }) => [done, loss]));
  if (points.length < 2) return place.replaceChildren();
  const [[begun, first], [step, last]] = [points[0], points.at(-1)];
  const held = lines.findLast(({ valid }) => valid)?.valid;
  const words = `Loss, smoothed: ${first.toFixed(2)} after step ${count(begun)}, ${last.toFixed(2)} after step ${count(step)}`;
  return place.replaceChildren(lineChart(points, words, "step"), h("p", { class: "faint" }, `${words}${held ? `; in its last check your words cost it ${held[1].toFixed(2)} bits a byte` : ""}. The lower, the better it knows how you write.`));
}

function cutOff({ step, steps, base }, name, refresh) {
  const goOn = button("Go on", async () => { await post(`training/${name}/resume`); announce("The training goes on."); await refresh(); }, "main");
  return h("section", { class: "card", "aria-label": "A training that was cut off" },
    h("p", {}, `A training on ${base} was cut off: ${count(step)}${steps ? ` of ${count(steps)}` : ""} steps are saved.`),
    h("div", { class: "row" }, goOn));
}

function learning({ kept, fewest }, name, refresh) {
  const learn = button("Learn from corrections", async () => { await post(`training/${name}/corrections`); announce("It learns from your corrections."); await refresh(); });
  const said = kept === 1 ? "You have corrected one reply" : `You have corrected ${count(kept)} replies`;
  return h("section", { class: "card", "aria-label": "Corrections" }, h("h2", {}, "Corrections"),
    h("p", {}, `${said}, and each holds from the next reply on. By training on them the voice learns the habit behind them. That takes a minute or more, and the new voice stays only if nothing else got worse. It helps to say in Talk what you would have written instead.`),
    kept < fewest ? h("p", { class: "faint" }, `It needs ${fewest} corrections, since fewer show no habit.`) : h("div", { class: "row" }, learn));
}

async function outcome(job) {
  const [{ sentences }, { report }] = await Promise.all([get(`jobs/${job.id}/result`), get(`voices/${encodeURIComponent(job.clone)}/evaluate`)]);
  return h("section", { class: "card", "aria-label": "How it went" }, h("h2", {}, "How it went"),
    h("div", { class: "row" }, h("a", { class: "button main", href: `#/voice/${encodeURIComponent(job.clone)}/talk` }, "Talk to it")),
    sentences.map((sentence) => h("p", {}, sentence)),
    job.kind === "train" && report && [h("h3", {}, "How close it is"), h("p", { class: "faint" }, report.extent), definitions(report.headline), report.advice.map((sentence) => h("p", {}, unbroken(sentence)))]);
}
