// The page: which section the address names, and the two rows of links. A section is a module with
//   { id, title, show(main, context) }, listed in sections.js; `needsVoice` is true of one for a trained voice.
// #/voices and #/work are the studio's, #/voice/NAME/talk are those of a voice. `context` is a SectionContext.
import { get, rememberStart, takeToken } from "./api.js";
import { announce, h, problem } from "./dom.js";
import { loseJobs } from "./job_view.js";
import { SectionContext } from "./section_context.js";
import { studioSections, voiceSections } from "./sections.js";
import { insteadOf } from "./voice_gate.js";

const main = document.getElementById("main");
let shown = null; // the context of the section that is shown

const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;
const go = (...parts) => { location.hash = link(...parts); };

function place() {
  const [first = "voices", ...rest] = location.hash.replace(/^#\//, "").split("/").filter(Boolean).map(decodeURIComponent);
  if (first !== "voice") return { voice: null, section: studioSections.find((one) => one.id === first) ?? studioSections[0] };
  return { voice: rest[0] ?? "", section: voiceSections.find((one) => one.id === rest[1]) ?? voiceSections[0] };
}

function links(nav, sections, current, address) {
  nav.replaceChildren(
    ...sections.map((one) => h("a", { href: address(one), "aria-current": one === current ? "page" : null }, one.title)),
  );
  const here = nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2; // where a line of links scrolls
}

// What goes wrong while a section looks for news stands at its top until it goes well again.
function showTrouble(error) {
  if (error?.status === 0) loseJobs(main);
  const shown = main.querySelector(":scope > .problem");
  if (error && shown?.textContent.includes(error.what ?? String(error))) return;
  shown?.remove();
  if (error) main.prepend(problem(error));
}

async function show() {
  if (location.hash && !location.hash.startsWith("#/")) return; // a link within the page
  shown?.leave();
  const { voice, section } = place();
  const context = shown = new SectionContext(voice, go, showTrouble);
  links(document.getElementById("nav"), studioSections, section, (one) => link(one.id));
  const subnav = document.getElementById("subnav");
  subnav.hidden = voice === null || voiceSections.length < 2;
  links(subnav, voiceSections, section, (one) => link("voice", voice ?? "", one.id));
  document.title = `${section.title}${voice ? ` - ${voice}` : ""} - soundalike studio`;
  const body = h("section", {});
  main.replaceChildren(h("h1", { tabindex: "-1" }, voice ? `${voice}: ${section.title}` : section.title), body);
  announce(section.title);
  try {
    if (await isOpen(section, body, context)) await section.show(body, context);
  } catch (error) {
    body.append(problem(error)); // which nobody sees if the section was left meanwhile
  }
}

// Whether the section can be shown; else says what is missing, and shows the section once it is there.
async function isOpen(section, body, context) {
  const instead = context.voice === null ? null : await insteadOf(section, context.voice);
  if (!instead) return true;
  body.replaceChildren(...instead);
  await context.every(2, async () => {
    const now = await insteadOf(section, context.voice);
    if (context !== shown) return;
    if (!now) await show();
    else if (now[0].textContent !== body.firstChild.textContent) body.replaceChildren(...now);
  });
  return false;
}

async function begin() {
  takeToken();
  try {
    rememberStart((await get("studio")).command);
  } catch (error) {
    main.replaceChildren(h("h1", {}, "soundalike studio"), problem(error));
    return;
  }
  addEventListener("hashchange", async () => { await show(); main.querySelector("h1")?.focus(); });
  await show();
}

// A file that is dropped beside the place for it is not opened instead of the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
addEventListener("hashchange", () => { if (location.hash.startsWith("#token=")) location.reload(); });
begin();
