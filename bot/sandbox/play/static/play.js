// What Slack's client does with a person's hands: forms are sent without leaving the page, fields report when they
// should, what came to nothing is said, and the keyboard alone does all of it. What changes comes over the live stream;
// where the focus is in forms is frame.js's.
"use strict";

(() => {
  const TYPING_MS = 400; // a pause in typing, for fields that report while somebody types
  const PICKING_MS = 700; // date and time are typed piece by piece, and each piece is a change
  const SUGGESTING_MS = 80;
  const PATIENT_MS = 400; // Slack waits for three seconds; by then somebody wants to know that it does

  const find = (selector, within = document) => within.querySelector(selector);
  const byId = (id) => document.getElementById(id);

  // -- Saying ---------------------------------------------------------------------------------------------------------

  let speaking;

  function say(text) {
    clearTimeout(speaking);
    byId("said").textContent = ""; // so that the same words are spoken again
    if (text !== "") speaking = setTimeout(() => { byId("said").textContent = text; }, 50);
  }

  // It lies above the newest message, so it goes as soon as somebody goes on; what they do then is said anew.
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => { if (byId("said").textContent !== "") byId("said").textContent = ""; }, true);
  }

  // -- Sending --------------------------------------------------------------------------------------------------------

  const sending = new WeakSet(); // forms on their way: Slack's client sends no form twice at once
  let inOrder = Promise.resolve();

  // True: done, and what was typed may go.
  async function post(address, pairs) {
    let answer;
    const waits = setTimeout(() => say("Sending…"), PATIENT_MS);
    try {
      answer = await fetch(address, { method: "POST", body: new URLSearchParams(pairs), keepalive: true });
      clearTimeout(waits);
      say(answer.status === 204 ? "" : (await answer.text()).trim());
    } catch {
      say("The school does not answer: is “make play” still running? What you typed is still here.");
      return false;
    } finally {
      clearTimeout(waits);
    }
    const wrong = answer.headers.get("Play-Wrong");
    if (wrong !== null) {
      wrongBlock = decodeURIComponent(wrong);
      goToWrong();
    }
    return answer.ok && !answer.headers.has("Play-Stays");
  }

  // What a press in a message does does not wait for the one before, as at Slack; forms are sent one after the other.
  function send(form, pairs) {
    const address = form.getAttribute("action");
    if (form.dataset.surface === "message") return post(address, pairs);
    inOrder = inOrder.then(() => post(address, pairs));
    return inOrder;
  }

  function readPairs(form, button) {
    stopWaiting(form); // whatever a field was about to report goes along
    return [...new FormData(form, button).entries()];
  }

  async function submit(form, button) {
    const isFinal = button?.name === "view" && button.value === "submit";
    if (isFinal && sending.has(form)) return;
    if (isFinal) sending.add(form);
    try {
      const isDone = await send(form, readPairs(form, button));
      // A form that goes on, with an answer or a question, says so at its top.
      if (isFinal && isDone && form.isConnected) find(".body", form).scrollTop = 0;
    } finally {
      if (isFinal) sending.delete(form);
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.surface) return;
    event.preventDefault();
    const button = event.submitter;
    button?.closest("dialog")?.close();
    closeMenu(button?.closest("details.menu"));
    if (form.dataset.surface === "composer") sendTyped(form);
    else submit(form, button);
  });

  // A link button opens its address by itself, in a window of its own; the press is told beside that.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-name]");
    if (link === null) return;
    const form = link.closest("form");
    link.closest("dialog")?.close();
    send(form, [...readPairs(form), [link.dataset.name, link.dataset.value]]);
  });

  // -- Fields that report ---------------------------------------------------------------------------------------------

  const waiting = new Map(); // field -> timer

  function stopWaiting(form) {
    for (const [field, timer] of waiting) {
      if (field.form !== form) continue;
      clearTimeout(timer);
      waiting.delete(field);
    }
  }

  function report(field) {
    const form = field.form;
    if (form !== null) send(form, [...readPairs(form), ["reports", field.name]]);
  }

  function reportAfter(field, milliseconds) {
    clearTimeout(waiting.get(field));
    waiting.set(field, setTimeout(() => report(field), milliseconds));
  }

  const isReporting = (field, when) => (field.dataset?.reports ?? "").split(" ").includes(when);
  const isPickedInPieces = (field) => ["date", "time", "datetime-local"].includes(field.type);

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (isOneTooMany(field)) return;
    if (!isReporting(field, "change")) return;
    if (isPickedInPieces(field)) reportAfter(field, PICKING_MS);
    else report(field);
  });

  document.addEventListener("input", (event) => {
    if (isReporting(event.target, "on_character_entered")) reportAfter(event.target, TYPING_MS);
  });

  function isOneTooMany(field) {
    const most = Number(field.closest("[data-most]")?.dataset.most ?? 0);
    if (most === 0 || !field.checked) return false;
    const chosen = field.closest("[data-most]").querySelectorAll("input:checked").length;
    if (chosen <= most) return false;
    field.checked = false;
    say(`No more than ${most} can be chosen.`);
    return true;
  }

  // -- What is wrong with a form --------------------------------------------------------------------------------------

  let wrongBlock = null; // where somebody is to go on, as soon as it shows what is wrong there

  function goToWrong() {
    if (wrongBlock === null) return;
    const inBlock = [...document.querySelectorAll("#modal [data-block-id]")].filter(
      (field) => field.dataset.blockId === wrongBlock && field.closest("[aria-invalid=true]") !== null,
    );
    if (inBlock.length === 0) return; // not drawn yet
    wrongBlock = null;
    inBlock[0].focus();
    inBlock[0].scrollIntoView({ block: "nearest" });
  }

  new MutationObserver(() => {
    goToWrong();
    keepPlace();
  }).observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-invalid"],
  });

  // -- Messages that are drawn anew ----------------------------------------------------------------------------------

  let pressed = null; // what had the focus in a message or the Home tab, whose buttons come and go

  document.addEventListener("focusin", (event) => {
    const form = event.target.closest("[data-surface=message], [data-surface=home]");
    pressed = form && { element: event.target, formId: form.id, actionId: event.target.dataset.actionId };
  });

  function keepPlace() {
    if (pressed === null || pressed.element.isConnected || document.activeElement !== document.body) return;
    const form = byId(pressed.formId);
    if (form === null || form.closest("[inert]") !== null) return;
    const controls = [...form.querySelectorAll("a[data-name], button:not([disabled], dialog *), summary, select")];
    const same = controls.find((one) => one.dataset.actionId === pressed.actionId);
    (same ?? controls.at(-1))?.focus({ preventScroll: true });
  }

  // -- Lists of people: arrows move, letters find, and Tab goes on behind the list -----------------------------------

  let sought = "";
  let seeking;

  function seek(letter, boxes, here) {
    clearTimeout(seeking);
    seeking = setTimeout(() => { sought = ""; }, 1000);
    sought += letter.toLowerCase();
    const begins = (box) => box.closest("label").textContent.trim().toLowerCase().startsWith(sought);
    const after = boxes.indexOf(here) + (sought.length === 1 ? 1 : 0);
    return [...boxes.slice(after), ...boxes.slice(0, after)].find(begins);
  }

  document.addEventListener("keydown", (event) => {
    const here = event.target;
    const list = here.closest?.(".several");
    if (!list || event.ctrlKey || event.metaKey || event.altKey) return;
    const boxes = [...list.querySelectorAll("input[type=checkbox]")];
    if (event.key === "Tab") {
      sought = "";
      boxes.at(event.shiftKey ? 0 : -1).focus({ preventScroll: true }); // and from there the browser goes on
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    const isLetter = event.key.length === 1 && event.key !== " ";
    if (!isLetter) sought = "";
    const next = step !== 0 ? boxes[boxes.indexOf(here) + step] : isLetter ? seek(event.key, boxes, here) : null;
    if (step === 0 && !isLetter) return;
    event.preventDefault();
    next?.focus();
  });

  // -- Keys and menus -------------------------------------------------------------------------------------------------

  function closeMenu(menu) {
    if (!menu?.open) return;
    menu.open = false;
    if (menu.contains(document.activeElement)) find("summary", menu).focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const field = event.target;
    if (event.key === "Enter" && isReporting(field, "on_enter_pressed")) {
      event.preventDefault();
      report(field);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.tagName === "TEXTAREA") {
      field.form?.requestSubmit();
    } else if (event.key === "Escape") {
      escape(event);
    }
  });

  function escape(event) {
    if (find("dialog[open]") !== null) return; // the browser closes it
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) return closeMenu(menu);
    const form = find("#modal form");
    const close = form && find("button[name=view][value=close]", form);
    if (close) form.requestSubmit(close);
  }

  // One menu at a time, and none when somebody goes on elsewhere.
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        if (!menu.contains(event.target) && !menu.querySelector("dialog[open]")) menu.open = false;
      }
    });
  }

  // Browsers that do not know commands yet.
  if (!("command" in HTMLButtonElement.prototype)) {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button[commandfor]");
      if (button === null) return;
      const dialog = byId(button.getAttribute("commandfor"));
      if (button.getAttribute("command") === "show-modal") dialog.showModal();
      else dialog.close();
    });
  }

  // -- The composer ---------------------------------------------------------------------------------------------------

  const typed = () => byId("composer/text");
  const list = () => byId("composer/list");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const active = () => options().find((one) => one.getAttribute("aria-selected") === "true");
  let asked = 0; // answers to anything but the latest question come too late
  let asking;

  async function sendTyped(form) {
    hideList();
    const field = typed();
    const sent = field.value;
    if (await send(form, [["text", sent]])) {
      if (field.value === sent) field.value = "";
      keepDraft();
    }
  }

  function hideList() {
    asked += 1;
    clearTimeout(asking);
    list().hidden = true;
    typed().setAttribute("aria-expanded", "false");
    typed().removeAttribute("aria-activedescendant");
  }

  async function suggest() {
    const number = (asked += 1);
    const field = typed();
    const query = new URLSearchParams({ text: field.value, at: field.selectionEnd });
    const answer = await fetch(`${field.form.dataset.complete}?${query}`).catch(() => null);
    if (number !== asked || !answer?.ok) return;
    const drawn = document.createElement("template");
    drawn.innerHTML = await answer.text();
    if (number !== asked) return;
    list().replaceWith(drawn.content.firstElementChild);
    field.setAttribute("aria-expanded", String(!list().hidden));
    field.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    const field = typed();
    const { begin, end } = list().dataset;
    field.setRangeText(option.dataset.text, Number(begin), Number(end), "end");
    field.focus();
    keepDraft();
    hideList();
    suggest(); // what may follow it
  }

  function move(step) {
    const all = options();
    const next = all[(all.indexOf(active()) + step + all.length + (active() ? 0 : step < 0 ? 1 : 0)) % all.length];
    for (const one of all) one.setAttribute("aria-selected", String(one === next));
    typed().setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }

  function handleKey(event) {
    if (event.isComposing || list().hidden) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") hideList();
    else if (event.key === "Tab" && !event.shiftKey) choose(active() ?? options()[0]);
    else if (event.key === "Enter" && active()) choose(active());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const NEXT = "to type next";
  const draftName = () => typed().form.getAttribute("action");
  const keepDraft = () => sessionStorage.setItem(draftName(), typed().value);

  function startComposer() {
    const field = typed();
    if (field === null) return;
    const next = sessionStorage.getItem(NEXT);
    sessionStorage.removeItem(NEXT);
    field.value = next ?? sessionStorage.getItem(draftName()) ?? "";
    if (next !== null) field.focus();
    field.addEventListener("keydown", handleKey);
    field.addEventListener("blur", hideList);
    field.addEventListener("input", () => {
      keepDraft();
      clearTimeout(asking);
      asking = setTimeout(suggest, SUGGESTING_MS);
    });
    // Pressing a suggestion must not take the focus from where somebody types.
    find(".typing").addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option === null) return;
      event.preventDefault();
      choose(option);
    });
  }

  // What the page suggests to type: put where it belongs, and sent only by whoever reads it there.
  document.addEventListener("click", (event) => {
    const words = event.target.closest("[data-types]")?.dataset.types;
    if (words === undefined) return;
    const field = typed();
    if (field === null) {
      sessionStorage.setItem(NEXT, words);
      location.assign("./"); // from the Home tab to the conversation
      return;
    }
    field.value = words;
    field.focus();
    keepDraft();
  });

  startComposer();
})();
