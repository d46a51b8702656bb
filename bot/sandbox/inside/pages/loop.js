// A conversation of the stand-in Loop server: whoever types a name takes a seat, and keeps it while the page is open.
import { RoomView, findBrowser, goToOwnHost, listen } from "/inside/room.js";

const stage = document.getElementById("room");
const { title, room, live } = stage.dataset;
const note = "A stand-in for Mozilla Loop: no camera, no sound. Whoever has this address can come in.";
const SHOWS = 5; // people at once
const REFRESH = 240000; // milliseconds; a seat lapses after five minutes
let token = null;

const send = (action, more) => fetch(room, {
  method: "POST",
  keepalive: true, // also while the page goes away
  body: JSON.stringify({ action, ...more }),
  headers: { "Content-Type": "application/json", ...(token && { Authorization: `Basic ${btoa(`${token}:`)}` }) },
});

const leave = () => {
  if (token !== null) send("leave");
  token = null;
};

const join = async (displayName) => {
  const answer = await send("join", { displayName, clientMaxSize: SHOWS }).catch(() => null);
  const said = answer && (await answer.json());
  if (!answer?.ok) return ask(answer ? "The conversation is full." : "The server does not answer.");
  token = said.sessionToken;
  const place = document.createElement("div");
  place.style.height = "100%";
  stage.replaceChildren(place);
  const view = new RoomView(place, { title, note, isOwnAddress: true });
  let end = "The server does not answer any more.";
  listen(live, {
    opening: token,
    hear: (told) => {
      if (told.end) end = told.end;
      else view.show({ state: "You are inside.", people: told.people, buttons: { Leave: leave } });
    },
    close: () => {
      token = null;
      view.show({ state: end, buttons: { "Come back": () => ask() } });
    },
  });
  return null;
};

const ask = (trouble = "") => {
  const form = document.getElementById("asking").content.cloneNode(true);
  form.querySelector("[role=status]").textContent = trouble;
  form.querySelector(".browser").textContent = findBrowser().name;
  const field = form.querySelector("input");
  field.value = findBrowser().owner; // as a browser fills in what its owner typed before
  form.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    join(field.value);
  });
  stage.replaceChildren(form);
  field.focus();
};

if (!goToOwnHost()) {
  setInterval(() => token && send("refresh"), REFRESH);
  addEventListener("pagehide", leave);
  ask();
}
