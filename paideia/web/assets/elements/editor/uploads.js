// Files pasted, dropped or picked: sent one after the other, each put into the text where it was meant to be.
// The server answers {"markdown": "…"}.
import { csrfToken } from "../../requests.js";
import { insert } from "./writing.js";

export function bindUploads(editor) {
  const { input } = editor;
  const take = (event, files) => {
    if (!files.length) return;
    event.preventDefault();
    upload(editor, [...files]);
  };
  editor.addEventListener("editor:files", (event) => take(event, event.detail));
  input.addEventListener("paste", (event) => {
    // A spreadsheet brings a picture of itself beside its text: the text is what was meant.
    if (!event.clipboardData.types.includes("text/plain")) take(event, event.clipboardData.files);
  });
  input.addEventListener("drop", (event) => take(event, event.dataTransfer.files));
  for (const name of ["dragenter", "dragover"]) input.addEventListener(name, () => editor.classList.add("editor-over"));
  for (const name of ["dragleave", "drop"]) input.addEventListener(name, () => editor.classList.remove("editor-over"));
}

async function upload(editor, files) {
  for (const file of files) {
    const mark = `![${editor.words.uploading.replace("{name}", file.name)}…]()`;
    insert(editor.input, mark);
    try {
      replace(editor.input, mark, (await sendFile(editor, file)).markdown);
      editor.say("");
    } catch (problem) {
      replace(editor.input, mark, "");
      editor.say(problem.message || editor.words.upload_failed.replace("{name}", file.name), true);
    }
  }
}

function sendFile(editor, file) {
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  bar.ariaLabel = editor.words.uploading.replace("{name}", file.name);
  editor.foot.replaceChildren(bar.ariaLabel, bar);
  const body = new FormData();
  body.set("file", file);
  body.set("csrfmiddlewaretoken", csrfToken());
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch() cannot say how far an upload is
    request.upload.onprogress = ({ loaded, total }) => (bar.value = loaded / total);
    request.responseType = "json";
    request.onload = () => {
      if (request.status < 300 && request.response?.markdown) resolve(request.response);
      else reject(new Error(request.response?.error ?? ""));
    };
    request.onerror = () => reject(new Error(""));
    request.open("POST", editor.dataset.uploadUrl);
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  });
}

/** Swaps one piece of the text for another and leaves the cursor where it is. */
function replace(input, from, to) {
  const start = input.value.indexOf(from);
  if (start < 0) return;
  const end = start + from.length;
  // "preserve" would select the new piece when the cursor stands at its end, and the next file would replace it.
  const moved = (place) => (place >= end ? place + to.length - from.length : Math.min(place, start + to.length));
  const [first, last] = [moved(input.selectionStart), moved(input.selectionEnd)];
  input.setRangeText(to, start, end);
  input.setSelectionRange(first, last);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
