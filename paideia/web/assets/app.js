// What every page carries: htmx, and the small behaviours of the shell. The rest is loaded where it is shown.
import "htmx.org/dist/htmx.esm.js";
import "./requests.js";
import "./overlays.js";
import "./elements/toast-region.js";
import "./elements/time-ago.js";
import "./elements/theme-toggle.js";
import "./elements/copy-button.js";
import "./elements/password-reveal.js";
import { watchFor } from "./loading.js";

watchFor({
  "md-editor": () => import("./elements/md-editor.js"),
  "reading-beacon": () => import("./elements/reading-beacon.js"),
  "video-player": () => import("./elements/video-player.js"),
  "wechat-pay": () => import("./elements/wechat-pay.js"),
  "data-chart": () => import("./elements/data-chart.js"),
  ".math": () => import("./formulas.js"),
  ".prose :is(table, pre)": () => import("./reading.js"),
});

const worker = document.body.dataset.worker;
if (worker && "serviceWorker" in navigator) navigator.serviceWorker.register(worker).catch(() => {});
