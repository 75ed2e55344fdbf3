// A command, or another line of text, with a button that copies it.
import { announce, button, h } from "./dom.js";

export function copyLine(text) {
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
    copy.textContent = "Copied";
  });
  copy.setAttribute("aria-label", `Copy: ${text}`);
  return h("div", { class: "row copy" }, scrolled(text), copy);
}

// Text in lines as they are; long ones scroll, by keys too.
export const scrolled = (text) => h("pre", { class: "wide", tabindex: "0", role: "group", "aria-label": text.slice(0, 60) }, text);
