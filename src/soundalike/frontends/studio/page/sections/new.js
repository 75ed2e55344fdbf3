// A new voice: exports are dropped or named, looked through, chosen from, and read.
import { get, post, remove } from "../api.js";
import { announce, button, count, h, onEnter, problem, size } from "../dom.js";
import { exportHelp } from "../export_help.js";
import { jobCard, updateJobs } from "../job_view.js";
import { previewForm } from "../preview_form.js";
import { chosen, dropped, send } from "../upload.js";

export default { id: "new", title: "New voice", show };

const ENDED = ["stopped", "failed", "done"];

export async function show(main, { go, every }) {
  const there = uploadList();
  const path = h("input", { id: "path", class: "full", autocomplete: "off", placeholder: "~/Downloads/my-export" });
  const cards = h("div", {});
  const found = h("div", {});
  let asked = false;
  let shown = null;
  const watched = new Set();
  const hint = h("p", { class: "faint", hidden: true }, "One of them is no export, so none was looked through: untick it or delete it, and look through the others.");
  const look = button("Look through it", () => preview({ uploads: there.chosen(), paths: path.value.trim() ? [path.value.trim()] : [] }), "main");
  path.addEventListener("keydown", onEnter(look));
  const arrived = () => {
    for (const old of main.querySelectorAll(".problem")) old.remove();
    return there.refresh();
  };
  const preview = async (body) => { await post("previews", body); asked = true; await poll(); };
  main.append(
    dropZone(arrived),
    there.element,
    h("div", { class: "card" }, h("label", { for: "path" }, "Or the path of a file or folder on this machine"), path),
    h("div", { class: "row" },
      look,
      button("Try it with an invented person's export", () => preview({ example: true }))),
    cards, hint, found, exportHelp());

  async function poll() {
    const jobs = await get("jobs");
    const last = jobs.findLast((job) => job.kind === "preview");
    const reading = jobs.findLast((job) => job.kind === "import" && (watched.has(job.id) || !ENDED.includes(job.state)));
    if (reading) watched.add(reading.id);
    if (reading?.state === "done") return go("voice", reading.clone, "read");
    const open = [last?.state !== "done" && last, reading].filter(Boolean);
    updateJobs(cards, open, (job) => jobCard(job, poll));
    hint.hidden = last?.state !== "failed" || there.chosen().length + (path.value.trim() ? 1 : 0) < 2;
    const busy = reading && !ENDED.includes(reading.state);
    const form = last?.state === "done" && !busy ? last.id : null;
    if (form !== shown) {
      shown = form;
      found.replaceChildren(...(form ? [await filled(last, poll, watched)] : []));
      if (form) announce("The exports were looked through.");
      if (form && asked) found.querySelector("h2").focus();
    }
    return null;
  }
  await there.refresh();
  await every(1, poll);
}

async function filled(preview, poll, watched) {
  const [result, { voices }] = await Promise.all([get(`jobs/${preview.id}/result`), get("voices")]);
  const form = previewForm(preview, result, voices.map(({ name }) => name), async (job) => { watched.add(job.id); await poll(); });
  form.querySelector(".row:last-child").append(button("Forget this list", async () => { await remove(`jobs/${preview.id}`); await poll(); }));
  return form;
}

// Where exports are dropped; `changed` is called when one has come.
function dropZone(changed) {
  const sending = h("div", {});
  // Sends the exports that `found` promises; what goes wrong stands below the buttons.
  const take = async (found) => {
    try {
      for (const one of await found) await sendOne(one, sending, changed);
    } catch (error) {
      sending.append(problem(error));
    }
  };
  const picker = (label, attributes) => {
    const input = h("input", { type: "file", hidden: true, ...attributes, onchange: async () => { await take(chosen(input)); input.value = ""; } });
    return [input, h("button", { type: "button", onclick: () => input.click() }, label)];
  };
  const zone = h("div", { class: "card drop" },
    h("h2", {}, "Drop your export here"),
    h("p", {}, "The ZIP, file or folder that your chat program gave you; several too. It is copied into the studio's folder, and nowhere else."),
    h("div", { class: "row" }, picker("Choose files", { multiple: true }), picker("Choose a folder", { webkitdirectory: true })),
    sending);
  const over = (on) => (event) => { event.preventDefault(); zone.classList.toggle("over", on); };
  zone.addEventListener("dragover", over(true));
  zone.addEventListener("dragleave", over(false));
  zone.addEventListener("drop", (event) => { over(false)(event); take(dropped(event.dataTransfer)); });
  return zone;
}

async function sendOne(one, sending, changed) {
  const breaking = new AbortController();
  const bar = h("progress", { "aria-label": `Copying ${one.name}`, max: 1 });
  const told = h("span", {}, one.name);
  const row = h("div", { class: "row" }, told, bar, button("Cancel", () => breaking.abort()));
  sending.append(row);
  try {
    await send(one, (sent, of) => { bar.value = of ? sent / of : 1; told.textContent = `${one.name}: ${size(sent)} of ${size(of)}`; }, breaking.signal);
    announce(`${one.name} is here.`);
    await changed();
  } catch (error) {
    sending.append(problem(error));
  } finally {
    row.remove();
  }
}

// What was dropped before and is still there.
function uploadList() {
  const list = h("div", {});
  const free = h("p", { class: "faint" });
  const element = h("section", { class: "card", "aria-label": "Exports that are here", hidden: true }, h("h2", {}, "Exports to read"), list, free);
  let boxes = [];
  const refresh = async () => {
    const told = await get("uploads");
    element.hidden = !told.uploads.length;
    free.textContent = `${size(told.free)} are free on this disk. The files are deleted after they were read, unless you keep them.`;
    boxes = told.uploads.map((upload) => ({ upload, input: h("input", { type: "checkbox", checked: true }) }));
    list.replaceChildren(...boxes.map(({ upload, input }) => h("div", { class: "row" },
      h("label", { class: "tick" }, input, `${upload.name}: ${upload.files > 1 ? `${count(upload.files)} files, ` : ""}${size(upload.bytes)}`),
      button(`Delete ${upload.name}`, async () => { await remove(`uploads/${upload.id}`); await refresh(); }))));
  };
  return { element, refresh, chosen: () => boxes.filter(({ input }) => input.checked).map(({ upload }) => upload.id) };
}
