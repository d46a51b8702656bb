"use strict";
// Two things only: the clock before the door opens, and one press where somebody clicks twice. Everything that matters
// is judged by the server; without this script one reloads the page.
const button = document.getElementById("join");
const left = document.getElementById("left");

if (left) {
  const opensAt = Date.now() + Number(left.dataset.seconds) * 1000;
  const wait = document.getElementById("wait");
  // No <noscript>: where a browser's own settings forbid scripts, Chromium shows nothing of it.
  document.getElementById("without").hidden = true;
  const write = (seconds) => {
    const hours = Math.floor(seconds / 3600);
    const numbers = { h: hours, m: Math.floor(seconds / 60) % 60, s: seconds % 60 };
    const words = hours ? left.dataset.hours : left.dataset.minutes;
    // Further away nobody watches a clock run.
    left.textContent = hours < 24 ? words.replace(/%([hms])/g, (_, unit) => numbers[unit]) : "";
  };
  const tick = () => {
    const seconds = Math.ceil((opensAt - Date.now()) / 1000);
    if (seconds <= 0) {
      left.textContent = "";
      wait.textContent = wait.dataset.after;
      button.disabled = false;
      return;
    }
    write(seconds);
    setTimeout(tick, Math.max(50, (opensAt - Date.now()) % 1000 || 1000));
  };
  tick();
}

button.form.addEventListener("submit", (event) => {
  if (button.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    return;
  }
  button.setAttribute("aria-disabled", "true");
  // The room may have opened in another tab, or nothing came: then one may press again.
  setTimeout(() => button.removeAttribute("aria-disabled"), 8000);
});

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
