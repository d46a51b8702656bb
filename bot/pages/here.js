// Says that this room is open: at entering, once a minute, also behind other windows (who looks something up is still
// there), and at leaving. Nothing but "joined" and "left" is ever said.
const stage = document.getElementById("stage");
const address = stage.dataset.here;
const pause = Number(stage.dataset.every) * 1000;
let timer = null;

const isInside = () => stage.dataset.inside === "true";
const stop = () => {
  clearInterval(timer);
  timer = null;
};
const say = async () => {
  const answer = await fetch(address, { method: "POST", body: "joined", keepalive: true }).catch(() => null);
  if (answer && [403, 404, 410].includes(answer.status)) stop();
};
const begin = () => {
  if (timer !== null) return;
  say();
  timer = setInterval(say, pause);
};
const end = () => {
  if (timer === null) return;
  stop();
  navigator.sendBeacon(address, "left");
};

new MutationObserver(() => (isInside() ? begin() : end())).observe(stage, { attributeFilter: ["data-inside"] });
if (isInside()) begin();
addEventListener("pagehide", end);
addEventListener("pageshow", () => isInside() && begin());
// A telephone stops the clock of a page that nobody sees: it says so as soon as it runs again.
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && timer !== null && say());
