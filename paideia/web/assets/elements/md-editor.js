// <md-editor> around a <textarea>: toolbar, shortcuts, preview, uploads by paste and drop, drafts, mentions.
// Without this script the textarea is all there is, and it is enough.
import { send } from "../requests.js";
import { announce } from "../loading.js";
import { bindDraft } from "./editor/drafts.js";
import { bindPeople } from "./editor/people.js";
import { bindUploads } from "./editor/uploads.js";
import { ACTIONS, continueList, runAction } from "./editor/writing.js";

customElements.define(
  "md-editor",
  class extends HTMLElement {
    connectedCallback() {
      this.input = this.querySelector("textarea");
      if (!this.input || this.classList.contains("editor-ready")) return;
      this.words = JSON.parse(this.dataset.words);
      this.classList.add("editor-ready");
      this.box = node("div", "editor-box");
      this.foot = node("div", "editor-foot");
      this.foot.setAttribute("role", "status");
      this.input.replaceWith(this.box);
      this.box.append(this.input);
      this.prepend(this.#toolbar());
      this.append(this.foot);
      this.input.addEventListener("keydown", (event) => this.#key(event));
      bindDraft(this);
      if (this.dataset.uploadUrl) bindUploads(this);
      if (this.dataset.peopleUrl) bindPeople(this);
    }

    /** Says something short below the text; with `wrong` in the colour of errors. */
    say(text, wrong = false) {
      const line = node("span", wrong ? "editor-wrong" : "", text);
      this.foot.replaceChildren(...(text ? [line] : []));
    }

    #toolbar() {
      const bar = node("div", "editor-bar");
      bar.setAttribute("role", "toolbar");
      bar.ariaLabel = this.words.toolbar;
      const names = Object.keys(ACTIONS).filter((name) => !this.classList.contains("editor-compact") || ACTIONS[name].compact);
      for (const name of names) bar.append(this.#tool(name));
      if (this.dataset.uploadUrl) bar.append(this.#picker());
      const tools = [...bar.children];
      tools.forEach((tool, place) => (tool.tabIndex = place ? -1 : 0));
      bar.addEventListener("keydown", (event) => walk(event, tools));
      if (this.dataset.previewUrl) bar.append(this.#tabs());
      return bar;
    }

    #tool(name) {
      const { key } = ACTIONS[name];
      const label = key ? `${this.words[name]} (${navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl+"}${key.toUpperCase()})` : this.words[name];
      const button = this.#iconButton(name, label);
      button.addEventListener("click", () => runAction(name, this.input, this.words.placeholder));
      return button;
    }

    #picker() {
      const button = this.#iconButton("image", this.words.image);
      const file = Object.assign(document.createElement("input"), { type: "file", multiple: true, hidden: true });
      file.addEventListener("change", () => {
        this.dispatchEvent(new CustomEvent("editor:files", { detail: [...file.files] }));
        file.value = "";
      });
      button.addEventListener("click", () => file.click());
      this.append(file);
      return button;
    }

    #iconButton(drawing, label) {
      const button = Object.assign(node("button", "icon-button"), { type: "button", title: label });
      button.ariaLabel = label;
      button.innerHTML = `<svg class="icon" width="19" height="19" aria-hidden="true"><use href="${this.dataset.icons}#${drawing}"></use></svg>`;
      return button;
    }

    #tabs() {
      const tabs = node("div", "editor-tabs");
      this.write = Object.assign(node("button", "", this.words.write), { type: "button", ariaPressed: "true" });
      this.show = Object.assign(node("button", "", this.words.preview), { type: "button", ariaPressed: "false" });
      this.write.addEventListener("click", () => this.#turn(false));
      this.show.addEventListener("click", () => this.#turn(true));
      tabs.append(this.write, this.show);
      return tabs;
    }

    async #turn(toPreview) {
      this.write.ariaPressed = String(!toPreview);
      this.show.ariaPressed = String(toPreview);
      this.preview ??= this.box.appendChild(node("div", "editor-preview prose prose-talk"));
      this.input.hidden = toPreview;
      this.preview.hidden = !toPreview;
      if (!toPreview) return this.input.focus();
      if (!this.input.value.trim()) return void (this.preview.textContent = this.words.empty_preview);
      try {
        const answer = await send(this.dataset.previewUrl, { body: new URLSearchParams({ source: this.input.value }) });
        this.preview.innerHTML = await answer.text(); // sanitised by the server, as every text we show
        announce(this.preview);
      } catch {
        this.#turn(false);
        this.say(this.words.preview_failed, true);
      }
    }

    #key(event) {
      if (event.isComposing) return;
      if ((event.ctrlKey || event.metaKey) && !event.altKey) {
        const name = Object.keys(ACTIONS).find((each) => ACTIONS[each].key === event.key.toLowerCase());
        if (name) {
          event.preventDefault();
          runAction(name, this.input, this.words.placeholder);
        } else if (event.key === "Enter") {
          this.input.form?.requestSubmit();
        }
      } else if (event.key === "Enter" && !event.shiftKey && !event.defaultPrevented && continueList(this.input)) {
        event.preventDefault();
      }
    }
  },
);

function node(name, className, text = "") {
  return Object.assign(document.createElement(name), { className, textContent: text });
}

/** One stop of the tab key for the whole toolbar; arrows move inside. */
function walk(event, tools) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const place = tools.indexOf(document.activeElement);
  if (!step || place < 0) return;
  const next = tools.at((place + step) % tools.length);
  tools.forEach((tool) => (tool.tabIndex = tool === next ? 0 : -1));
  next.focus();
}
