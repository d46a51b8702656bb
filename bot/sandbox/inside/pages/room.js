// A stand-in's room on a page: who is inside, who one is, and what one can do. No camera, no sound, no board.
// Every service's stand-in draws its rooms with this, in its own page or in one that loads its script.

const STYLE = `
:host { display: block; height: 100%; color-scheme: light dark;
  --paper: #ffffff; --back: #eef0f4; --ink: #1d1c1d; --soft: #55565a; --line: #c9ccd4;
  --deed: #23407a; --on-deed: #ffffff; --tile: #dfe4ef; --focus: #0b57d0; --asks: #fff3cf; }
@media (prefers-color-scheme: dark) { :host {
  --paper: #1f2125; --back: #131417; --ink: #ececee; --soft: #b4b6bc; --line: #454954;
  --deed: #a9c4ff; --on-deed: #0d1b38; --tile: #2b3140; --focus: #a8c7fa; --asks: #3d3413; } }
* { box-sizing: border-box; }
.room { min-height: 100%; display: flex; flex-direction: column; gap: .875rem; padding: 1rem; background: var(--back);
  color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
:host { overflow: auto; background: var(--back); }
:host([hidden]) { display: none; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
h1 { margin: 0; font-size: 1.25rem; line-height: 1.3; flex: 1 1 12rem; }
.browser { margin: 0; color: var(--soft); }
.state { margin: 0; font-weight: 600; }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; flex: 1;
  grid-template-columns: repeat(auto-fill, minmax(min(9rem, 100%), 1fr)); align-content: start; }
li { display: grid; justify-items: center; align-content: center; gap: .25rem; min-height: 8rem; padding: .75rem;
  background: var(--tile); border: 2px solid transparent; border-radius: .75rem; text-align: center; }
li.me { border-color: var(--deed); }
.initial { width: 3rem; height: 3rem; border-radius: 50%; display: grid; place-items: center; font-size: 1.375rem;
  background: var(--deed); color: var(--on-deed); }
.away .initial { opacity: .45; }
.name { font-weight: 600; }
.detail, .note { color: var(--soft); font-size: .9375rem; margin: 0; }
.asks { padding: .75rem 1rem; background: var(--asks); border: 1px solid var(--line); border-radius: .75rem; }
.asks p { margin: 0 0 .5rem; }
.row, form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
label { flex: 1 1 12rem; color: var(--soft); font-size: .9375rem; }
input { display: block; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; font-size: 1rem;
  color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .5rem; }
button { min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; border: 1px solid var(--deed);
  border-radius: .5rem; background: var(--paper); color: var(--deed); cursor: pointer; }
button.main { background: var(--deed); color: var(--on-deed); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
[hidden] { display: none !important; }
a { color: inherit; }
@media (forced-colors: active) { button, li { border-color: currentColor; } }
`;

const make = (kind, className = "", text = "") => {
  const element = document.createElement(kind);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
};

// "ben-laptop.localhost" is Ben's laptop: whoever tries everybody's part in one browser gives each a host of their own.
export const findBrowser = () => {
  const [label, top] = location.hostname.split(".");
  const parts = top === "localhost" ? label.split("-") : [];
  const device = parts.pop();
  const owner = parts.map((part) => part[0].toUpperCase() + part.slice(1)).join(" ");
  return owner ? { owner, name: `${owner}’s ${device}` } : { owner: "", name: "This browser" };
};

// The same address as somebody's other device opens it; null: it is nobody's device.
export const findElsewhere = () => {
  const { owner, name } = findBrowser();
  if (!owner) return null;
  const [label] = location.hostname.split(".");
  const [device, other] = label.endsWith("-phone") ? ["phone", "laptop"] : ["laptop", "phone"];
  const place = new URL(location.href);
  place.hostname = `${label.slice(0, -device.length)}${other}.localhost`;
  return { href: place.href, text: `This address on ${name.slice(0, -device.length)}${other}` };
};

// Whoever was sent on from such a host to ours goes on at ours by the same name, which came along behind the "#".
export const goToOwnHost = () => {
  const label = location.hash.slice(1);
  if (!/^[a-z0-9]+(-[a-z0-9]+)+$/.test(label) || location.hostname.endsWith(".localhost")) return false;
  location.replace(`${location.protocol}//${label}.localhost:${location.port}${location.pathname}${location.search}`);
  return true;
};

// Calls `hear` with what the server tells of the room, until it closes; `close` says that it did.
export const listen = (address, { opening = null, hear, close }) => {
  const place = new URL(address, location.href);
  place.protocol = place.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(place);
  if (opening !== null) socket.addEventListener("open", () => socket.send(opening));
  socket.addEventListener("message", (message) => hear(JSON.parse(message.data)));
  socket.addEventListener("close", close);
  return socket;
};

