// How the owner writes, as the page that `soundalike portrait` writes.
import { h } from "../dom.js";
import { framed, reportView } from "../report_view.js";

export default { id: "portrait", title: "Portrait", show };

function show(main, context) {
  return reportView(main, context, {
    kind: "portrait",
    about: "How you write, in ten cards: words, laughter, punctuation, hours, what surprises the voice. Nothing is uploaded.",
    make: "Make the portrait",
    options: [{ name: "quotes", label: "Quote lines of yours, not only counts" }],
    draw: ({ page, path }) => (page ? framed(page, `Portrait of ${context.voice}`, path) : [h("p", { class: "faint" }, "There is none yet.")]),
  });
}
