"""The calls of the stand-in's API: launch, the lists, one session and what came of it, users.

Where the documents disagree there is a switch, and where they are silent the answer is the stricter of two guesses.
Faults go by the call's name: launch, space_sessions, sessions, session, change_session, transcript, playback, spaces,
users, forget_user, hello, my_organisation.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aiohttp import web

from bot.sandbox.lessonspace.filters import Held, choose_sessions, choose_spaces, choose_users
from bot.sandbox.lessonspace.gate import Gate, answer, not_found
from bot.sandbox.lessonspace.handouts import Handouts
from bot.sandbox.lessonspace.launching import Problems
from bot.sandbox.lessonspace.listing import build_page, describe_session, describe_space, describe_user
from bot.sandbox.lessonspace.meetings import SpaceSession
from bot.sandbox.lessonspace.organisation import LaunchRecord, Organisation
from bot.sandbox.lessonspace.spaces import Space

AUDIENCES = ("participant", "admin", "teacher", "student", "public")

TRANSCRIPT_LIVES = timedelta(hours=12)
"""Of the address that a call gives; a webhook's lives twice as long."""


class PlaybackPath(StrEnum):
    """Where a recording is asked for: the reference and newer clients disagree."""

    OLDER = "older"  # /sessions/{session}/playback/
    NEWER = "newer"  # /organisations/{organisation}/sessions/{session}/playback/


