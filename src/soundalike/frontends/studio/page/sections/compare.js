// One question to several voices, whose answers stand side by side.
import { stream } from "../api.js";
import { h, problem } from "../dom.js";
import { noteEnd, oneAtATime, showReply, talkForm, talkLog } from "../talk_log.js";
import { voiceChoice } from "../voice_choice.js";

export default { id: "compare", title: "Side by side", show };

async function show(main, { onLeave }) {
  const choice = await voiceChoice();
  if (!choice.names.length) return main.append(choice.element);
  const answers = h("div", { class: "beside" });
  const once = oneAtATime((busy) => form.setBusy(busy), (error) => answers.append(problem(error)));
  const form = talkForm("Ask all of them", (text) => once.run((signal) => ask(answers, choice.chosen(), text, signal)), () => once.stop());
  onLeave(() => once.stop());
  main.append(h("p", {}, "Each of them answers one question by itself."), choice.element, form, answers);
}

async function ask(answers, names, text, signal) {
  if (!text || !names.length) return;
  const logs = names.map((name) => talkLog(`Answer of ${name}`));
  answers.replaceChildren(...logs.map((log, at) => h("section", { "aria-label": names[at] }, h("h2", {}, names[at]), log.element)));
  await Promise.all(names.map((name, at) => answer(logs[at], name, text, signal)));
}

// What goes wrong with one voice stands in its own place, and the others go on.
async function answer(log, name, text, signal) {
  try {
    const lines = [{ name: "friend", text }];
    await showReply(log, name, stream(`voices/${encodeURIComponent(name)}/reply`, { lines }, signal), log.note("is thinking"));
  } catch (error) {
    noteEnd(log, error);
  }
}
