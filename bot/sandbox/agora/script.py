"""The browser SDK that the stand-in serves: as much of the real one's surface as a page of ours uses, and no board.

It joins by asking the stand-in it came from, shows who is inside, and is put out when told so.
"""

from __future__ import annotations

SCRIPT = """\
(() => {
  "use strict";
  const origin = new URL(document.currentScript.src).origin;
  const note = "A stand-in for Agora’s whiteboard: there is no board.";

  class Room {
    constructor(connection, uuid, callbacks, drawing) {
      this.uuid = uuid;
      this.phase = "connected";
      this.address = origin + "/connections/" + connection + "/";
      this.callbacks = callbacks;
      this.drawing = drawing;
      this.leave = () => navigator.sendBeacon(this.address + "leave/");
      addEventListener("pagehide", this.leave);
      const keepUp = drawing.keepUp();
      this.socket = drawing.listen(this.address + "live/", {
        hear: (told) => {
          keepUp(told.now);
          this.told = told;
          this.show();
        },
        close: () => this.end(this.told?.reason, { isCut: true }),
      });
    }
    bindHtmlElement(element) {
      this.element = element;
      const { RoomView, findTitle } = this.drawing;
      this.view = element ? new RoomView(element, { title: findTitle(), note }) : null;
      this.show();
    }
    show() {
      if (!this.view || !this.told?.people) return;
      const { people, isWriter } = this.told;
      const state = isWriter ? "You are inside." : "You are inside and watch only: the others do not see you.";
      this.view.show({ state, people, buttons: { Leave: () => location.assign(origin + "/left") } });
    }
    async disconnect() {
      if (this.phase !== "connected") return;
      this.end();
      await fetch(this.address + "leave/", { method: "POST" });
    }
    end(reason, { isCut = false } = {}) {
      if (this.phase !== "connected") return;
      removeEventListener("pagehide", this.leave);
      this.phase = "disconnected";
      this.socket.close();
      if (this.element) this.element.hidden = true; // the page around it says what is to be said then
      if (this.callbacks.onPhaseChanged) this.callbacks.onPhaseChanged(this.phase);
      if (reason && this.callbacks.onKickedWithReason) this.callbacks.onKickedWithReason(reason);
      else if (isCut && this.callbacks.onDisconnectWithError) {
        this.callbacks.onDisconnectWithError(new Error("disconnected"));
      }
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
      const room = new Room(told.connection, uuid, callbacks, await import(origin + "/white-web-sdk/room.js"));
      if (callbacks.onPhaseChanged) callbacks.onPhaseChanged(room.phase);
      return room;
    }
  }

  window.WhiteWebSdk = { WhiteWebSdk };
})();
"""
