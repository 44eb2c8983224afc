// <toast-region>: shows what happened. The server may send it with a page (Django's messages) or with
// "HX-Trigger: {"toast": {"text": "…", "kind": "success"}}".
const SECONDS = { info: 6, success: 5, warning: 9, error: 9 };
const DRAWING = { info: "note", success: "check-circle", warning: "alert", error: "alert" };

customElements.define(
  "toast-region",
  class extends HTMLElement {
    connectedCallback() {
      for (const shown of this.querySelectorAll(".toast")) this.#live(shown);
      document.addEventListener("toast", this);
    }

    disconnectedCallback() {
      document.removeEventListener("toast", this);
    }

    handleEvent({ detail }) {
      const { text, kind = "info" } = typeof detail === "string" ? { text: detail } : (detail.value ?? detail);
      if (!text) return;
      const box = document.createElement("div");
      box.className = `toast toast-${kind}`;
      box.append(this.#drawing(DRAWING[kind] ?? "note", 20));
      box.append(Object.assign(document.createElement("p"), { textContent: text }));
      const close = Object.assign(document.createElement("button"), { type: "button", className: "icon-button toast-close" });
      close.ariaLabel = this.dataset.close;
      close.append(this.#drawing("close", 18));
      box.append(close);
      this.append(box);
      this.#live(box);
      while (this.children.length > 4) this.firstElementChild.remove();
    }

    #live(box) {
      const close = box.querySelector(".toast-close");
      const kind = Object.keys(SECONDS).find((name) => box.classList.contains(`toast-${name}`)) ?? "info";
      close.hidden = false;
      close.addEventListener("click", () => box.remove());
      // It waits for as long as somebody reads it with pointer or keyboard.
      let timer = 0;
      const leave = () => {
        box.classList.add("toast-leaving");
        setTimeout(() => box.remove(), 220);
      };
      const start = () => (timer = setTimeout(leave, SECONDS[kind] * 1000));
      for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
      for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, start);
      start();
    }

    #drawing(name, size) {
      const box = document.createElement("span");
      box.innerHTML = `<svg class="icon" width="${size}" height="${size}" aria-hidden="true"><use href="${this.dataset.icons}#${name}"></use></svg>`;
      return box.firstElementChild;
    }
  },
);