class Api(Gate):
    """What the API answers, once a call has passed the gate."""

    organisation: Organisation
    handouts: Handouts
    lists_bare_arrays = False
    """List everything as a bare array, as one client reads it, instead of an envelope."""
    has_newer_fields = True
    """Sessions tell their summary, and whether they have a recording."""
    playback_path = PlaybackPath.OLDER
    page_size = 20
    left_out: set[str]
    """Fields that launches leave out of their answer."""

    def build_routes(self) -> list[web.RouteDef]:
        """Every call by its path."""
        org, space = "/v2/organisations/{organisation}", "/v2/spaces"
        session = org + "/sessions/{session}/"
        return [
            web.post(f"{space}/launch/", self.as_call("launch", self._launch)),
            web.get(space + "/{space}/sessions/", self.as_call("space_sessions", self._space_sessions)),
            web.get(f"{org}/sessions/", self.as_call("sessions", self._organisation_sessions)),
            web.get(session, self.as_call("session", self._one_session)),
            web.patch(session, self.as_call("change_session", self._change_session)),
            web.get(session + "transcript/", self.as_call("transcript", self._transcript)),
            web.get(session + "playback/", self.as_call("playback", self._newer_playback)),
            web.get("/v2/sessions/{session}/playback/", self.as_call("playback", self._older_playback)),
            web.get(f"{org}/spaces/", self.as_call("spaces", self._spaces)),
            web.get(f"{org}/users/", self.as_call("users", self._users)),
            web.delete(org + "/users/{user}/", self.as_call("forget_user", self._forget_user)),
            web.get("/v2/hello/", self.as_call("hello", self._hello)),
            web.get("/v2/my-organisation/", self.as_call("my_organisation", self._my_organisation)),
        ]

    @property
    def api_url(self) -> str:
        """What `LESSONSPACE_API_URL` is set to."""
        return f"{self.origin}/v2/"

    def give_transcript(self, session: SpaceSession, now: datetime, *, lives: timedelta) -> str:
        """A fresh address of its file."""
        token = self.handouts.give_transcript(session.session_id, now, lives=lives)
        return f"{self.origin}/transcripts/{session.session_id}.json?token={token}"

    def list_spaces(self) -> list[Space]:
        """Every space as it is now, oldest first."""
        self.organisation.advance(self.clock.now())
        return list(self.organisation.spaces.values())

    def find_session(self, session_id: str) -> Held | None:
        """The session as it is now."""
        return next((held for held in self._hold(self.list_spaces()) if held.session.session_id == session_id), None)

    async def _launch(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return answer({"detail": "JSON parse error."}, 400)
        forwarded = request.headers.get("X-Forwarded-For", "").partition(",")[0].strip()
        launched = self.organisation.launch(
            body, origin=self.origin, now=self.clock.now(), visitor_address=forwarded or None
        )
        if not isinstance(launched, LaunchRecord):
            return answer(launched, 400)
        told = {
            "client_url": launched.url,
            "api_base": f"{self.origin}/v1/room/{launched.room_id}",
            "room_id": launched.room_id,
            "secret": launched.secret,
            "session_id": launched.session_id,
            "user_id": launched.user_id,
            "room_settings": launched.settings,
        }
        return answer({k: v for k, v in told.items() if k not in self.left_out}, 201 if launched.is_new else 200)

    async def _space_sessions(self, request: web.Request) -> web.StreamResponse:
        space = self.organisation.find_space(request.match_info["space"])
        if space is None:
            return not_found()
        space.advance(self.clock.now())
        chosen = choose_sessions(self._hold([space]), list(request.query.items()), in_one_space=True)
        return self._list(request, chosen if isinstance(chosen, dict) else [self._describe(one) for one in chosen])

    async def _organisation_sessions(self, request: web.Request) -> web.StreamResponse:
        if not self._is_ours(request):
            return not_found()
        chosen = choose_sessions(self._hold(self.list_spaces()), list(request.query.items()), in_one_space=False)
        return self._list(request, chosen if isinstance(chosen, dict) else [self._outline(one) for one in chosen])

    async def _one_session(self, request: web.Request) -> web.StreamResponse:
        held = self._find(request)
        if held is None:
            return not_found()
        return answer(self._outline(held) | {"space": self._describe_space(held.space)})

    async def _change_session(self, request: web.Request) -> web.StreamResponse:
        held = self._find(request)
        if held is None:
            return not_found()
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return answer({"detail": "JSON parse error."}, 400)
        problems = find_change_problems(body)
        if problems:
            return answer(problems, 400)
        held.session.name = body["name"]
        held.session.policy = list(dict.fromkeys(body.get("recording_access_policy", held.session.policy)))
        return answer({"name": held.session.name, "recording_access_policy": held.session.policy})

    async def _transcript(self, request: web.Request) -> web.StreamResponse:
        held = self._find(request)
        if held is None or held.session.transcript_at is None or held.session.transcript_at > held.now:
            return not_found()
        return answer({"transcriptionUrl": self.give_transcript(held.session, held.now, lives=TRANSCRIPT_LIVES)})

    async def _older_playback(self, request: web.Request) -> web.StreamResponse:
        held = self.find_session(request.match_info["session"])
        return self._play_back(held if self.playback_path is PlaybackPath.OLDER else None)

    async def _newer_playback(self, request: web.Request) -> web.StreamResponse:
        return self._play_back(self._find(request) if self.playback_path is PlaybackPath.NEWER else None)

    def _play_back(self, held: Held | None) -> web.Response:
        if held is None or held.session.recorded_at is None or held.session.recorded_at > held.now:
            return not_found()
        token = self.handouts.give_recording(held.session.session_id, held.now)
        return answer({"recording_url": f"{self.origin}/recordings/{token}"})

    async def _spaces(self, request: web.Request) -> web.StreamResponse:
        if not self._is_ours(request):
            return not_found()
        chosen = choose_spaces(self.list_spaces(), list(request.query.items()))
        return self._list(request, chosen if isinstance(chosen, dict) else [self._describe_space(s) for s in chosen])

    async def _users(self, request: web.Request) -> web.StreamResponse:
        if not self._is_ours(request):
            return not_found()
        chosen = choose_users(self.organisation.users.list_all(), self.list_spaces(), list(request.query.items()))
        return self._list(request, chosen if isinstance(chosen, dict) else [describe_user(user) for user in chosen])

    async def _forget_user(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["user"]
        is_known = self._is_ours(request) and number.isdecimal() and self.organisation.users.forget(int(number))
        return web.Response(status=204) if is_known else not_found()

    async def _hello(self, request: web.Request) -> web.StreamResponse:
        return answer({"response": f"Hello, {self.organisation.name}!"})

    async def _my_organisation(self, request: web.Request) -> web.StreamResponse:
        return answer({"id": self.organisation.id, "name": self.organisation.name})

    def _is_ours(self, request: web.Request) -> bool:
        return request.match_info["organisation"] == str(self.organisation.id)

    def _find(self, request: web.Request) -> Held | None:
        return self.find_session(request.match_info["session"]) if self._is_ours(request) else None

    def _hold(self, spaces: list[Space]) -> list[Held]:
        users, now = self.organisation.users, self.clock.now()
        return [Held(space=space, session=s, users=users, now=now) for space in spaces for s in space.sessions]

    def _describe(self, held: Held) -> dict[str, Any]:
        place = "" if self.playback_path is PlaybackPath.OLDER else f"organisations/{self.organisation.id}/"
        playback_url = f"{self.api_url}{place}sessions/{held.session.session_id}/playback/"
        return describe_session(held, playback_url=playback_url, has_newer_fields=self.has_newer_fields)

    def _outline(self, held: Held) -> dict[str, Any]:
        """Without what only a space's own list tells."""
        return {k: v for k, v in self._describe(held).items() if k not in ("logs", "connected_users")}

    def _describe_space(self, space: Space) -> dict[str, Any]:
        return describe_space(space, organisation_id=self.organisation.id, origin=self.origin)

    def _list(self, request: web.Request, items: list[dict[str, Any]] | Problems) -> web.StreamResponse:
        if isinstance(items, dict):
            return answer(items, 400)
        if self.lists_bare_arrays:
            return answer(items)
        own_query = [(name, value) for name, value in request.query.items() if name != "page"]
        address = f"{self.origin}{request.rel_url.with_query(own_query)}"
        page = build_page(items, page=int(request.query.get("page", "1")), size=self.page_size, address=address)
        return answer({"detail": "Invalid page."}, 404) if page is None else answer(page)


def find_change_problems(body: object) -> Problems:
    """What is wrong with a change of a session, by field."""
    if not isinstance(body, dict):
        return {"non_field_errors": ["The body must be a JSON object."]}
    problems = {name: ["There is no such field here."] for name in body.keys() - {"name", "recording_access_policy"}}
    if not isinstance(body.get("name"), str) or not body["name"].strip():
        problems["name"] = ["This field is required."]
    policy = body.get("recording_access_policy", [])
    if not isinstance(policy, list) or any(audience not in AUDIENCES for audience in policy):
        problems["recording_access_policy"] = [f"This must be an array of {', '.join(AUDIENCES)}."]
    return problems
