// Nothing written is lost: kept in this browser a second after the last key, and on the server (data-draft-url)
// some seconds later, where GET ?key= gives it back and DELETE ?key= forgets it. A tab that was closed, here or on
// another device, finds its text again, and says so.
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
    const title = input.form?.elements.title?.value ?? "";
    const body = new URLSearchParams({ key: editor.dataset.draftKey, title, source: input.value });
    await send(editor.dataset.draftUrl, { body }).then(() => editor.say(editor.words.saved), () => {});
  };

  const found = kept(key, asSent);
  if (found) restore(editor, key, asSent, found);
  else if (there(editor)) fetchDraft(editor).then((draft) => draft && restore(editor, key, asSent, draft));
  input.addEventListener("input", () => {
    clearTimeout(local);
    local = setTimeout(keep, LOCAL_MS);
    if (!there(editor)) return;
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

/** The draft of this browser that is still wanted, or null. */
function kept(key, asSent) {
  const draft = read(key);
  if (!draft) return null;
  const old = Date.now() - draft.at > KEPT_DAYS * 86_400_000;
  // A text that was sent comes back only when the same page is loaded again: its answer never came.
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const arrived = draft.sent && type === "navigate";
  if (!old && !arrived && draft.text !== asSent) return draft;
  write(key, null);
  return null;
}

/** The server's draft, kept from another browser; null where there is none or something was written meanwhile. */
async function fetchDraft(editor) {
  const before = editor.input.value;
  const answer = await fetch(there(editor), { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.status !== 200) return null;
  const draft = await answer.json();
  if (!draft.source || draft.source === before || editor.input.value !== before) return null;
  return { text: draft.source, at: Date.parse(draft.saved_at) };
}

function there(editor) {
  const { draftUrl, draftKey } = editor.dataset;
  return draftUrl && draftKey ? `${draftUrl}?${new URLSearchParams({ key: draftKey })}` : "";
}

function restore(editor, key, asSent, draft) {
  editor.input.value = draft.text;
  const note = document.createElement("div");
  note.className = "editor-draft";
  note.setAttribute("role", "status");
  const when = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(draft.at);
  const discard = Object.assign(document.createElement("button"), { type: "button", textContent: editor.words.discard });
  discard.addEventListener("click", () => {
    editor.input.value = asSent;
    write(key, null);
    if (there(editor)) send(there(editor), { method: "DELETE" }).catch(() => {});
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
