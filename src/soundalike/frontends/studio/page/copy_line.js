// A command, or another line of text, with a button that copies it.
import { announce, button, h } from "./dom.js";

export function copyLine(text) {
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
    copy.textContent = "Copied";
  });
  copy.setAttribute("aria-label", `Copy: ${text}`);
  return h("div", { class: "row copy" }, h("pre", {}, text), copy);
}
