// A conversation with one voice. What was said stays in this tab, over a refresh too, until it is closed or told to
// forget; the API key is not kept. Nothing goes anywhere but this server.
import { eventData } from "./event_stream.js";

const KEPT = "soundalike";
const at = (id) => document.getElementById(id);
const [log, text, form, send] = ["log", "text", "form", "send"].map(at);
let models = [];
let turns = []; // {role, name, content}, as the server takes them
let key = "";
let rejected = null; // the reply in whose place the last one was drawn
let speaking = null; // the AbortController of the reply that is on its way

function keep() {
  const kept = { model: at("model").value, name: at("name").value, turns };
  if (turns.length) sessionStorage.setItem(KEPT, JSON.stringify(kept));
  else sessionStorage.removeItem(KEPT);
}

const voice = () => models.find((one) => one.id === at("model").value);

async function call(path, body, signal) {
  const headers = { ...(key && { Authorization: `Bearer ${key}` }), ...(body && { "Content-Type": "application/json" }) };
  const answer = await fetch(path, { method: body ? "POST" : "GET", headers, signal, body: body && JSON.stringify(body) });
  if (answer.status === 401) {
    await askForKey();
    return call(path, body, signal);
  }
  if (!answer.ok) {
    const body = await answer.json().catch(() => null);
    throw new Error(body?.error?.message ?? `The server answered ${answer.status}.`);
  }
  return answer;
}

function askForKey() {
  at("ask").showModal();
  return new Promise((done) => at("ask").addEventListener("close", () => { key = at("key").value; done(); }, { once: true }));
}

function add(kind, content) {
  const element = Object.assign(document.createElement("div"), { className: kind, textContent: content, dir: "auto" });
  log.append(element);
  log.scrollTop = log.scrollHeight;
  return element;
}

function show(turn) {
  const mine = turn.role === "user" ? " you" : "";
  const name = mine ? turn.name : voice().owner;
  const heads = log.querySelectorAll(".who");
  const last = log.lastElementChild;
  if (!last?.matches(".bubble") || heads[heads.length - 1]?.textContent !== name) add(`who${mine}`, name);
  for (const message of mine ? [turn.content] : turn.content.split("\n")) add(`bubble${mine}`, message);
}

function redraw() {
  log.replaceChildren();
  turns.forEach(show);
}

// A chunk with content is a message of the burst, after a newline where one stands before it, or more words of one.
async function* chunks(answer) {
  for await (const data of eventData(answer)) if (data !== "[DONE]") yield JSON.parse(data);
}

async function reply() {
  speaking = new AbortController();
  send.textContent = "Stop";
  log.ariaBusy = "true";
  const typing = add("typing", `${voice().owner} is typing`);
  const said = [];
  const temperature = at("temperature").value;
  const asked = { model: voice().id, messages: turns, stream: true, ...(temperature && { temperature: +temperature }) };
  try {
    for await (const chunk of chunks(await call("/v1/chat/completions", asked, speaking.signal))) {
      if (chunk.error) throw new Error(chunk.error.message);
      const content = chunk.choices[0]?.delta.content;
      if (!content) continue;
      typing.remove();
      if (!said.length) add("who", voice().owner);
      if (said.length && !content.startsWith("\n")) {
        said[said.length - 1] += content;
        log.lastElementChild.textContent = said.at(-1);
      } else {
        said.push(content.replace(/^\n/, ""));
        add("bubble", said.at(-1));
      }
      log.append(typing);
    }
    if (!said.length) add("note", `${voice().owner} says nothing`);
  } catch (error) {
    const stopped = error.name === "AbortError";
    add(stopped ? "note" : "note bad", stopped ? "stopped" : error instanceof TypeError ? "The server cannot be reached." : error.message);
  } finally {
    typing.remove();
    if (said.length) turns.push({ role: "assistant", content: said.join("\n") });
    keep();
    speaking = null;
    send.textContent = "Send";
    log.ariaBusy = "false";
    log.scrollTop = log.scrollHeight;
  }
}

async function say() {
  await ready; // who types at once is heard as soon as the voices are known
  const content = text.value.trim();
  if (!content || speaking || !voice()) return;
  text.value = "";
  const turn = { role: "user", name: at("name").value.trim() || "friend", content };
  turns.push(turn);
  rejected = null;
  keep();
  show(turn);
  await reply();
  text.focus();
}

async function again() {
  if (speaking) return;
  while (turns.at(-1)?.role === "assistant") turns.pop();
  redraw();
  if (turns.length) await reply();
}

// The last reply is not how its owner writes, or it is: that is kept in the clone, and a rejected one is drawn anew.
async function correct(opinion) {
  const last = turns.at(-1);
  if (speaking || last?.role !== "assistant") return;
  const kept = opinion === "rejected" ? { rejected: last.content } : { rejected, chosen: last.content };
  try {
    await call("/v1/corrections", { model: voice().id, messages: turns.slice(0, -1), ...kept });
  } catch (error) {
    add("note bad", error instanceof TypeError ? "The server cannot be reached." : error.message);
    return;
  }
  if (opinion === "chosen") {
    add("note", "kept: more like this");
  } else {
    rejected = last.content;
    await again();
  }
}

function begin() {
  speaking?.abort();
  turns = [];
  rejected = null;
  keep();
  greet();
}

function greet() {
  redraw();
  at("owner").textContent = voice()?.owner ?? "…";
  text.focus();
}

function remember() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!models.some((one) => one.id === kept?.model)) return;
  at("model").value = kept.model;
  at("name").value = kept.name;
  turns = kept.turns;
}

function takeBack() {
  const last = turns.map((turn) => turn.role).lastIndexOf("user");
  if (last < 0 || speaking) return;
  text.value = turns[last].content;
  turns = turns.slice(0, last);
  keep();
  redraw();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (speaking) speaking.abort();
  else say();
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    say();
  } else if (event.key === "ArrowUp" && !text.value) {
    event.preventDefault();
    takeBack();
  }
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") speaking?.abort();
  const shortcut = event.altKey && { KeyR: again, KeyN: begin, KeyX: () => correct("rejected"), KeyY: () => correct("chosen") }[event.code];
  if (shortcut) {
    event.preventDefault();
    shortcut();
  }
});
at("again").addEventListener("click", again);
at("no").addEventListener("click", () => correct("rejected"));
at("yes").addEventListener("click", () => correct("chosen"));
at("clear").addEventListener("click", begin);
at("model").addEventListener("change", begin);

async function meet() {
  try {
    models = (await (await call("/v1/models")).json()).data;
    at("model").append(...models.map((one) => new Option(one.id, one.id)));
    remember();
    greet();
  } catch (error) {
    add("note bad", error.message);
  }
}

const ready = meet();
