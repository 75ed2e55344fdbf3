// A voice outside of this page: a server, a Discord bot, exports for other programs.
import { get, post } from "../api.js";
import { button, h, problem, size } from "../dom.js";
import { copyLine } from "../copy_line.js";
import { goesOn, jobCard, updateJobs } from "../job_view.js";
import { workView } from "../work_view.js";

export default { id: "use", title: "Use it", needsVoice: true, show };

async function show(main, { voice, every }) {
  const path = `voices/${encodeURIComponent(voice)}`;
  const parts = await Promise.all([server(path), discord(path), exports(path, voice)].map(orProblem));
  main.append(...parts.map((part) => part.element));
  await every(1, async () => { for (const part of parts) await part.refresh?.(); });
}

// What goes wrong with one part stands in its place, and the others are shown.
const orProblem = (part) => part.catch((error) => ({ element: problem(error) }));

async function server(path) {
  const port = h("input", { id: "port", type: "number", min: "0", max: "65535", value: "8080" });
  const none = h("p", { class: "faint" }, "No server of this voice that was started here is running.");
  const list = h("div", {});
  const start = button("Start a server", async () => { await post(`${path}/serve`, { port: Number(port.value) }); await refresh(); }, "main");
  const form = h("div", {}, h("label", { for: "port" }, "Port (0 takes a free one)"), h("div", { class: "row" }, port, start), none);
  const { command } = await get(`${path}/serve`);
  async function refresh() {
    const { jobs } = await get(`${path}/serve`);
    form.hidden = jobs.some(goesOn);
    updateJobs(list, jobs.filter((job) => goesOn(job) || job.state === "failed"), (job) => jobCard(job, refresh));
  }
  const element = h("section", { "aria-label": "A server" }, h("h2", {}, "A server"),
    h("p", {}, "A page to talk with it and an API like OpenAI's, for programs of this machine. It goes on when the studio ends. On the command line:"),
    copyLine(command), form, list);
  return { element, refresh };
}

async function discord(path) {
  const steps = h("ol", {});
  const draw = ({ settings, problem: wrong, command, portal, variable }) => steps.replaceChildren(
    h("li", {}, "At ", h("a", { href: portal, target: "_blank", rel: "noreferrer" }, "Discord's page for developers"), ": New Application, with a name that nobody takes for you."),
    h("li", {}, "There under Bot: switch on Message Content Intent. Reset Token shows the token, once."),
    h("li", {}, "Put the token into the window from which the bot will run, and nowhere else. It is never typed here, and is written to no file:", copyLine(`export ${variable}=`)),
    h("li", {}, settings ? `The settings are in ${settings}. Read them: nobody is answered before you allow it.` : "Write its settings, with comments:",
      settings ? null : h("div", { class: "row" }, button("Write discord.toml", async () => draw(await post(`${path}/discord`)))),
      wrong && problem(wrong)),
    h("li", {}, "Start it. It prints the link with which you invite it:", copyLine(command), "To see first what it would answer, and send nothing:", copyLine(`${command} --dry-run`)),
    h("li", {}, "In a channel, type /soundalike here. Before that it answers nowhere."),
  );
  draw(await get(`${path}/discord`));
  return { element: h("section", { "aria-label": "Discord" }, h("h2", {}, "On Discord"), steps) };
}

const PROMPT = "Examples stand in examples.txt, and none is in the prompt unless you release it: put an x between its brackets, and export again.";
const KINDS = {
  gguf: "GGUF, for llama.cpp and Ollama",
  merged: "For transformers and vLLM",
  mlx: "For mlx-lm, on Apple silicon",
  prompt: "A prompt, for any chat model",
};

async function exports(path, voice) {
  const kind = h("select", { id: "kind" }, Object.entries(KINDS).map(([value, label]) => h("option", { value }, label)));
  const half = h("input", { type: "checkbox" });
  const list = h("div", {});
  const begin = button("Export it", async () => {
    await post(`${path}/export`, { to: kind.value, precision: half.checked ? "q8_0" : "f16" });
    await refresh();
  }, "main");
  const read = async () => list.replaceChildren(...(await get(`${path}/export`)).map(exported));
  const work = workView("export", voice, read);
  const refresh = async () => { begin.hidden = await work.refresh(); };
  await read();
  const element = h("section", { "aria-label": "Exports" }, h("h2", {}, "For other programs"),
    h("label", { for: "kind" }, "As"), kind,
    h("p", {}, h("label", { class: "inline" }, half, "GGUF in 8 bits: half the size")),
    h("div", { class: "row" }, begin), work.element, list);
  return { element, refresh };
}

function exported({ kind, folder, files, use }) {
  const sizes = Object.entries(files).map(([name, bytes]) => h("li", {}, `${name}: ${size(bytes)}`));
  return h("article", { class: "card" }, h("h3", {}, KINDS[kind] ?? kind), copyLine(folder), h("ul", {}, sizes),
    kind === "prompt" && h("p", {}, PROMPT),
    use.length > 0 && h("p", {}, "To use it:"), ...use.map((line) => copyLine(line)));
}
