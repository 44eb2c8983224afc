// <copy-button data-text="…" data-done="Copied">: copies, and says so. Hidden where copying is impossible.
import { toast } from "../toasts.js";

customElements.define(
  "copy-button",
  class extends HTMLElement {
    connectedCallback() {
      if (!navigator.clipboard) return;
      this.hidden = false;
      this.addEventListener("click", async () => {
        await navigator.clipboard.writeText(this.dataset.text);
        if (this.dataset.done) toast(this.dataset.done, "success");
      });
    }
  },
);
