// What was found in exports, and what is to be read of them: who one is, whom and what to leave out, into which voice.
import { post, StudioProblem } from "./api.js";
import { checklist } from "./checklist.js";
import { button, count, counted, h, onEnter } from "./dom.js";

// The form for `found`, the result of the preview `job`; `voices` are the names that exist, `begun(job)` gets the import.
export function previewForm(job, found, voices, begun) {
  const who = people(found);
  const others = found.people.filter((person) => !person.owner);
  const chosen = choice(found, others);
  const into = destination(voices);
  const flag = (label, id) => { const input = h("input", { type: "checkbox", id }); return { input, row: h("label", { class: "tick" }, input, label) }; };
  const pseudonyms = flag("Give other people invented names, also when the voice talks with them.", "pseudonyms");
  const keep = flag("Keep the dropped files after reading, to read them again with other choices.", "keep");
  const force = flag("Learn even from very little text.", "force");
  const read = button("Read it", async () => begun(await post("imports", {
    preview: job.id,
    me: who.chosen(),
    ...chosen.chosen(),
    pseudonyms: pseudonyms.input.checked,
    keep: keep.input.checked,
    force: force.input.checked,
    ...into.chosen(),
  })), "main");
  into.element.addEventListener("keydown", (event) => { if (event.target.matches("input")) onEnter(read)(event); });
  return h("section", { class: "card", "aria-label": "What was found" },
    h("h2", { tabindex: "-1" }, `${counted(found.messages, "message")}, ${found.first} to ${found.last}`),
    h("p", { class: "faint" }, `${counted(found.people_in_all, "person", "people")} in ${counted(found.channels_in_all, "chat")}. ${skipped(found)}`),
    found.notes.map((note) => h("p", { class: "faint" }, note)),
    who.element,
    chosen.element,
    found.people_in_all > 1 && pseudonyms.row,
    into.element,
    h("details", {}, h("summary", {}, "More"), keep.row, force.row),
    h("div", { class: "row" }, read));
}

// Which chats, people and days are read.
function choice(found, others) {
  const how = (value, label, checked) => h("label", { class: "tick" }, h("input", { type: "radio", name: "chosen", value, checked }), label);
  const which = h("fieldset", {}, h("legend", {}, "What is ticked below"), how("without", "is left out", true), how("only", "is all that is read; of a person, what they and you write in their chats", false));
  const people = checklist("People", others.map((person) => ({ key: person.key, label: personLabel(found, person) })));
  const channels = checklist("Chats", found.channels.map(({ key, title, messages }) => ({ key, label: `${title}: ${counted(messages, "message")}` })));
  const day = (id) => h("input", { type: "date", id, min: found.first, max: found.last });
  const [first, last] = [day("first-day"), day("last-day")];
  const element = h("details", {}, h("summary", {}, "Choose chats, people and days"), which, others.length > 0 && people, channels, more(found),
    h("label", { for: "first-day" }, "From this day on"), first, h("label", { for: "last-day" }, "Up to this day"), last);
  return { element, chosen: () => ({
    chosen: which.querySelector("input:checked").value,
    people: people.chosen(),
    channels: channels.chosen(),
    first: first.value || null,
    last: last.value || null,
  }) };
}

function skipped({ skipped: reasons }) {
  const told = Object.entries(reasons).map(([reason, many]) => `${reason} ${count(many)}`);
  return told.length ? `Not kept: ${told.join(", ")}.` : "";
}

function more({ people: listed, people_in_all: people_, channels, channels_in_all: channels_ }) {
  const hidden = [people_ - listed.length, channels_ - channels.length];
  return hidden.some(Boolean) && h("p", { class: "faint" }, `${count(hidden[0])} more people and ${count(hidden[1])} more chats, which wrote least, are not listed.`);
}

const personLabel = ({ people: all }, { key, name, program, messages }) => {
  const same = all.filter((other) => other.name === name).length > 1;
  const programs = new Set(all.map((other) => other.program)).size > 1;
  return `${name}${same ? ` (${key})` : programs ? ` (${program})` : ""}: ${counted(messages, "message")}`;
};

function people(found) {
  const items = found.people.map((person) => ({ key: person.key, label: personLabel(found, person), checked: found.asks && person.owner }));
  if (found.asks) {
    const list = checklist("Who are you? The exports do not say. Tick every name of yours.", items);
    const chosen = () => {
      if (!list.chosen().length) throw new StudioProblem(0, "Nobody is ticked.", "Tick every name of yours, so that the voice becomes yours.");
      return list.chosen();
    };
    return { element: list, chosen };
  }
  const owners = [...new Set(found.people.filter((person) => person.owner).map(({ name }) => name))];
  const told = h("p", {}, "You are ", h("strong", {}, owners.join(", ")), ", as the exports say.");
  if (found.people.length < 2) return { element: told, chosen: () => [] };
  const list = checklist("The voice of", items);
  return { element: [told, h("details", {}, h("summary", {}, "Make another person's voice"), list)], chosen: list.chosen };
}

function destination(voices) {
  const free = ["me", ...Array.from({ length: voices.length + 1 }, (_, number) => `me-${number + 2}`)].find((name) => !voices.includes(name));
  const name = h("input", { id: "voice-name", value: free, maxlength: 60, required: true, autocomplete: "off" });
  const named = h("div", {}, h("label", { for: "voice-name" }, "Name of the voice"), name);
  const select = h("select", { id: "voice-into", onchange: () => { named.hidden = select.value !== "new"; } },
    h("option", { value: "new" }, "A new voice"),
    voices.flatMap((voice) => [h("option", { value: `add ${voice}` }, `Add what is new to ${voice}`), h("option", { value: `replace ${voice}` }, `Read ${voice} anew from this alone`)]));
  const chosen = () => {
    const [, how, voice] = /^(\w+) ?(.*)$/.exec(select.value);
    return { voice: how === "new" ? name.value.trim() : voice, into: how };
  };
  return { element: h("div", {}, voices.length > 0 && [h("label", { for: "voice-into" }, "Into"), select], named), chosen };
}
