// Keeps one page for when there is no connection. Everything else is the browser's own cache and the server's word.
const OFFLINE = {{ offline|tojson }};
const KEPT = [OFFLINE, {{ style|tojson }}, {{ icons|tojson }}];
const SHELF = "offline:" + KEPT.join("|");

self.addEventListener("install", (event) => {
  // Without cookies: what is kept on a shared device is what a stranger sees.
  const requests = KEPT.map((url) => new Request(url, { credentials: "omit", cache: "reload" }));
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(requests)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const scope = new URL(self.registration.scope).pathname;
    for (const name of await caches.keys()) {
      if (name.startsWith("offline:" + scope) && name !== SHELF) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET") {
    event.respondWith(fetch(request).catch(async () => (await caches.match(OFFLINE)) ?? Response.error()));
  } else if (KEPT.slice(1).some((url) => new URL(url, location).href === request.url)) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) ?? Response.error()));
  }
});
