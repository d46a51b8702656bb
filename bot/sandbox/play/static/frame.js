// Keeps the keyboard inside an open form, as a dialog of the browser's own would, and gives it back afterwards.
// Everything else on the page works by links, forms and htmx; see frame.py.
"use strict";
{
  const desk = document.getElementById("desk");
  let from = null;

  function findFirst(modal) {
    return modal.querySelector("[autofocus]") ?? modal.querySelector(".body :is(input, select, textarea, button, a)")
      ?? modal.querySelector("button:not([hidden]):not([disabled])");
  }

  function look() {
    const modal = document.getElementById("modal");
    const isOpen = modal.querySelector("[role=dialog]") !== null;
    if (isOpen && !desk.inert) from = document.activeElement;
    if (isOpen !== desk.inert) desk.inert = isOpen;
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isOpen && (isLost || !modal.contains(document.activeElement))) findFirst(modal)?.focus();
    if (!isOpen && isLost && from !== null) {
      if (from.isConnected) from.focus();
      from = null;
    }
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}
