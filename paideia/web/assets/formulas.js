// Formulas arrive as TeX in .math elements and stay readable as such; KaTeX sets them where they are shown.
import katex from "katex";
import { scrollable } from "./reading.js";

const style = Object.assign(document.createElement("link"), {
  rel: "stylesheet",
  href: new URL(FORMULAS_CSS, import.meta.url).href,
});
const styled = new Promise((resolve) => {
  style.addEventListener("load", resolve, { once: true });
  style.addEventListener("error", resolve, { once: true });
});
document.head.append(style);

/** Sets every formula below `root` that is not set yet. */
export async function enhance(root) {
  await styled;
  for (const element of root.querySelectorAll(".math:not([data-set])")) {
    element.dataset.set = "";
    katex.render(element.textContent, element, {
      displayMode: element.classList.contains("display"),
      throwOnError: false,
      strict: false,
      trust: false,
      maxExpand: 500,
      maxSize: 40,
    });
  }
  // How wide they are is known only once their fonts are here.
  requestAnimationFrame(async () => {
    await document.fonts.ready;
    root.querySelectorAll(".math.display").forEach(scrollable);
  });
}
