// Menus close when one looks elsewhere; links with data-dialog open their dialog instead of their page.

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".menu-item")) menu.open = false;
  }
  const opener = event.target.closest?.("[data-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) openDialog(event, opener.dataset.dialog);
  const invoker = event.target.closest?.("[commandfor]");
  if (invoker && !("command" in HTMLButtonElement.prototype)) openDialog(event, invoker.getAttribute("commandfor"));
  if (event.target.matches?.("dialog.dialog")) closeIfOutside(event);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Arrow keys walk through an open menu.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const place = items.indexOf(document.activeElement);
  items.at((place + step + (place < 0 && step < 0 ? 1 : 0)) % items.length)?.focus();
  event.preventDefault();
});

// The drawer of spaces is a popover: once a space is chosen on a page that htmx changes, it closes.
document.addEventListener("htmx:after:swap", () => document.querySelector("#spaces:popover-open")?.hidePopover());

// A form in the shared dialog that was answered with "HX-Trigger: closeDialog" closes it.
document.addEventListener("closeDialog", () => document.querySelector("dialog[open]")?.close());

// Errors of a form are read out and scrolled to when the page comes back with them.
document.querySelector("[data-focus]")?.focus();

function openDialog(event, id) {
  const dialog = document.getElementById(id);
  if (!dialog) return;
  event.preventDefault();
  if (id === "page-dialog") document.getElementById("page-dialog-body").replaceChildren();
  if (!dialog.open) dialog.showModal();
}

function closeIfOutside(event) {
  const box = event.target.getBoundingClientRect();
  const inside =
    event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) event.target.close();
}
