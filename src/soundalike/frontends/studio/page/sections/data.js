// Earlier voices, forgetting messages, deleting the voice.
import { get, post, remove } from "../api.js";
import { announce, button, count, h } from "../dom.js";
import { deletion } from "../deletion.js";
import { forgetTalk } from "../kept_talk.js";
import { workView } from "../work_view.js";
import { bits } from "./voices.js";

export default { id: "data", title: "Keep and delete", show };

async function show(main, { voice, every, go }) {
  const path = `voices/${encodeURIComponent(voice)}`;
  main.append(deleting(path, voice, go)); // first: a voice that cannot be read can be deleted
  const forget = await forgetting(path, voice);
  main.prepend(await versions(path), forget.element);
  await every(1, forget.refresh);
}

async function versions(path) {
  const list = h("ul", {});
  const back = button("Take the voice before this one", async () => {
    await post(`${path}/rollback`);
    announce("The voice before is in place; this one is kept.");
    await read();
  });
  async function read() {
    const found = await get(`${path}/versions`);
    back.hidden = !found.length;
    list.replaceChildren(...(found.length ? found.map(described) : [h("li", {}, "None yet: a training over a voice keeps the one before.")]));
  }
  await read();
  return h("section", { "aria-label": "Earlier voices" }, h("h2", {}, "Earlier voices"), list, h("div", { class: "row" }, back));
}

function described({ number, voice }) {
  const cost = voice?.bits_per_byte == null ? "" : `, ${bits(voice)}`;
  return h("li", {}, `Version ${number}${voice ? `: on ${voice.base}${cost}` : ""}`);
}

async function forgetting(path, voice) {
  const before = h("input", { id: "before", type: "date" });
  const retrain = h("input", { type: "checkbox" });
  const told = h("p", { role: "status" });
  const [who, where] = [boxes("People"), boxes("Chats")];
  const read = async () => {
    const { people, channels } = await get(`${path}/people`);
    who.fill(people);
    where.fill(channels);
  };
  await read();
  const body = () => ({ people: who.chosen(), channels: where.chosen(), before: before.value, retrain: retrain.checked });
  const act = button("Forget them", async () => { await post(`${path}/forget`, body()); act.hidden = true; await work.refresh(); }, "danger");
  const ask = button("What would be removed?", async () => {
    told.textContent = summary(await post(`${path}/forget/preview`, body()));
    act.hidden = false;
  });
  const work = workView("forget", voice, async () => {
    told.textContent = "They are forgotten.";
    await read();
  });
  act.hidden = true;
  const element = h("section", { "aria-label": "Forget messages" }, h("h2", {}, "Forget messages"),
    h("p", {}, "Messages of people, in chats, or from before a day are taken out of what this voice is made of, for good. The export itself stays as it is."),
    who.element, where.element,
    h("label", { for: "before" }, "Sent before"), before,
    h("p", {}, h("label", { class: "inline" }, retrain, "Train a new voice on what is left: only that unlearns them")),
    h("div", { class: "row" }, ask, act), told, work.element);
  element.addEventListener("input", () => { act.hidden = true; told.textContent = ""; });
  return { element, refresh: work.refresh };
}

function summary({ messages, own, of, entries }) {
  const gone = entries.length ? ` With them go: ${entries.join(", ")}.` : "";
  return `${count(messages)} of ${count(of)} messages would be removed, ${count(own)} of them yours.${gone} The voice has learned from them until it is trained anew.`;
}

// A list of boxes to tick, empty before `fill(rows)`, which replaces what stands in it.
function boxes(title) {
  const [summary, list] = [h("summary", {}), h("fieldset", { class: "many" })];
  const element = h("details", {}, summary, list);
  let made = [];
  const fill = (rows) => {
    made = rows.map(({ key, name, messages }) => ({ box: h("input", { type: "checkbox", value: key }), said: `${name ?? key} (${count(messages)})` }));
    element.hidden = !rows.length;
    summary.textContent = `${title} (${rows.length})`;
    list.replaceChildren(h("legend", { class: "hidden" }, title), ...made.map(({ box, said }) => h("div", {}, h("label", { class: "inline" }, box, said))));
  };
  return { element, fill, chosen: () => made.filter(({ box }) => box.checked).map(({ box }) => box.value) };
}

function deleting(path, voice, go) {
  const act = async (typed) => {
    await remove(`${path}?confirm=${encodeURIComponent(typed)}`);
    forgetTalk(voice);
    go("voices");
  };
  return h("section", { "aria-label": "Delete this voice" }, h("h2", {}, "Delete this voice"),
    h("p", {}, "Everything in its folder is deleted: messages, documents, the voice and its earlier versions, corrections, reports, and exports for other programs."),
    ...deletion("the voice's name", voice, "Delete this voice", act));
}
