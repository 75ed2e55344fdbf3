// Deleting everything that the studio has made.
import { get, remove } from "../api.js";
import { counted, h, size } from "../dom.js";
import { deletion } from "../deletion.js";
import { forgetEveryTalk } from "../kept_talk.js";

export default { id: "everything", title: "Delete everything", show };

async function show(main, { go }) {
  const { name, voices, jobs, uploads, bytes } = await get("everything");
  const act = async (typed) => {
    await remove(`everything?confirm=${encodeURIComponent(typed)}`);
    forgetEveryTalk();
    go("voices");
  };
  main.append(
    h("p", {}, `In the folder ${name}: ${voices.length ? `the ${voices.length > 1 ? "voices" : "voice"} ${voices.join(", ")}` : "no voice"}, ${counted(uploads, "uploaded export")}, ${counted(jobs, "piece")} of work; ${size(bytes)} in all.`),
    h("p", {}, "All of it is deleted. Exports that you picked by their path stay where they are, and so does what other programs wrote into this folder."),
    ...deletion("the folder's name", name, "Delete everything", act),
  );
}
