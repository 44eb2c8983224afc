// Every request that changes something carries the token; what goes wrong is said, not swallowed.
import { toast } from "./toasts.js";

/** The page's CSRF token: from its head when signed in, else from any form; "" where there is neither. */
export function csrfToken() {
  return (
    document.querySelector('meta[name="csrf-token"]')?.content ??
    document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ??
    ""
  );
}

/** fetch() that brings the token and asks for a fragment; rejects on an answer that is an error. */
export async function send(url, { method = "POST", body, signal, headers = {} } = {}) {
  const response = await fetch(url, {
    method,
    body,
    signal,
    headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch", ...headers },
  });
  if (!response.ok) throw Object.assign(new Error(`${method} ${url}: ${response.status}`), { response });
  return response;
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!/^(get|head)$/i.test(ctx.request.method)) ctx.request.headers["X-CSRFToken"] = csrfToken();
});

// A whole page in answer to a request for a piece is a sign-in page or an error: never swapped into a list.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.select || ctx.target === document.body || !/^\s*<!doctype/i.test(ctx.text ?? "")) return;
  event.preventDefault();
  if (ctx.response.raw.redirected) location.assign(ctx.response.raw.url);
  else if (ctx.response.status < 500) toast(headingOf(ctx.text), "error");
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status >= 500) toast(words().failed, "error");
});
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.error instanceof TypeError || detail.error?.name === "AbortError") toast(words().offline, "error");
});

function headingOf(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const said = page.querySelector(".notice-body, .empty-text") ?? page.querySelector("main p, h1");
  return said?.textContent.trim() || words().failed;
}

function words() {
  return document.querySelector("toast-region")?.dataset ?? {};
}

// data-confirm on a form: one question before something that cannot be undone.
document.addEventListener(
  "submit",
  (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);
