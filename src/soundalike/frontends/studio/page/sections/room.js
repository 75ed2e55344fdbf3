// Several voices in one room with the person: after each line they talk among themselves, until a guard or Stop.
import { stream } from "../api.js";
import { button, h } from "../dom.js";
import { keptTalk } from "../kept_talk.js";
import { noteEnd, oneAtATime, talkForm, talkLog } from "../talk_log.js";
import { voiceChoice } from "../voice_choice.js";

export default { id: "room", title: "Room", show };

async function show(main, { onLeave }) {
  const choice = await voiceChoice();
  if (!choice.names.length) return main.append(choice.element);
  const log = talkLog("The room");
  const once = oneAtATime(changed, (error) => noteEnd(log, error));
  const talk = keptTalk("the room");
  const person = h("input", { id: "person", maxlength: "100", value: talk.person });

  function changed(busy) {
    form.setBusy(busy);
    goOn.disabled = busy || !talk.lines.length;
    forget.disabled = busy || !talk.lines.length;
  }
  const say = (text) => once.run(async (signal) => {
    form.clear();
    talk.person = person.value.trim() || "friend";
    const before = [...talk.lines];
    if (text) {
      talk.lines.push({ text });
      log.mine(talk.person, text);
    }
    const body = { voices: choice.chosen(), lines: before, name: talk.person, text };
    for await (const event of stream("room", body, signal)) {
      if (event.guards) log.note(`${event.name}: ${event.guards}`);
      if (event.text === undefined) continue;
      talk.lines.push({ name: event.name, text: event.text });
      log.theirs(event.name, event.text);
      talk.keep();
    }
  });
  const goOn = button("Let them go on", () => say(""));
  const forget = button("Forget this conversation", () => { talk.forget(); log.clear(); changed(false); });
  const form = talkForm("Say something in the room", (text) => { if (text) say(text); }, () => once.stop());
  onLeave(() => once.stop());
  for (const line of talk.lines) line.name === undefined ? log.mine(talk.person, line.text) : log.theirs(line.name, line.text);
  changed(false);
  main.append(
    h("p", {}, "They answer you and each other, one at a time, and stop by themselves. What they say is made up."),
    choice.element,
    log.element,
    form,
    h("div", { class: "row" }, goOn, forget),
    h("label", { for: "person" }, "Your name in the room"),
    person,
  );
}
