/** Puts a copy button on listings; what is copied is the text, without line marks. */
export function enhance(root) {
  const words = document.querySelector("toast-region")?.dataset ?? {};
  for (const listing of root.querySelectorAll("pre.highlight:not([data-copy])")) {
    listing.dataset.copy = "";
    listing.tabIndex = 0; // wide listings scroll by keyboard too
    const button = document.createElement("copy-button");
    button.dataset.text = listing.textContent;
    button.dataset.done = words.copied ?? "";
    const inner = document.createElement("button");
    inner.type = "button";
    inner.className = "button button-plain button-small";
    inner.textContent = words.copy ?? "";
    button.append(inner);
    listing.append(button);
  }
}
