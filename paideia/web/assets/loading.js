/**
 * Loads what a page shows and nothing else.
 *
 * `wanted` maps a selector to a function that imports its module. Each is imported once, when the first
 * match appears, also after htmx has changed the page. A module that exports `enhance(root)` is called
 * with every new piece of the page; custom elements need nothing.
 */
export function watchFor(wanted) {
  const loaded = new Map();
  const look = (root) => {
    for (const [selector, load] of Object.entries(wanted)) {
      if (!root.querySelector(selector) && !root.matches?.(selector)) continue;
      if (!loaded.has(selector)) loaded.set(selector, load());
      loaded.get(selector).then(
        (module) => module.enhance?.(root),
        () => loaded.delete(selector), // offline: the next look tries again
      );
    }
  };
  look(document.body);
  document.addEventListener("htmx:after:swap", () => look(document.body));
  document.addEventListener("content:shown", (event) => look(event.target));
}

/** Tells the page that `element` has new content, as the editor's preview does. */
export function announce(element) {
  element.dispatchEvent(new CustomEvent("content:shown", { bubbles: true }));
}
