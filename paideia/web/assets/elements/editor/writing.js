// Markdown at the cursor. Every change goes through the browser's own undo.

export const ACTIONS = {
  bold: { around: "**", key: "b", compact: true },
  italic: { around: "*", key: "i", compact: true },
  heading: { before: "## " },
  quote: { before: "> ", compact: true },
  list: { before: "- ", compact: true },
  numbers: { before: "1. " },
  tasks: { before: "- [ ] " },
  link: { link: true, key: "k", compact: true },
  code: { around: "`", block: "```", key: "e", compact: true },
  math: { around: "$", block: "$$" },
  table: { text: "|  |  |\n| --- | --- |\n|  |  |\n" },
};

/** Runs one of ACTIONS on the selection; `placeholder` is put in, and selected, where nothing was. */
export function runAction(name, input, placeholder) {
  const action = ACTIONS[name];
  input.focus();
  if (action.before) return mark(input, action.before);
  if (action.text) return insertBlock(input, action.text);
  const chosen = input.value.slice(input.selectionStart, input.selectionEnd);
  if (action.block && chosen.includes("\n")) return wrap(input, `${action.block}\n`, `\n${action.block}`, chosen);
  if (action.link) return link(input, chosen || placeholder);
  wrap(input, action.around, action.around, chosen || placeholder);
}

/** Replaces the selection, keeping undo. */
export function insert(input, text) {
  input.focus();
  if (!document.execCommand("insertText", false, text)) {
    input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Puts text on lines of its own. */
export function insertBlock(input, text) {
  const before = input.value.slice(0, input.selectionStart);
  const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  insert(input, gap + text);
}

/** Enter inside a list starts the next item, or ends the list from an empty one. Says whether it did. */
export function continueList(input) {
  const start = input.value.lastIndexOf("\n", input.selectionStart - 1) + 1;
  const line = input.value.slice(start, input.selectionStart);
  const [all, indent, bullet, task, rest] = /^(\s*)([-*+]|\d+[.)])\s+(\[[ x]\]\s+)?(.*)$/.exec(line) ?? [];
  if (!all) return false;
  if (!rest) {
    input.setSelectionRange(start, input.selectionStart);
    insert(input, "");
    return true;
  }
  const next = /^\d/.test(bullet) ? String(parseInt(bullet) + 1) + bullet.at(-1) : bullet;
  insert(input, `\n${indent}${next} ${task ? "[ ] " : ""}`);
  return true;
}

function wrap(input, open, close, text) {
  const start = input.selectionStart;
  insert(input, open + text + close);
  input.setSelectionRange(start + open.length, start + open.length + text.length);
}

function link(input, text) {
  const start = input.selectionStart;
  const isAddress = /^https?:\/\/\S+$/.test(text);
  insert(input, isAddress ? `[](${text})` : `[${text}](https://)`);
  const place = isAddress ? start + 1 : start + text.length + 3;
  input.setSelectionRange(place, isAddress ? place : place + 8);
}

function mark(input, prefix) {
  const start = input.value.lastIndexOf("\n", input.selectionStart - 1) + 1;
  const foundEnd = input.value.indexOf("\n", input.selectionEnd);
  const end = foundEnd < 0 ? input.value.length : foundEnd;
  const lines = input.value.slice(start, end).split("\n");
  const marked = lines.every((line) => line.startsWith(prefix));
  input.setSelectionRange(start, end);
  insert(input, lines.map((line) => (marked ? line.slice(prefix.length) : prefix + line)).join("\n"));
}
