// <video-player data-key="…">: a native <video> or <audio> that goes on where it stopped; plays HLS everywhere.
const KEPT_SECONDS = 10;

customElements.define(
  "video-player",
  class extends HTMLElement {
    #media;
    #saved = 0;

    connectedCallback() {
      this.#media = this.querySelector("video, audio");
      if (!this.#media) return;
      this.#playlists();
      if (this.dataset.key) this.#remember();
      this.addEventListener("click", (event) => {
        const chapter = event.target.closest("[data-seconds]");
        if (!chapter) return;
        event.preventDefault();
        this.#media.currentTime = Number(chapter.dataset.seconds);
        this.#media.play();
      });
    }

    async #playlists() {
      const source = this.querySelector('source[type="application/vnd.apple.mpegurl"], source[src$=".m3u8"]');
      if (!source || this.#media.canPlayType("application/vnd.apple.mpegurl")) return;
      const { default: Hls } = await import("hls.js/dist/hls.light.mjs");
      if (!Hls.isSupported()) return;
      const player = new Hls({ capLevelToPlayerSize: true });
      player.loadSource(source.src);
      player.attachMedia(this.#media);
    }

    #remember() {
      const key = `position:${this.dataset.key}`;
      const media = this.#media;
      media.addEventListener("loadedmetadata", () => this.#resume(Number(storage(key)) || 0), { once: true });
      media.addEventListener("timeupdate", () => {
        if (Math.abs(media.currentTime - this.#saved) < 5) return;
        this.#saved = media.currentTime;
        storage(key, media.currentTime > media.duration - KEPT_SECONDS ? "" : String(Math.floor(media.currentTime)));
      });
    }

    #resume(seconds) {
      if (seconds < KEPT_SECONDS || seconds > this.#media.duration - KEPT_SECONDS) return;
      this.#media.currentTime = seconds;
      if (this.#media.tagName !== "VIDEO" || !this.dataset.resumed) return;
      const note = Object.assign(document.createElement("p"), { className: "video-resumed", role: "status" });
      const clock = new Date(seconds * 1000).toISOString().slice(seconds < 3600 ? 14 : 11, 19);
      note.append(this.dataset.resumed.replace("{time}", clock), " ");
      const restart = Object.assign(document.createElement("button"), { type: "button", textContent: this.dataset.restart });
      restart.addEventListener("click", () => {
        this.#media.currentTime = 0;
        note.remove();
      });
      note.append(restart);
      this.append(note);
      setTimeout(() => note.remove(), 8000);
    }
  },
);

/** Reads a kept value, or keeps one; silently nothing where storage is closed. */
function storage(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(key);
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    return null;
  }
}
