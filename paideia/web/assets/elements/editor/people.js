// "@" and some letters offer people from data-people-url?q=…, which answers {"people": [{"handle", "name"}]}.
import { insert } from "./writing.js";

const ASKED_AFTER_MS = 150;

export function bindPeople(editor) {
  const { input } = editor;
  const list = Object.assign(document.createElement("div"), { className: "editor-people", hidden: true, id: `${input.id}-people` });
  list.setAttribute("role", "listbox");
  list.ariaLabel = editor.words.people;
  editor.box.append(list);
  let timer = 0;
  let asked = 0;

  const close = () => {
    list.hidden = true;
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (option) => {
    const { start } = mentioned(input);
    input.setSelectionRange(start, input.selectionStart);
    insert(input, `@${option.dataset.handle} `);
    close();
  };
  const point = (place) => {
    const options = [...list.children];
    options.forEach((option, each) => (option.ariaSelected = String(each === place)));
    input.setAttribute("aria-activedescendant", options[place].id);
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const found = mentioned(input);
    if (!found) return close();
    timer = setTimeout(async () => {
      const turn = ++asked;
      const answer = await fetch(`${editor.dataset.peopleUrl}?${new URLSearchParams({ q: found.word })}`, { headers: { Accept: "application/json" } }).catch(() => null);
      const { people = [] } = answer?.ok ? await answer.json() : {};
      if (turn !== asked || !people.length) return close();
      list.replaceChildren(...people.slice(0, 6).map((person, place) => option(list.id, person, place)));
      list.hidden = false;
      const { left, top } = caret(input);
      list.style.insetInlineStart = `${Math.min(left, input.clientWidth - 220)}px`;
      list.style.insetBlockStart = `${top}px`;
      point(0);
    }, ASKED_AFTER_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const options = [...list.children];
    const place = options.findIndex((each) => each.ariaSelected === "true");
    if (event.key === "Escape") close();
    else if (event.key === "Enter" || event.key === "Tab") choose(options[place]);
    else if (event.key === "ArrowDown") point((place + 1) % options.length);
    else if (event.key === "ArrowUp") point((place - 1 + options.length) % options.length);
    else return;
    event.preventDefault();
  }, true);
  input.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const chosen = event.target.closest("[role=option]");
    if (chosen) choose(chosen);
  });
}

/** The "@word" that ends at the cursor. */
function mentioned(input) {
  const before = input.value.slice(0, input.selectionStart);
  const match = /(?:^|[\s(（，。、：])@([\p{L}\p{N}_.-]{1,30})$/u.exec(before);
  return match && { word: match[1], start: before.length - match[1].length - 1 };
}

function option(id, { handle, name }, place) {
  const box = Object.assign(document.createElement("div"), { id: `${id}-${place}` });
  box.setAttribute("role", "option");
  box.dataset.handle = handle;
  box.append(name || handle, Object.assign(document.createElement("small"), { textContent: `@${handle}` }));
  return box;
}

/** Where the cursor is inside the textarea: a copy of the text with the same type says it. */
function caret(input) {
  const style = getComputedStyle(input);
  const copy = document.createElement("div");
  for (const name of ["font", "lineHeight", "padding", "border", "letterSpacing", "boxSizing"]) copy.style[name] = style[name];
  Object.assign(copy.style, { position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word", inlineSize: `${input.clientWidth}px` });
  copy.textContent = input.value.slice(0, input.selectionStart);
  const end = document.createElement("span");
  end.textContent = "\u200b";
  copy.append(end);
  input.after(copy);
  const place = { left: end.offsetLeft, top: input.offsetTop + end.offsetTop - input.scrollTop + parseFloat(style.lineHeight) + 4 };
  copy.remove();
  return place;
}
