// Keeps the keyboard inside an open form, as a dialog of the browser's own would, and gives it back afterwards.
// Everything else on the page works by links, forms and htmx; see frame.py.
"use strict";
{
  const desk = document.getElementById("desk");
  let from = null; // where the keyboard was before the form opened
  let put = null; // where this put it, as long as nobody moved it

  const find = (modal, which) => [...modal.querySelectorAll(which)].find((one) => one.checkVisibility());
  const findField = (modal) =>
    find(modal, "[autofocus]") ?? find(modal, ".body :is(input, select, textarea):not([disabled])");

  function enter(modal) {
    const here = document.activeElement;
    const field = findField(modal);
    const isOutside = !modal.contains(here);
    // A form that was still loading had no field to begin with.
    if (isOutside || (here === put && field && !here.closest(".body"))) {
      put = field ?? find(modal, "button:not([disabled])");
      put?.focus();
    } else if (here !== put) put = null;
  }

  function leave() {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost && from?.isConnected) from.focus();
    from = put = null;
  }

  function look() {
    const modal = document.getElementById("modal");
    const isOpen = modal.querySelector("[role=dialog]") !== null;
    if (isOpen && !desk.inert) from = document.activeElement;
    const isClosed = !isOpen && desk.inert;
    if (desk.inert !== isOpen) desk.inert = isOpen;
    if (isOpen) enter(modal);
    if (isClosed) leave();
  }

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}
