// The stand-in's browser script: the documented surface of Videsk's own (a default class with `alias`, `create`,
// `destroy` and events), without camera, microphone or media. Its exchange is on the server that it was loaded from.

import { RoomView, findTitle, keepUp } from "./room.js";

const NOTE = "A stand-in for Videsk: no camera, no sound.";

class Room extends HTMLElement {
  #view = null;

  show(names, leave) {
    this.#view ??= new RoomView(this, { title: findTitle(), note: NOTE });
    const people = names.map((name, place) => ({ name, isMe: place === 0 }));
    this.#view.show({ state: "You are inside.", people, buttons: { Leave: leave } });
  }

  clear() {
    this.hidden = true; // the page around it says what is to be said then
    this.#view = null;
  }
}

if (!customElements.get("videsk-webrtc")) {
  customElements.define("videsk-webrtc", Room);
}

export default class WebRTC extends EventTarget {
  #alias;
  #socket = null;
  #peers = new Map();
  #keepUp = keepUp();
  #hostname;

  constructor(component, parent, options) {
    super();
    const beside = new URL("/exchange", import.meta.url);
    beside.protocol = beside.protocol === "https:" ? "wss:" : "ws:";
    this.#hostname = options?.websocket?.hostname ?? beside.href;
    this.component = component instanceof Room ? component : new Room();
    if (!this.component.isConnected) {
      (parent instanceof Element ? parent : document.body).append(this.component);
    }
  }

  get alias() {
    return this.#alias;
  }

  set alias(name) {
    this.#alias = name;
  }

  // Resolves once inside; rejects, after an `error` event, when the token opens nothing.
  create(accessToken) {
    this.destroy();
    const socket = new WebSocket(this.#hostname);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      let isInside = false;
      let refusal = null;
      const opening = { accessToken, alias: this.#alias, page: true };
      socket.addEventListener("open", () => socket.send(JSON.stringify(opening)));
      socket.addEventListener("message", (message) => {
        const told = JSON.parse(message.data);
        if (told.type === "joined") {
          isInside = true;
          this.#keepUp(told.now);
          this.#peers = new Map(told.others.map((other) => [other.peer, other.alias]));
          this.#show();
          resolve();
        } else if (told.type === "participant") {
          this.#note(told);
        } else if (told.type === "time") {
          this.#keepUp(told.now);
        } else if (told.type === "error") {
          refusal = told;
        }
      });
      socket.addEventListener("close", () => {
        this.#peers.clear();
        this.component.clear();
        if (isInside) {
          this.#tell("disconnected");
          return;
        }
        const { code = 0, message = "no connection" } = refusal ?? {};
        this.#tell("error", { code, name: "Error", message, errors: [], originalEvent: "create" });
        reject(Object.assign(new Error(message), { code }));
      });
    });
  }

  destroy() {
    this.#socket?.close();
    this.#socket = null;
  }

  #note({ action, peer, alias }) {
    if (action === "added") {
      this.#peers.set(peer, alias);
    } else {
      this.#peers.delete(peer);
      this.#tell("peer:disconnect", { peer });
    }
    this.#show();
    this.component.dispatchEvent(new CustomEvent("participant", { detail: { action, peer } }));
  }

  #show() {
    this.component.hidden = false;
    this.component.show([this.#alias ?? "", ...this.#peers.values()], () => this.destroy());
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
