// Keeps the keyboard inside an open form, as a dialog of the browser's own would, and gives it back afterwards.
// Everything else on the page works by links, forms and htmx; see frame.py.
"use strict";
{
  const desk = document.getElementById("desk");
  let from = null; // where the keyboard was before the form opened
  let put = null; // where this put it, as long as nobody moved it

  const find = (modal, which) => [...modal.querySelectorAll(which)].find((one) => one.checkVisibility());
  // Not one further down: what stands above it is to be read first.
  const isSeen = (modal, field) =>
    field?.getBoundingClientRect().bottom <= modal.querySelector(".body").getBoundingClientRect().bottom;

  function findField(modal) {
    const field = find(modal, ".body :is(input, select, textarea):not([disabled])");
    return find(modal, "[autofocus]") ?? (isSeen(modal, field) ? field : undefined);
  }

  // A button that was pressed may be gone then: the keyboard goes on with what has come in its place.
  const CONTROLS = ".body :is(input:not([type=hidden]), select, textarea, button, a[href], summary):not([disabled], dialog *)";
  let trail = null; // what stood before whatever has the keyboard, and in which form

  document.addEventListener("focusin", (event) => {
    const form = event.target.closest("#modal form");
    const all = form === null ? [] : [...form.querySelectorAll(CONTROLS)];
    const place = all.indexOf(event.target);
    trail = place < 0 ? null : { formId: form.id, before: all.slice(0, place) };
  });

  function findSuccessor(modal) {
    const form = modal.querySelector("form");
    if (trail === null || form?.id !== trail.formId) return undefined;
    const all = [...form.querySelectorAll(CONTROLS)].filter((one) => one.checkVisibility());
    const kept = trail.before.findLast((one) => all.includes(one));
    return all[all.indexOf(kept) + 1];
  }

  function enter(modal) {
    const here = document.activeElement;
    const isOutside = !modal.contains(here);
    const next = isOutside ? findSuccessor(modal) : undefined;
    if (next !== undefined) return next.focus();
    const field = findField(modal);
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
