// Elements, and what is said to screen readers. Text is always text and never markup.

// An element: `h("p", { class: "faint" }, "text", h("strong", {}, "more"))`. `on...` are listeners, true and false set
// or leave out an attribute, null children are left out, lists of children are taken apart.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

// An error of the API, as a card that is announced.
export function problem(error) {
  return h("div", { class: "card problem", role: "alert" }, h("p", {}, h("strong", {}, error.what ?? String(error)), " ", error.do ?? ""));
}

// A button whose `act` may take a while: it is disabled meanwhile, and an error is shown after it.
export function button(label, act, kind = "") {
  const element = h("button", { type: "button", class: kind || null }, label);
  let shown = null;
  element.addEventListener("click", async () => {
    shown?.remove();
    element.disabled = true;
    try {
      await act();
    } catch (error) {
      shown = problem(error);
      (element.closest(".row") ?? element).after(shown);
    } finally {
      element.disabled = false;
    }
  });
  return element;
}

// What Enter in a field of one line does: it presses `button`.
export const onEnter = (button) => (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  button.click();
};

// Said by screen readers, and shown nowhere.
export function announce(text) {
  document.getElementById("said").textContent = text;
}

export const count = (number) => number.toLocaleString("en");
export const counted = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;
export const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

// A duration in words, as exact as an estimate is.
export function duration(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 90) return `about ${Math.round(seconds / 10) * 10} seconds`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} minutes` : `about ${(seconds / 3600).toFixed(1)} hours`;
}
