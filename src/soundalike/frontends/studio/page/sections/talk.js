// A conversation with one voice: replies as they come, drawn again, and corrected.
import { post, stream } from "../api.js";
import { button, h } from "../dom.js";
import { keptTalk } from "../kept_talk.js";
import { noteEnd, oneAtATime, showReply, talkForm, talkLog } from "../talk_log.js";

export default { id: "talk", title: "Talk", needsVoice: true, show };

async function show(main, { voice, onLeave }) {
  const waking = h("p", { class: "faint", role: "status" }, "It is waking up.");
  main.append(waking);
  const path = `voices/${encodeURIComponent(voice)}`;
  const woken = await post(`${path}/wake`);
  waking.remove();
  main.append(...conversation(path, voice, woken, onLeave));
}

function conversation(path, voice, { owner, temperature, best_of }, onLeave) {
  const talk = keptTalk(voice);
  const log = talkLog(`Conversation with ${owner}`);
  const heat = h("input", { type: "number", id: "heat", min: "0", max: "2", step: "0.1", value: temperature });
  const candidates = h("input", { type: "number", id: "candidates", min: "1", max: "16", step: "1", value: best_of });
  const person = h("input", { id: "person", maxlength: "100", value: talk.person });
  const instead = h("input", { id: "instead", maxlength: "2000" });
  let rejected = []; // the reply before to the same lines, if it was rejected

  // The last reply of the voice, and the lines before it.
  const split = () => {
    const end = talk.lines.findLastIndex((line) => line.name !== undefined) + 1;
    return { before: talk.lines.slice(0, end), reply: talk.lines.slice(end).map((line) => line.text) };
  };
  const redraw = () => {
    log.clear();
    for (const line of talk.lines) line.name === undefined ? log.theirs(owner, line.text) : log.mine(line.name, line.text);
  };
  const once = oneAtATime(changed, (error) => noteEnd(log, error));

  function changed(busy) {
    form.setBusy(busy);
    log.element.setAttribute("aria-busy", String(busy));
    const { reply } = split();
    for (const one of [no, yes, put]) one.disabled = busy || !reply.length;
    for (const one of [again, forget]) one.disabled = busy || !talk.lines.length;
  }

  // Draws a reply to the lines before the last one, after `first`.
  const answer = (first) => once.run(async (signal) => {
    await first?.();
    const { before } = split();
    talk.lines = before;
    redraw();
    const said = [];
    try {
      const number = (input) => (input.value === "" ? null : Number(input.value)); // null: as clone.toml says
      const body = { lines: before, temperature: number(heat), best_of: number(candidates) };
      await showReply(log, owner, stream(`${path}/reply`, body, signal), log.note(`${owner} is typing`), said);
    } finally {
      talk.lines = [...before, ...said.map((text) => ({ text }))];
      talk.keep();
    }
  });
  const say = async (text) => {
    if (!text) return;
    form.clear();
    rejected = [];
    talk.person = person.value.trim() || "friend";
    talk.lines.push({ text, name: talk.person });
    await answer();
    form.focusText();
  };
  const correct = (wrong, right) => post(`${path}/corrections`, { lines: split().before, rejected: wrong, chosen: right });

  // A button that draws another reply, and has the focus again when it may be pressed again.
  const drawing = (label, act) => h("button", { type: "button", onclick: async ({ currentTarget }) => { await act(); currentTarget.focus(); } }, label);
  const again = drawing("Again", () => answer());
  const no = drawing("Not me", async () => {
    let kept = false;
    await answer(async () => {
      const { reply } = split();
      await correct(reply, []);
      rejected = reply;
      kept = true;
    });
    if (kept) log.note("Kept: the reply before was not me.");
  });
  const yes = h("button", { type: "button", onclick: () => once.run(async () => {
    await correct(rejected, split().reply);
    log.note("Kept: more like this.");
  }) }, "More like this");
  const put = h("button", { type: "button", onclick: () => once.run(async () => {
    const text = instead.value.trim();
    if (!text) return;
    const { before, reply } = split();
    await correct(reply, [text]);
    talk.lines = [...before, { text }];
    talk.keep();
    instead.value = "";
    redraw();
    log.note(`Kept; ${owner} has said that instead.`);
  }) }, "Put this instead");
  const forget = button("Forget this conversation", () => { talk.forget(); rejected = []; redraw(); changed(false); });
  const form = talkForm(`Write to ${owner}`, say, () => once.stop());
  onLeave(() => once.stop());
  redraw();
  changed(false);
  return [
    h("p", { class: "faint" }, `This is a model of ${owner}, and what it says is made up. Enter sends.`),
    log.element,
    form,
    h("div", { class: "row" }, again, no, yes, forget),
    h("p", { class: "faint" }, "Again draws another reply. Not me draws another one too, and is remembered; so is More like this."),
    h("details", {}, h("summary", {}, "What you would have written, your name, more sense"),
      h("label", { for: "instead" }, "What you would have written"), h("div", { class: "row" }, instead, put),
      h("label", { for: "person" }, "Your name in the conversation"), person,
      h("label", { for: "candidates" }, "Best of: it draws so many replies, and says the one that answers most; 4 makes more sense than 1, and takes longer"), candidates,
      h("label", { for: "heat" }, "Temperature: 0 says what is likeliest, 0.6 makes more sense than 1, which is how it has learned to speak; 2 is wild"), heat),
  ];
}
