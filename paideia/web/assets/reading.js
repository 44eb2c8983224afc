/**
 * What a text needs that is read with the keyboard or copied from: listings get a copy button, and whatever is
 * wider than the column can be scrolled without a mouse.
 */
export function enhance(root) {
  for (const listing of root.querySelectorAll("pre.highlight:not([data-copy])")) addCopy(listing);
  for (const wide of root.querySelectorAll(".prose :is(table, pre)")) scrollable(wide);
}

/** Makes `element` a stop of the tab key if it scrolls sideways. */
export function scrollable(element) {
  if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
}

function addCopy(listing) {
  const words = document.querySelector("toast-region")?.dataset ?? {};
  listing.dataset.copy = "";
  const button = document.createElement("copy-button");
  button.dataset.text = listing.textContent;
  button.dataset.done = words.copied ?? "";
  const inner = Object.assign(document.createElement("button"), { type: "button", textContent: words.copy ?? "" });
  inner.className = "button button-plain button-small";
  button.append(inner);
  listing.append(button);
}
