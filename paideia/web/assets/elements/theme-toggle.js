// <theme-toggle>: device, light or dark; kept in this browser and, when signed in, in the profile (data-url).
import { send } from "../requests.js";

const CHOICES = [
  ["system", "device"],
  ["light", "sun"],
  ["dark", "moon"],
];

customElements.define(
  "theme-toggle",
  class extends HTMLElement {
    connectedCallback() {
      this.setAttribute("role", "group");
      this.ariaLabel = this.dataset.label;
      this.innerHTML = CHOICES.map(
        ([key, drawing]) =>
          `<button type="button" value="${key}" aria-label="${this.dataset[key]}" title="${this.dataset[key]}"><svg class="icon" width="18" height="18" aria-hidden="true"><use href="${this.dataset.icons}#${drawing}"></use></svg></button>`,
      ).join("");
      this.addEventListener("click", (event) => {
        const choice = event.target.closest("button")?.value;
        if (choice) this.#choose(choice);
      });
      this.#show(document.documentElement.dataset.theme ?? "system");
    }

    #choose(theme) {
      if (theme === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // Without storage the choice lasts for this page.
      }
      this.#show(theme);
      document.dispatchEvent(new CustomEvent("theme:changed"));
      if (this.dataset.url) send(this.dataset.url, { body: new URLSearchParams({ theme }) }).catch(() => {});
    }

    #show(theme) {
      for (const button of this.querySelectorAll("button")) button.ariaPressed = String(button.value === theme);
    }
  },
);
