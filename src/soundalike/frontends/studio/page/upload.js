// Sends files to the studio, one after the other, as they are on the disk: nothing is held in memory.
import { authorization, post, remove, StudioProblem } from "./api.js";

// The exports among what was dropped: `{ name, files: [{ path, file }] }`, one for each file or folder.
export async function dropped(transfer) {
  const items = [...transfer.items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter(Boolean); // read at once: they are gone after the event
  return Promise.all(items.map(async (item) => ({ name: item.name, files: item instanceof File ? [{ path: item.name, file: item }] : await filesOf(item) })));
}

// The exports among the files of an <input>: a folder that was chosen is one export.
export function chosen(input) {
  const found = new Map();
  for (const file of input.files) {
    const path = file.webkitRelativePath || file.name;
    const name = path.split("/")[0];
    found.set(name, [...(found.get(name) ?? []), { path, file }]);
  }
  return [...found].map(([name, files]) => ({ name, files }));
}

async function filesOf(entry, before = "") {
  const path = `${before}${entry.name}`;
  const read = (ask) => new Promise(ask).catch(() => { throw new StudioProblem(0, `${path} cannot be read.`, "Look whether it is still there, and drop the export again."); });
  if (entry.isFile) return [{ path, file: await read((done, fail) => entry.file(done, fail)) }];
  const reader = entry.createReader();
  const within = [];
  for (;;) { // a reader gives a hundred entries at a time
    const some = await read((done, fail) => reader.readEntries(done, fail));
    if (!some.length) break;
    for (const one of some) within.push(...(await filesOf(one, `${path}/`)));
  }
  return within;
}

// Sends one export; `onBytes(sent, of)` is called as it goes, and aborting `signal` breaks it off.
export async function send({ files }, onBytes, signal) {
  const of = files.reduce((sum, { file }) => sum + file.size, 0);
  const { id } = await post("uploads", { bytes: of });
  let sent = 0;
  try {
    for (const { path, file } of files) {
      await put(`/api/uploads/${id}/${path.split("/").map(encodeURIComponent).join("/")}`, file, (bytes) => onBytes(sent + bytes, of), signal);
      sent += file.size;
    }
    return await post(`uploads/${id}/finish`);
  } catch (error) {
    await remove(`uploads/${id}`).catch(() => null); // the studio has removed it if it was quicker
    throw error;
  }
}

// fetch() does not tell how much of a body was sent.
function put(address, file, onBytes, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const failed = (what, advice) => fail(new StudioProblem(request.status, what, advice));
    request.open("PUT", address);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onBytes(event.loaded);
    request.onload = () => {
      if (request.status === 200) return done();
      const { error } = JSON.parse(request.responseText);
      return failed(error.what, error.do);
    };
    request.onerror = () => failed(`${file.name} could not be sent.`, "Drop it again; if the studio has ended, start it again first.");
    request.onabort = () => failed("The upload was broken off.", "");
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
