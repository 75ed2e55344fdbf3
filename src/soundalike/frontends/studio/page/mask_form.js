// Strings that the audit has found the voice to name: those that are ticked are masked in what it is made of, and it is
// trained anew.
import { post, StudioProblem } from "./api.js";
import { checklist } from "./checklist.js";
import { button, counted, h } from "./dom.js";
import { workView } from "./work_view.js";

// `offer(strings)` shows them to be ticked, and nothing where there are none; `offers` tells whether there are. `read()`
// reads the audit anew, which goes with what it was of.
export function maskForm(voice, read) {
  const path = `voices/${encodeURIComponent(voice)}/mask`;
  const told = h("p", { role: "status" });
  let list = checklist("", []);
  const place = h("div", {}, list);
  const done = h("p", { role: "status" });
  const body = () => {
    if (!list.chosen().length) throw new StudioProblem(0, "Nothing is ticked.", "Tick what the new voice must not know.");
    return { strings: list.chosen() };
  };
  const act = button("Mask them and train anew", async () => { await post(path, body()); act.hidden = true; await refresh(); }, "danger");
  const ask = button("What would be masked?", async () => {
    told.textContent = summary(await post(`${path}/preview`, body()));
    act.hidden = false;
  });
  const form = h("section", { class: "card", "aria-label": "Mask what it names" }, h("h2", {}, "Mask what it names"),
    h("p", {}, "Untick what it may say. The rest is replaced by “something” wherever it stands in the messages, everybody's, of which this voice is made. Then the voice is trained anew on its base, for the usual time, since only that unlearns it. An export that is read later can bring it back."),
    place, h("div", { class: "row" }, ask, act), told);
  form.addEventListener("input", () => { act.hidden = true; told.textContent = ""; });
  const work = workView("mask", voice, async () => {
    await read();
    done.textContent = "They are masked, and the voice was trained anew. Audit it again to see what the new voice names.";
  });
  const element = h("div", {}, form, work.element, done);
  let offers = false;
  const refresh = async () => { form.hidden = (await work.refresh()) || !offers; };
  act.hidden = form.hidden = true;
  return {
    element,
    refresh,
    get offers() { return offers; },
    offer(strings) {
      offers = strings.length > 0;
      done.textContent = "";
      list = checklist("Strings that it names", strings.map((string) => ({ key: string, label: string, checked: true })));
      place.replaceChildren(list);
    },
  };
}

function summary({ masked, entries }) {
  const gone = entries.length ? ` With them go: ${entries.join(", ")}.` : "";
  return `${counted(masked, "place")} in your messages and other people's would be masked.${gone} The voice as it is now is deleted once the new one is trained.`;
}
