// The choice of a base, a time, and what becomes of a voice that is there.
import { get, post } from "./api.js";
import { button, count, h, onEnter, problem } from "./dom.js";

export async function trainingForm(voice, about, begun) {
  const name = encodeURIComponent(voice);
  const bases = h("div", {}, h("p", { class: "faint" }, "Measuring how fast this machine is."));
  const trouble = h("p", { class: "failed", id: "minutes-trouble", role: "alert", hidden: true });
  const minutes = h("input", { id: "minutes", type: "number", min: "0.1", max: "100000", step: "any", placeholder: "as advised", "aria-describedby": "minutes-trouble", onchange: () => refresh() });
  const other = h("input", { id: "other-base", class: "full", autocomplete: "off", placeholder: "org/model" });
  const fate = succession(about);
  // Whether the minutes are none or a number that a training can take; what is wrong with others stands below them.
  const understood = () => {
    const good = minutes.validity.valid;
    trouble.textContent = good ? "" : "Minutes are a number from 0.1 to 100,000, such as 2 or 0.5, or nothing.";
    trouble.hidden = good;
    minutes.setAttribute("aria-invalid", String(!good));
    return good;
  };
  const refresh = async () => {
    const kept = bases.querySelector("input:checked")?.value;
    if (!understood()) return;
    try {
      const choices = await get(`training/${name}${minutes.value ? `?minutes=${encodeURIComponent(minutes.value)}` : ""}`);
      bases.replaceChildren(...baseList(choices, kept, begun));
      start.disabled = false;
    } catch (error) {
      bases.replaceChildren(problem(error));
      start.disabled = true;
    }
  };
  const start = button("Train", async () => {
    if (!understood()) return minutes.focus();
    const base = other.value.trim() || bases.querySelector("input:checked").value;
    await post(`training/${name}`, { base, minutes: minutes.value ? Number(minutes.value) : null, succession: fate.chosen() });
    return begun();
  }, "main");
  minutes.addEventListener("keydown", onEnter(start));
  const form = h("section", { class: "card", "aria-label": "Train" }, h("h2", {}, about.voice || about.cut_off ? "Train anew" : "Train"),
    h("p", {}, "A base is a model that can write; training makes it write as you do. A larger one makes more sense, and takes longer."),
    h("fieldset", {}, h("legend", {}, "Base model"), bases, h("details", {}, h("summary", {}, "Another base"), h("label", { for: "other-base" }, "Its folder, or its Hugging Face name"), other)),
    h("label", { for: "minutes" }, "Minutes"), minutes, trouble,
    h("p", { class: "faint" }, "Left empty, it takes as long as reading you once does, at most ten minutes. Then a brief evaluation takes a minute or more. It can be paused and stopped at any time."),
    fate.element, h("div", { class: "row" }, start));
  start.disabled = true;
  refresh();
  return form;
}

function baseList(choices, kept, begun) {
  const chosen = choices.find(({ base, here }) => base === kept && here) ?? choices.find(({ advised }) => advised);
  const [near, far] = [choices.filter(({ here }) => here), choices.filter(({ here }) => !here)];
  const row = (choice) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "base", value: choice.base, checked: choice === chosen, disabled: choice.minutes === null }),
    h("span", {}, choice.base, choice.advised && h("strong", {}, " - advised")),
    h("span", { class: "faint" }, describe(choice)));
  const fetched = ({ base, ...choice }) => h("div", {}, h("p", {}, base, h("br", {}), h("span", { class: "faint" }, describe(choice))),
    h("div", { class: "row" }, choice.minutes !== null && button(`Fetch ${base}`, async () => { await post("bases", { base }); await begun(); })));
  return [...near.map(row), far.length > 0 && h("details", {}, h("summary", {}, "Bases that have to be fetched from the internet first"), far.map(fetched))].filter(Boolean);
}

const describe = ({ says, weights, licence }) => `${says} ${count(Math.round(weights / 1e6))} million weights, ${licence}.`;

// What becomes of the voice that is there, if one is.
function succession({ voice, cut_off }) {
  if (cut_off) return { element: h("p", {}, "This begins anew; what was saved of the training that was cut off is dropped."), chosen: () => "fresh" };
  if (!voice) return { element: null, chosen: () => "first" };
  const radio = (value, label, checked) => h("label", { class: "tick" }, h("input", { type: "radio", name: "succession", value, checked }), label);
  const element = h("fieldset", {}, h("legend", {}, "The voice that is there"),
    radio("keep-better", "Keep whichever of the two predicts your later words better.", true),
    radio("fresh", "Replace it; it is kept as an earlier version.", false));
  return { element, chosen: () => element.querySelector("input:checked").value };
}
