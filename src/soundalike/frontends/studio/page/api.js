// The studio's API. The token comes with the link, after the #, and is kept in this tab alone: in no cookie, because
// browsers send those of 127.0.0.1 to every program that listens there.
import { eventData } from "./event_stream.js";

const KEPT = "soundalike-studio-token";

export class StudioProblem extends Error {
  constructor(status, what, advice) {
    super(`${what} ${advice}`);
    Object.assign(this, { status, what, do: advice });
  }
}

// The command that starts this studio again.
let start = "soundalike studio";
export const rememberStart = (command) => { start = command; };

// Takes the token out of the address, so that it stays in no history.
export function takeToken() {
  const sent = /^#token=([\w-]+)$/.exec(location.hash);
  if (!sent) return;
  sessionStorage.setItem(KEPT, sent[1]);
  history.replaceState(null, "", "/");
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);
export const authorization = () => ({ Authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? ""}` });

async function call(method, path, body) {
  return (await send(method, path, body)).json();
}

// The events of a reply, as they come; an error within them is thrown. `signal` ends it.
export async function* stream(path, body, signal) {
  const events = eventData(await send("POST", path, body, signal));
  let ended = false;
  for (;;) {
    const { value, done } = await events.next().catch((error) => { throw unanswered(error); });
    if (done && !ended) throw unanswered();
    if (done) return;
    const told = JSON.parse(value);
    if (told.error) throw new StudioProblem(200, told.error.what, told.error.do);
    ended ||= told.done === true;
    yield told;
  }
}

// What is told where the studio ends before its answer does; a request that the person has stopped stays that.
function unanswered(error) {
  if (error?.name === "AbortError") return error;
  return new StudioProblem(0, "The studio does not answer.", `If it has ended, start it again, and open the link that it prints: ${start}`);
}

async function send(method, path, body, signal) {
  const headers = { ...authorization(), ...(body && { "Content-Type": "application/json" }) };
  let answer;
  try {
    answer = await fetch(`/api/${path}`, { method, headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    throw unanswered(error);
  }
  if (answer.ok) return answer;
  const told = await answer.json();
  throw new StudioProblem(answer.status, told.error.what, told.error.do);
}
