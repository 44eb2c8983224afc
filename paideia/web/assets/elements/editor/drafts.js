// Nothing written is lost: kept in this browser a second after the last key, and on the server (data-draft-url)
// some seconds later. A tab that was closed finds its text again, and says so.
import { send } from "../../requests.js";

const LOCAL_MS = 800;
const SERVER_MS = 8000;
const KEPT_DAYS = 30;

export function bindDraft(editor) {
  const { input } = editor;
  const key = `draft:${editor.dataset.draftKey || `${location.pathname}#${input.name}`}`;
  const asSent = input.value;
  let local = 0;
  let server = 0;

  const keep = () => {
    clearTimeout(local);
    if (input.value === asSent || !input.value.trim()) return write(key, null);
    write(key, { text: input.value, at: Date.now() });
  };
  const keepThere = async () => {
    if (input.value === asSent) return;
    const body = new URLSearchParams({ key: editor.dataset.draftKey, source: input.value });
    await send(editor.dataset.draftUrl, { body }).then(() => editor.say(editor.words.saved), () => {});
  };

  restore(editor, key, asSent);
  input.addEventListener("input", () => {
    clearTimeout(local);
    local = setTimeout(keep, LOCAL_MS);
    if (!editor.dataset.draftUrl) return;
    clearTimeout(server);
    server = setTimeout(keepThere, SERVER_MS);
  });
  addEventListener("pagehide", () => input.isConnected && !input.dataset.sent && keep());
  input.form?.addEventListener("submit", () => {
    clearTimeout(local);
    clearTimeout(server);
    input.dataset.sent = "";
    const draft = read(key) ?? { text: input.value, at: Date.now() };
    write(key, { ...draft, text: input.value, sent: true }); // until we know that it arrived
  });
  input.form?.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement !== input.form) return;
    delete input.dataset.sent;
    if (ctx.response.status < 400) write(key, null);
  });
}

function restore(editor, key, asSent) {
  const draft = read(key);
  if (!draft) return;
  const old = Date.now() - draft.at > KEPT_DAYS * 86_400_000;
  // A text that was sent comes back only when the same page is loaded again: its answer never came.
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const arrived = draft.sent && type === "navigate";
  if (old || arrived || draft.text === asSent) return write(key, null);
  editor.input.value = draft.text;
  const note = document.createElement("div");
  note.className = "editor-draft";
  note.setAttribute("role", "status");
  const when = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(draft.at);
  const discard = Object.assign(document.createElement("button"), { type: "button", textContent: editor.words.discard });
  discard.addEventListener("click", () => {
    editor.input.value = asSent;
    write(key, null);
    note.remove();
    editor.input.focus();
  });
  note.append(editor.words.restored.replace("{when}", when), discard);
  editor.prepend(note);
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, draft) {
  try {
    if (draft) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // Storage is full or closed; the server's draft remains.
  }
}
