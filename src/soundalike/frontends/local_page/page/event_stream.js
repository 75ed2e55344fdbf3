// The data of each server-sent event of an answer, as they come; every event is one line `data: ...`.
export async function* eventData(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (held + value).split("\n\n");
    held = events.pop();
    for (const event of events) yield event.replace(/^data: /, "");
  }
}
