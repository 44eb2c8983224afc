// <time-ago><time datetime="…">3 minutes ago</time></time-ago>: keeps a recent moment true while the page is open.
const STEPS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const clocks = new Set();
let timer = 0;

function tell(element) {
  const time = element.querySelector("time");
  if (!time) return;
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  if (Math.abs(seconds) > 86400 || Number.isNaN(seconds)) return; // the server's words stay true for long enough
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? STEPS.at(-1);
  const text = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  const words = text.format(Math.round(seconds / size), unit);
  if (time.textContent !== words && unit !== "second") time.textContent = words;
}

customElements.define(
  "time-ago",
  class extends HTMLElement {
    connectedCallback() {
      clocks.add(this);
      timer ||= setInterval(() => clocks.forEach(tell), 30_000);
    }

    disconnectedCallback() {
      clocks.delete(this);
    }
  },
);
