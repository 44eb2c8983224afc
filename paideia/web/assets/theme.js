// Runs before the first paint: a visitor's choice of light or dark, so that the page never flashes.
try {
  const theme = localStorage.getItem("theme");
  const root = document.documentElement;
  if (!root.dataset.theme && (theme === "light" || theme === "dark")) root.dataset.theme = theme;
} catch {
  // Storage may be closed; the device's own choice holds.
}
