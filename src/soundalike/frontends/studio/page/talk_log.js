// A conversation as bubbles, and the form below it. What a screen reader reads is each message as it is whole.
import { h } from "./dom.js";

// `element` is the log; `mine` and `theirs` add messages under a name, `grow` adds words to the last one, `note` adds a
// remark that belongs to nobody.
export function talkLog(label) {
  const element = h("div", { class: "talk", role: "log", "aria-label": label, tabindex: "0" });
  let speaker = null;
  const toEnd = () => { element.scrollTop = element.scrollHeight; };
  const add = (kind, text) => {
    const added = h("div", { class: kind, dir: "auto" }, text);
    element.append(added);
    toEnd();
    return added;
  };
  const say = (name, text, own) => {
    if (speaker !== name) add(own ? "who you" : "who", name);
    speaker = name;
    return add(own ? "bubble you" : "bubble", text);
  };
  return {
    element,
    mine: (name, text) => say(name, text, true),
    theirs: (name, text) => say(name, text, false),
    grow: (text) => { element.lastElementChild.textContent += text; toEnd(); },
    note: (text, bad = false) => { speaker = null; return add(bad ? "note failed" : "note", text); },
    clear: () => { speaker = null; element.replaceChildren(); },
  };
}

// Shows a reply's events in the log as they come, in place of `waiting`; `said` gets its messages, also of a reply that
// is cut off. Then what the guards did.
export async function showReply(log, name, events, waiting, said = []) {
  let last = null;
  try {
    for await (const event of events) {
      waiting.remove();
      if (event.done) last = event;
      else if (event.continues && said.length) {
        said[said.length - 1] += event.text;
        log.grow(event.text);
      } else {
        said.push(event.text);
        log.theirs(name, event.text);
      }
    }
    if (!said.length) log.note(`${name} says nothing`);
    if (last?.guards) log.note(last.guards);
  } finally {
    waiting.remove();
  }
}

// What went wrong with a reply, or that it was stopped.
export function noteEnd(log, error) {
  const stopped = error.name === "AbortError";
  log.note(stopped ? "stopped" : `${error.what ?? error} ${error.do ?? ""}`, !stopped);
}

// A line of text with a button that sends, and stops while something is being said.
export function talkForm(label, send, stop) {
  const text = h("textarea", { rows: "1", "aria-label": label, placeholder: label });
  const button = h("button", { type: "submit", class: "main" }, "Send");
  const form = h("form", { class: "row say" }, text, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.busy) stop();
    else send(text.value.trim());
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!form.busy) send(text.value.trim());
  });
  form.setBusy = (busy) => { form.busy = busy; button.textContent = busy ? "Stop" : "Send"; };
  form.clear = () => { text.value = ""; };
  form.focusText = () => text.focus();
  return form;
}

// Runs `act(signal)` once at a time: `busy` tells, `stop` ends it. What it throws, other than by a stop, goes to `failed`.
export function oneAtATime(changed, failed) {
  let running = null;
  return {
    get busy() { return running !== null; },
    stop: () => running?.abort(),
    async run(act) {
      if (running) return;
      running = new AbortController();
      changed(true);
      try {
        await act(running.signal);
      } catch (error) {
        failed(error);
      } finally {
        running = null;
        changed(false);
      }
    },
  };
}
