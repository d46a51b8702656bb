// A space of the stand-in Lessonspace: connects by the link's token as soon as the page is open, and shows who is there.
import { RoomView, findBrowser, goToOwnHost, listen } from "/inside/room.js";

const KEY = "browser"; // what a single-use link is tied to, kept as the real one keeps it
const query = new URLSearchParams(location.search);
const stage = document.getElementById("room");
const note = "A stand-in for Lessonspace: no camera, no sound, no board. Who may come in is judged as there.";
let view;
let isIdle = false;

const findKey = () => {
  const known = localStorage.getItem(KEY);
  const key = known ?? `${findBrowser().name} ${crypto.randomUUID()}`;
  if (known === null) localStorage.setItem(KEY, key);
  return key;
};

const join = async () => {
  isIdle = false;
  view.show({ state: "Coming in…" });
  const told = { user: query.get("user") ?? "", room: query.get("room") ?? "", browser: findKey() };
  const body = JSON.stringify(told);
  const answer = await fetch("/connections/", { method: "POST", body, headers: { "Content-Type": "application/json" } })
    .catch(() => null);
  if (answer === null) return stayOut("The room does not answer.");
  const said = await answer.json();
  return answer.ok ? stay(`/connections/${said.connection}/`) : stayOut(said.words);
};

const stayOut = (words) => view.show({ state: words, buttons: { "Try again": join } });

const stay = (address) => {
  const act = (deed, told = null) => fetch(`${address}${deed}/`, {
    method: "POST",
    ...(told && { body: JSON.stringify(told), headers: { "Content-Type": "application/json" } }),
  });
  let end = "The room does not answer any more.";
  listen(`${address}live/`, {
    hear: (told) => {
      if (told.end) end = told.end;
      else show(told, act);
    },
    close: () => view.show({ state: end, buttons: { "Come back": join } }),
  });
};

const show = (told, act) => {
  isIdle = told.people.some((one) => one.isMe && one.isAway);
  const rest = isIdle ? { "I’m back": () => act("stir") } : { "Go idle": () => act("idle") };
  view.show({
    state: told.isSeen ? (isIdle ? "You are inside, and idle." : "You are inside.") : "You are inside, and nobody sees you.",
    people: told.people,
    asks: told.isAsked ? { text: "The lesson ends soon.", label: "Extend 10 min", act: () => act("extend") } : null,
    buttons: { Leave: () => act("leave"), ...rest },
    say: (text) => act("say", { text }),
  });
};

if (!goToOwnHost()) {
  view = new RoomView(stage, { title: stage.dataset.title, note, isOwnAddress: true });
  join();
}
