"""The browser SDK that the stand-in serves: as much of the real one's surface as a page of ours uses, and no board.

It joins by asking the stand-in it came from, shows on the page that it is inside, and is put out when told so.
"""

from __future__ import annotations

SCRIPT = """\
(() => {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;
  const pause = 500; // milliseconds between two looks

  class Room {
    constructor(connection, uuid, callbacks) {
      this.uuid = uuid;
      this.phase = "connected";
      this.address = origin + "/connections/" + connection + "/";
      this.callbacks = callbacks;
      this.leave = () => navigator.sendBeacon(this.address + "leave/");
      addEventListener("pagehide", this.leave);
      this.timer = setInterval(() => this.look(), pause);
    }
    bindHtmlElement(element) {
      this.element = element;
      if (element) element.textContent = "Stand-in whiteboard";
    }
    async look() {
      const response = await fetch(this.address).catch(() => null);
      if (this.phase !== "connected" || response === null || response.ok) return;
      const { reason } = await response.json();
      this.end();
      if (reason && this.callbacks.onKickedWithReason) this.callbacks.onKickedWithReason(reason);
    }
    async disconnect() {
      if (this.phase !== "connected") return;
      this.end();
      await fetch(this.address + "leave/", { method: "POST" });
    }
    end() {
      clearInterval(this.timer);
      removeEventListener("pagehide", this.leave);
      this.phase = "disconnected";
      if (this.element) this.element.textContent = "";
      if (this.callbacks.onPhaseChanged) this.callbacks.onPhaseChanged(this.phase);
    }
  }

  class WhiteWebSdk {
    constructor({ appIdentifier, region }) {
      this.told = { appIdentifier, region };
    }
    async joinRoom({ uuid, roomToken, uid, isWritable = true, userPayload = {} }, callbacks = {}) {
      const body = JSON.stringify({ ...this.told, uuid, roomToken, uid, isWritable, userPayload });
      // As plain text, which a page from another origin may send without asking first.
      const response = await fetch(origin + "/connections/", { method: "POST", body });
      const told = await response.json();
      if (!response.ok) throw new Error(told.reason);
      const room = new Room(told.connection, uuid, callbacks);
      if (callbacks.onPhaseChanged) callbacks.onPhaseChanged(room.phase);
      return room;
    }
  }

  window.WhiteWebSdk = { WhiteWebSdk };
})();
"""
