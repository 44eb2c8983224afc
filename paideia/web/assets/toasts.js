/** Shows a short text at the edge of the page; kind: info | success | warning | error. */
export function toast(text, kind = "info") {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind } }));
}
