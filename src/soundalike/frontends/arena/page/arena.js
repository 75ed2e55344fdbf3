// The arena: the owner reads pairs and releases them, judges say which of two replies is the owner's. The key comes with
// the link, after the #, and is kept in this tab alone; the judge's id, which is no key, stays in this browser, so
// that whoever opens the link again goes on where they were.
import { announce, button, count, h, problem } from "./dom.js";

const KEPT = "soundalike-arena";
const main = document.getElementById("main");

function takeKey() {
  const sent = /^#(owner|judge)=([\w-]+)$/.exec(location.hash);
  if (sent) {
    sessionStorage.setItem(KEPT, JSON.stringify({ role: sent[1], key: sent[2] }));
    history.replaceState(null, "", "/");
  }
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
}

const link = takeKey();

async function call(path, body) {
  const headers = { Authorization: `Bearer ${link.key}`, ...(body && { "Content-Type": "application/json" }) };
  let answer;
  try {
    answer = await fetch(`/api/${link.role}/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  } catch {
    throw { what: "The arena does not answer.", do: "It may have ended; ask for a new link." };
  }
  const parsed = await answer.json();
  if (!answer.ok) throw { status: answer.status, what: parsed.error.what ?? parsed.error.message, do: parsed.error.do };
  return parsed;
}

function show(title, ...children) {
  document.title = `${title} - soundalike arena`;
  const heading = h("h1", { tabindex: "-1" }, title);
  main.replaceChildren(heading, ...children);
  scrollTo(0, 0);
  heading.focus();
}

const line = ([who, text]) => h("li", {}, h("span", { class: "who", dir: "auto" }, who), h("span", { class: "text", dir: "auto" }, text));
const talk = (context) => h("ol", { class: "arena-talk", "aria-label": "What was said before" }, context.map(line));
const lines = (texts) => h("div", { class: "lines" }, texts.map((text) => h("p", { dir: "auto" }, text)));
const side = (title, texts, ...more) => h("section", { class: "card" }, h("h2", {}, title), lines(texts), ...more);

// Judges

const judgeKept = (owner) => `${KEPT}-judge-${owner}`;

async function judge() {
  const { owner } = await call("about");
  const known = localStorage.getItem(judgeKept(owner));
  if (!known) return ask(owner);
  try {
    await next(owner, known);
  } catch (error) {
    if (error.status !== 403) throw error;
    ask(owner); // the votes are of another arena
  }
}

function ask(owner) {
  const join = async (acquaintance) => {
    const { id } = await call("join", { acquaintance });
    localStorage.setItem(judgeKept(owner), id);
    await next(owner, id);
  };
  show(
    `Do you know ${owner}?`,
    h("p", {}, `You will read short talks with two replies each. One was really written by ${owner}, the other by a model in ${owner}'s style. Which one is ${owner}'s?`),
    h("p", { class: "row" }, button(`Yes, I know ${owner}`, () => join(true)), button("No, we are strangers", () => join(false))),
    h("p", { class: "faint" }, "Your answer and your votes are kept, without a name."),
  );
}

async function next(owner, id) {
  const { pair, score } = await call(`${id}/next`);
  if (!pair) return thank(owner, score);
  const choose = (choice) => async () => {
    try {
      await call("vote", { judge: id, pair: pair.pair, choice });
    } catch (error) {
      if (error.status !== 409) throw error; // voted in another tab already
    }
    await next(owner, id);
  };
  const first = button(`Reply 1 is ${owner}'s`, choose("first"), "main");
  const second = button(`Reply 2 is ${owner}'s`, choose("second"), "main");
  show(
    `Pair ${pair.number} of ${pair.of}`,
    talk(pair.context),
    h("div", { class: "arena-sides" }, side("Reply 1", pair.first, first), side("Reply 2", pair.second, second)),
  );
  announce(`Pair ${pair.number} of ${pair.of}`);
}

function thank(owner, { votes, right }) {
  const none = votes ? "There are no more pairs." : `${owner} has released nothing yet.`;
  const found = votes ? `You found ${owner}'s own reply in ${right} of ${votes} pairs.` : "Come back later, and reload this page.";
  show(votes ? "Thank you" : "Nothing to judge yet", h("p", {}, none, " ", found));
  announce(found);
}

// The owner

async function review() {
  const { owner, pairs } = await call("pairs");
  const total = h("p", { role: "status" });
  const tell = () => { total.textContent = `${count(pairs.filter((pair) => pair.released).length)} of ${count(pairs.length)} pairs are released.`; };
  tell();
  show(
    "What judges may see",
    h("p", {}, "Judges see nothing of yours but the pairs that you release here: what was said before, and both replies. Read each one, other people's words in it too."),
    total,
    h("p", { class: "row" }, button("Results", results)),
    ...pairs.map((pair, at) => reviewed(owner, pair, at + 1, tell)),
  );
}

function reviewed(owner, pair, number, tell) {
  const card = h("section", { class: "card", "aria-label": `Pair ${number}` }, h("h2", {}, `Pair ${number}`));
  const box = h("input", { type: "checkbox", id: `pair-${number}`, checked: pair.released });
  box.addEventListener("change", async () => {
    card.querySelector(".problem")?.remove();
    box.disabled = true;
    try {
      pair.released = (await call(`pairs/${pair.id}`, { released: box.checked })).released;
    } catch (error) {
      card.append(problem(error));
    } finally {
      box.checked = pair.released;
      box.disabled = false;
      box.focus();
      tell();
    }
  });
  card.append(
    talk(pair.context),
    h("div", { class: "arena-sides" }, side(`What ${owner} wrote`, pair.real), side("What the clone wrote", pair.clone)),
    h("p", {}, h("label", { class: "inline", for: box.id }, box, `Judges may see pair ${number}`)),
  );
  return card;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const interval = (fooled) => (fooled ? `${percent(fooled.value)} [${Math.round(100 * fooled.low)}, ${Math.round(100 * fooled.high)}]` : "-");
const row = (name, fooled, votes, judges) =>
  h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, fooled), h("td", { class: "number" }, votes), h("td", { class: "number" }, judges));

async function results() {
  const found = await call("results");
  const head = ["Judges", "Taken for you", "Votes", "Judges"].map((title, at) => h("th", { scope: "col", class: at ? "number" : null }, at === 3 ? "How many" : title));
  const groups = Object.entries(found.groups).map(([name, one]) => row(name, interval(one.fooled), count(one.votes), count(one.judges)));
  const machine = found.machine ? [row("the judge of evaluate", interval(found.machine), "", "")] : [];
  const published = found.published.map((one) => h("li", {}, `${one.percent} %: ${one.what} (${one.source})`));
  show(
    "Results",
    h("p", {}, "So often the clone's reply was taken for yours, of the two that were shown. 50 % is perfect; in [ ] is where the figure lies with a certainty of 95 %."),
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Results" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, groups, machine))),
    h("p", {}, "Published, of talks of three minutes that were judged one at a time:"),
    h("ul", {}, published),
    h("p", { class: "row" }, button("What judges may see", review), button("Look again", results)),
  );
}

async function begin() {
  try {
    if (!link) throw { what: "This page needs its link.", do: "Open the whole link that you were given, with what stands after the #." };
    await (link.role === "owner" ? review() : judge());
  } catch (error) {
    show("soundalike arena", problem(error));
  }
}

addEventListener("hashchange", () => { if (/^#(owner|judge)=/.test(location.hash)) location.reload(); });
begin();
