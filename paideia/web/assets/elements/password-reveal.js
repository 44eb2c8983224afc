// <password-reveal data-show data-hide>: a button that shows what was typed.
customElements.define(
  "password-reveal",
  class extends HTMLElement {
    connectedCallback() {
      const input = this.querySelector("input");
      const icons = document.querySelector("toast-region")?.dataset.icons;
      if (!input || !icons || this.querySelector("button")) return;
      const button = Object.assign(document.createElement("button"), { type: "button", className: "icon-button" });
      const show = (shown) => {
        input.type = shown ? "text" : "password";
        button.ariaLabel = button.title = shown ? this.dataset.hide : this.dataset.show;
        button.innerHTML = `<svg class="icon" width="20" height="20" aria-hidden="true"><use href="${icons}#${shown ? "eye-off" : "eye"}"></use></svg>`;
      };
      button.addEventListener("click", () => show(input.type === "password"));
      input.form?.addEventListener("submit", () => show(false)); // browsers offer to keep passwords only
      show(false);
      this.append(button);
    }
  },
);
