"""The stand-in workspace, put together and served on loopback. Begin here.

    async with SlackStandIn() as slack:
        slack.add_user("Ada")
        slack.events_url = "http://127.0.0.1:8710/slack/events"   # or leave it None: Socket Mode
        outcome = await slack.as_user("Ada").slash("/lesson")

Time is machine time and handed in; nothing here reads lesson time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.clock import SystemClock
from bot.sandbox.faults import FaultBoard
from bot.sandbox.serving import Served
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.chat import ChatMethods
from bot.sandbox.slack.conversation_methods import ConversationMethods
from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.deliveries import Answer, Deliveries
from bot.sandbox.slack.directory import DirectoryMethods
from bot.sandbox.slack.eyes import Desk
from bot.sandbox.slack.file_methods import FileMethods
from bot.sandbox.slack.limits import RateLimits
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.people import User, UserKind
from bot.sandbox.slack.requests import CallLog
from bot.sandbox.slack.responses import ResponseUrls
from bot.sandbox.slack.sign_in import SignInPages
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.view_methods import ViewMethods
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.webapi import WebApi
from bot.sandbox.slack.workspace import InstalledApp, Workspace
from bot.sandbox.traffic import Call, Party, Wire

EVERY_SCOPE = frozenset(
    {"chat:write", "commands", "files:write", "im:write", "mpim:write", "team:read", "usergroups:read", "users:read"}
    | {f"{kind.value}:{verb}" for kind in ConversationKind for verb in ("read", "history")}
)
"""What is granted where no manifest says otherwise."""


class SlackStandIn(Served):
    """A workspace with one app installed. With a `manifest` the app is exactly what that says: its scopes, commands,
    shortcuts, events and tabs; without one, everything is granted.
    """

    _shutdown_seconds = 1.0

    def __init__(
        self,
        *,
        machine_now: Callable[[], datetime] | None = None,
        port: int = 0,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(port=port)
        now = machine_now or SystemClock().machine_now
        self.changes = Changes()
        self.workspace = Workspace(machine_now=now, changes=self.changes)
        self.app.scopes |= EVERY_SCOPE
        if manifest is not None:
            _apply_manifest(self.app, manifest)
        self.views = Views(self.workspace)
        self.faults = FaultBoard()
        self.limits = RateLimits(now)
        self.wire = Wire()
        self.log = CallLog()
        self.wire.on_call(self._note)
        self.sockets = SocketMode(app=self.app, machine_now=now, changes=self.changes)
        self.deliveries = Deliveries(self.workspace, self.sockets, self.wire)
        triggers = Triggers(now)
        self._responses = ResponseUrls(self.workspace, now)
        self.uploads = FileMethods(self.workspace)
        self.sign_in = SignInPages(self.workspace)
        methods = {
            **ChatMethods(self.workspace).build_table(),
            **ConversationMethods(self.workspace).build_table(),
            **DirectoryMethods(self.workspace).build_table(),
            **ViewMethods(self.workspace, self.views, triggers).build_table(),
            **self.uploads.build_table(),
            **self.sockets.build_table(),
            **self.sign_in.build_table(),
        }
        self._api = WebApi(
            self.workspace, methods, faults=self.faults, limits=self.limits, responses=self._responses, wire=self.wire
        )
        self._desk = Desk(
            workspace=self.workspace,
            views=self.views,
            triggers=triggers,
            responses=self._responses,
            deliveries=self.deliveries,
        )

    def _build_app(self) -> web.Application:
        server = web.Application()
        server.router.add_route("*", "/api/{method}", self._api.answer)
        server.router.add_post("/commands/{team}/{number}/{secret}", self._api.answer_response_url)
        server.router.add_post("/upload/v1/{secret}", self._api.as_upload(self.uploads.take))
        server.router.add_get("/openid/connect/authorize", self.sign_in.authorize)
        server.router.add_get("/link/", self.sockets.accept)
        return server

    async def _begin(self) -> None:
        self.sockets.base_url = self.origin.replace("http", "ws", 1)
        self._responses.base_url = self.uploads.base_url = self.sign_in.base_url = self.origin
        await self.deliveries.open()

    async def _end(self) -> None:
        await self.deliveries.close()
        await self.sockets.close()

    # -- What the app is told --------------------------------------------------------------------------------------

    @property
    def app(self) -> InstalledApp:
        """The installed app: scopes, tabs, and `token_error` to have its token refused."""
        return self.workspace.app

    @property
    def api_url(self) -> str:
        """For `SLACK_API_URL`."""
        return f"{self.origin}/api/"

    @property
    def bot_token(self) -> str:
        return self.app.bot_token

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.app.signing_secret

    @property
    def team_id(self) -> str:
        return self.workspace.team_id

    @property
    def bot_user_id(self) -> str:
        return self.app.bot_user_id

    @property
    def events_url(self) -> str | None:
        """Where everything is delivered over HTTP; None: Socket Mode."""
        return self.deliveries.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self.deliveries.events_url = url

    @property
    def latency(self) -> timedelta:
        """How long every Web API call takes before it is looked at."""
        return self._api.latency

    @latency.setter
    def latency(self, latency: timedelta) -> None:
        self._api.latency = latency

    @property
    def latencies(self) -> dict[str, timedelta]:
        """The same for single methods; these win."""
        return self._api.latencies

    # -- The school ------------------------------------------------------------------------------------------------

    def add_user(
        self,
        name: str,
        *,
        zone: str = "Europe/London",
        locale: str = "en-GB",
        kind: UserKind = UserKind.MEMBER,
        email: str | None = None,
    ) -> User:
        """Somebody new."""
        return self.workspace.add_user(name, zone=zone, locale=locale, kind=kind, email=email)

    def add_channel(
        self,
        name: str,
        members: Iterable[str | User] = (),
        *,
        has_bot: bool = True,
        is_private: bool = False,
        is_archived: bool = False,
        is_ext_shared: bool = False,
    ) -> Conversation:
        """A new channel."""
        return self.workspace.add_channel(
            name,
            members,
            has_bot=has_bot,
            is_private=is_private,
            is_archived=is_archived,
            is_ext_shared=is_ext_shared,
        )

    def add_group(self, handle: str, members: Iterable[str | User]) -> str:
        """A new user group; returns its id."""
        group_id = self.workspace.issue_id("S")
        self.workspace.groups[group_id] = (handle, [self.workspace.get_user(member).id for member in members])
        return group_id

    async def change_user(
        self,
        who: str | User,
        *,
        name: str | None = None,
        zone: str | None = None,
        locale: str | None = None,
        kind: UserKind | None = None,
    ) -> Answer | None:
        """Change somebody, and tell the app (`user_change`); None where it is not subscribed."""
        user = self.workspace.get_user(who)
        user.real_name = name or user.real_name
        user.zone = zone or user.zone
        user.locale = locale or user.locale
        user.kind = kind or user.kind
        user.updated_at = self.workspace.machine_now()
        self.changes.ring()
        if self.app.events is not None and "user_change" not in self.app.events:
            return None
        event: Json = {
            "type": "user_change",
            "user": user.to_json(with_locale=True, with_email=False, at=user.updated_at),
            "cache_ts": int(user.updated_at.timestamp()),
            "event_ts": self.workspace.timestamps.issue(),
        }
        return await self.deliveries.deliver_event(event)

    async def deactivate(self, who: str | User) -> Answer | None:
        """Deactivate somebody, and tell the app."""
        return await self.change_user(who, kind=UserKind.DEACTIVATED)

    def as_user(self, who: str | User) -> Actor:
        """This person's own client."""
        return Actor(self.workspace.get_user(who), self._desk)

    def _note(self, call: Call) -> None:
        """What it was asked itself; what it brought is in its deliveries' own log."""
        if call.receiver is Party.SLACK:
            self.log.add(call)

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Return once `condition` holds; TimeoutError after `timeout` seconds. It is asked after every change."""
        await self.changes.wait_for(condition, seconds=timeout)


def _apply_manifest(app: InstalledApp, manifest: Mapping[str, Any]) -> None:
    features, settings = manifest.get("features", {}), manifest.get("settings", {})
    tabs = features.get("app_home", {})
    oauth = manifest.get("oauth_config", {})
    app.scopes = set(oauth.get("scopes", {}).get("bot", []))
    app.user_scopes = set(oauth.get("scopes", {}).get("user", []))
    app.redirect_urls = set(oauth.get("redirect_urls", []))
    app.commands = {
        command["command"]: bool(command.get("should_escape")) for command in features.get("slash_commands", [])
    }
    app.shortcuts = {shortcut["callback_id"] for shortcut in features.get("shortcuts", [])}
    app.events = set(settings.get("event_subscriptions", {}).get("bot_events", []))
    app.has_home_tab = bool(tabs.get("home_tab_enabled"))
    app.has_messages_tab = bool(tabs.get("messages_tab_enabled"))