// A page of the bot's that stays open says so once a minute of real time. Lesson time that is moved by hand takes open
// pages along: given what time it is now, this says then what the page would have said meanwhile.
export const keepUp = () => {
  const { here } = document.getElementById("stage")?.dataset ?? {};
  let said = null;
  return (now) => {
    const at = Date.parse(now);
    said ??= at;
    if (!here || !(at - said >= 50000)) return;
    said = at;
    fetch(here, { method: "POST", body: "joined" }).catch(() => null);
  };
};

// What the page around it calls the room.
export const findTitle = () => document.getElementById("stage")?.getAttribute("aria-label") ?? document.title;

export class RoomView {
  #parts = {};
  #drawn = {};

  // isOwnAddress: the page's address is what opens the room, and could be tried on another device.
  constructor(host, { title, note, isOwnAddress = false }) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet(); // allowed where a page's policy allows no style of others
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const room = make("section", "room");
    room.setAttribute("aria-labelledby", "title");
    const header = make("header");
    const heading = make("h1", "", title);
    heading.id = "title";
    header.append(heading, make("p", "browser", findBrowser().name));
    const parts = (this.#parts = {
      state: make("p", "state"), asks: make("div", "asks"), people: make("ul"), row: make("div", "row"),
      speaking: make("form"), note: make("p", "note", note),
    });
    parts.state.setAttribute("role", "status");
    parts.asks.setAttribute("role", "alert");
    parts.people.setAttribute("aria-label", "Who is inside");
    parts.asks.hidden = parts.speaking.hidden = true;
    room.append(header, parts.state, parts.asks, parts.people, parts.row, parts.speaking, parts.note);
    root.replaceChildren(room);
    const elsewhere = isOwnAddress ? findElsewhere() : null;
    if (elsewhere === null) return;
    const link = make("a", "", elsewhere.text);
    link.href = elsewhere.href;
    link.target = "_blank";
    link.rel = "noopener";
    parts.note.append(" ", link);
  }

  // people: [{ name, detail, isMe, isAway }]; buttons: { label: act }; asks: { text, label, act }; say: (text) => void
  show({ state, people = [], buttons = {}, asks = null, say = null }) {
    this.#draw("state", state, () => (this.#parts.state.textContent = state));
    this.#draw("people", people, () => this.#parts.people.replaceChildren(...people.map((one) => this.#drawPerson(one))));
    this.#draw("row", Object.keys(buttons), () => this.#drawButtons(this.#parts.row, buttons));
    this.#draw("asks", asks && [asks.text, asks.label], () => this.#drawAsking(asks));
    this.#draw("speaking", say !== null, () => this.#drawSpeaking(say));
  }

  // Only what is another than before, so that nobody loses the focus while others come and go.
  #draw(part, facts, draw) {
    const told = JSON.stringify(facts);
    if (this.#drawn[part] === told) return;
    this.#drawn[part] = told;
    draw();
  }

  #drawPerson({ name, detail = "", isMe = false, isAway = false }) {
    const tile = make("li", `${isMe ? "me" : ""} ${isAway ? "away" : ""}`.trim());
    const initial = make("span", "initial", [...(name || "?")][0].toUpperCase());
    initial.setAttribute("aria-hidden", "true");
    tile.append(initial, make("span", "name", (name || "Somebody") + (isMe ? " (you)" : "")));
    if (detail) tile.append(make("span", "detail", detail));
    return tile;
  }

  #drawButtons(row, buttons) {
    const focused = row.getRootNode().activeElement;
    const hadFocus = focused !== null && row.contains(focused);
    row.replaceChildren(...Object.entries(buttons).map(([label, act], place) => {
      const button = make("button", place === 0 ? "main" : "", label);
      button.type = "button";
      button.addEventListener("click", act);
      return button;
    }));
    if (hadFocus) row.firstElementChild?.focus();
  }

  #drawAsking(asks) {
    this.#parts.asks.hidden = asks === null;
    if (asks === null) return this.#parts.asks.replaceChildren();
    const row = make("div", "row");
    this.#drawButtons(row, { [asks.label]: asks.act });
    this.#parts.asks.replaceChildren(make("p", "", asks.text), row);
  }

  #drawSpeaking(say) {
    const form = this.#parts.speaking;
    form.hidden = say === null;
    if (say === null) return form.replaceChildren();
    const label = make("label", "", "Say something aloud");
    const field = make("input");
    field.autocomplete = "off";
    field.maxLength = 500;
    label.append(field);
    const button = make("button", "", "Say it");
    form.replaceChildren(label, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      if (field.value.trim()) say(field.value.trim());
      field.value = "";
    };
  }
}
