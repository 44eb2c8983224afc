// <reading-beacon data-url data-consent="yes" data-subject="document:12">: what was read, for how long, how far.
// Without data-subject it is the page's [data-document].
// Nothing is measured or sent without consent. Times count only while the page is visible and somebody is there.
import { csrfToken } from "../requests.js";

const IDLE_SECONDS = 60;
const BATCH_MAX = 40;
const EVERY_MS = 20_000;

customElements.define(
  "reading-beacon",
  class extends HTMLElement {
    #queue = [];
    #visible = 0;
    #told = 0;
    #since = null;
    #depth = 0;
    #toldDepth = 0;
    #timer = 0;
    #idle = 0;
    #off = new AbortController();

    get #subject() {
      const shown = document.querySelector("[data-document]")?.dataset.document;
      return this.dataset.subject ?? (shown ? `document:${shown}` : "");
    }

    connectedCallback() {
      if (this.dataset.consent !== "yes" || !this.dataset.url) return;
      const options = { passive: true, signal: this.#off.signal };
      this.#note("page.opened", { referrer: sameSite(document.referrer), width: innerWidth });
      for (const name of ["scroll", "pointermove", "keydown", "touchstart"]) addEventListener(name, () => this.#awake(), options);
      addEventListener("scroll", () => this.#measure(), options);
      document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#awake()), options);
      addEventListener("pagehide", () => this.#leave(), options);
      for (const name of ["play", "pause", "ended", "seeked"]) {
        document.addEventListener(name, (event) => this.#played(event), { ...options, capture: true });
      }
      this.#timer = setInterval(() => this.#flush(), EVERY_MS);
      this.#awake();
      this.#measure();
    }

    disconnectedCallback() {
      this.#leave();
      this.#off.abort();
      clearInterval(this.#timer);
    }

    #awake() {
      if (document.hidden) return;
      this.#since ??= performance.now();
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#rest(), IDLE_SECONDS * 1000);
    }

    #rest() {
      if (this.#since !== null) this.#visible += performance.now() - this.#since;
      this.#since = null;
    }

    #seconds() {
      return Math.round((this.#visible + (this.#since === null ? 0 : performance.now() - this.#since)) / 1000);
    }

    /** How far down the text (or the page, where there is none) the reader has been, 0–1. */
    #measure() {
      const text = document.querySelector("[data-reading], main .prose") ?? document.querySelector("main");
      const box = text?.getBoundingClientRect();
      if (box?.height) this.#depth = Math.max(this.#depth, Math.min(1, (innerHeight - box.top) / box.height));
    }

    #played({ type, target }) {
      if (!(target instanceof HTMLMediaElement) || !Number.isFinite(target.duration)) return;
      this.#note(`video.${{ play: "started", pause: "paused", ended: "ended", seeked: "moved" }[type]}`, {
        position: Math.round(target.currentTime),
        length: Math.round(target.duration),
      });
    }

    #note(verb, detail) {
      this.#queue.push({ verb, subject: this.#subject, path: location.pathname, at: new Date().toISOString(), ...detail });
      if (this.#queue.length >= BATCH_MAX) this.#flush();
    }

    #leave() {
      this.#rest();
      this.#flush();
    }

    #flush() {
      const seconds = this.#seconds();
      if (seconds > this.#told || this.#depth > this.#toldDepth + 0.02) {
        this.#queue.push({
          verb: "page.read",
          subject: this.#subject,
          path: location.pathname,
          at: new Date().toISOString(),
          seconds: seconds - this.#told,
          depth: Number(this.#depth.toFixed(2)),
        });
        this.#told = seconds;
        this.#toldDepth = this.#depth;
      }
      if (!this.#queue.length) return;
      const body = new FormData();
      body.set("csrfmiddlewaretoken", csrfToken());
      body.set("happenings", JSON.stringify(this.#queue.splice(0)));
      navigator.sendBeacon(this.dataset.url, body);
    }
  },
);

/** The path one came from within this site; other sites are their host alone. */
function sameSite(referrer) {
  try {
    const url = new URL(referrer);
    return url.origin === location.origin ? url.pathname : url.host;
  } catch {
    return "";
  }
}
