"""Single parts built from settings, for the app and for what looks at it from outside (doctor, upkeep)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aiohttp
import structlog

from bot.clock import Clock, SystemClock
from bot.delivery import Delivery
from bot.identity import StartRefused
from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.base import RoomService
from bot.rooms.http import HttpClient, Timing, open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.loop import Loop
from bot.rooms.loop_identity import SessionKeeper
from bot.rooms.plugins import OWN, Context, PluginBroken, build_plugin
from bot.rooms.registry import RoomServices
from bot.rooms.videsk import Videsk
from bot.setting_values import RoomServiceChoice
from bot.settings import Settings
from bot.ways import WayImpossible, choose_way
from bot.whereabouts import Alerting
from storage.records import LessonOptions, LinkWay
from storage.sealing import Sealer, load_or_make_key_file

log = structlog.get_logger("hallpass.rooms")

LESSONSPACE = RoomServiceChoice.LESSONSPACE.value
KEYS: Mapping[RoomServiceChoice, tuple[str, ...]] = {
    RoomServiceChoice.LESSONSPACE: ("lessonspace_api_key",),
    RoomServiceChoice.VIDESK: ("videsk_api_token",),
    RoomServiceChoice.AGORA_WHITEBOARD: (
        "agora_app_identifier",
        "agora_access_key",
        "agora_secret_key",
        "agora_region",
    ),
    RoomServiceChoice.LOOP: ("loop_url",),
}
"""The settings without which a service cannot be asked anything. All set: it is offered, unless others are listed."""


def key_file_of(settings: Settings) -> Path:
    """Where SQLite's encryption keys are made when none are set: beside the database."""
    path = settings.database_path
    return path.with_name(path.name + ".keys")


def build_sealer(settings: Settings) -> Sealer:
    """With the keys that are set, else those beside the database, made at the first start."""
    keys = [key.get_secret_value() for key in settings.hallpass_encryption_keys]
    return Sealer(keys or load_or_make_key_file(key_file_of(settings)))


def build_options(settings: Settings) -> LessonOptions:
    """The durations that new lessons are booked with."""
    return LessonOptions(
        join_early=settings.hallpass_join_early,
        join_late=3 * settings.hallpass_extension,
        warn_before=settings.hallpass_warn_before,
        warns=bool(settings.hallpass_warn_before),
        remind_before=settings.hallpass_remind_before,
        extension=settings.hallpass_extension,
        link_lead=settings.hallpass_link_lead,
    )


def build_alerting(settings: Settings) -> Alerting:
    """When somebody is late, and where admins read of it."""
    return Alerting(late_after=settings.hallpass_late_after, admin_channel=settings.hallpass_admin_channel)


class Vault:
    """Where services keep what their accounts are known by. Which account that is, is known once Slack has answered."""

    def __init__(self) -> None:
        self._keepers: dict[str, SessionKeeper] = {}

    def bind(self, service: str, keeper: SessionKeeper) -> None:
        """From now on this service's secrets are kept there."""
        self._keepers[service] = keeper

    def of(self, service: str) -> SessionKeeper:
        """The keeper of this service's, to be used once it is bound."""
        return _Drawer(self._keepers, service)


class _Drawer:
    def __init__(self, keepers: Mapping[str, SessionKeeper], service: str) -> None:
        self._keepers = keepers
        self._service = service

    async def load(self) -> str | None:
        keeper = self._keepers.get(self._service)
        return await keeper.load() if keeper is not None else None

    async def save(self, secret: str, *, instead_of: str | None) -> str:
        keeper = self._keepers.get(self._service)
        return await keeper.save(secret, instead_of=instead_of) if keeper is not None else secret


def list_services(settings: Settings) -> list[str]:
    """The names of the services that this installation has, the default first."""
    default = settings.hallpass_room_service
    chosen = settings.hallpass_room_services or tuple(
        name.value for name, variables in KEYS.items() if all(getattr(settings, one) is not None for one in variables)
    )
    usable = [name for name in chosen if name in OWN or name in settings.plugins]
    return [default, *(name for name in usable if name != default)]


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """A service that is set up and cannot be built: what is wrong, and what to do."""

    name: str
    what: str
    mend: str


@asynccontextmanager
async def open_each_service(
    settings: Settings, *, vault: Vault | None = None, clock: Clock | None = None
) -> AsyncIterator[tuple[list[RoomService], list[Unusable]]]:
    """Every room service that is set up, the default first, on one HTTP client; and those that cannot be built.

    `clock`: what they go by; None: the machine's.
    """
    vault, clock = vault or Vault(), clock or SystemClock()
    async with (
        open_client(connections=settings.hallpass_launches_at_once + 8) as client,
        AsyncExitStack() as stack,
    ):
        services: list[RoomService] = []
        unusable: list[Unusable] = []
        for name in list_services(settings):
            try:
                service = _build_service(settings, client, name, vault=vault, clock=clock)
            except (PluginBroken, StartRefused) as error:
                unusable.append(Unusable(name=name, what=error.what, mend=error.mend))
            else:
                services.append(await stack.enter_async_context(service))
        yield services, unusable


@asynccontextmanager
async def open_room_services(
    settings: Settings, *, vault: Vault | None = None, clock: Clock | None = None
) -> AsyncIterator[RoomServices]:
    """Every room service that is set up and can be used. Raises StartRefused without the default.

    One of the others stops nobody: lessons that are held there wait for the mend.
    """
    async with open_each_service(settings, vault=vault, clock=clock) as (services, unusable):
        for one in unusable:
            if one.name == settings.hallpass_room_service:
                raise StartRefused(
                    one.what if one.name in OWN else f"HALLPASS_ROOM_SERVICE={one.name} {one.what}", one.mend
                )
            log.warning("room_service_not_usable", service=one.name, error=one.what, mend=one.mend)
        yield RoomServices(services)


def _build_service(settings: Settings, client: HttpClient, name: str, *, vault: Vault, clock: Clock) -> RoomService:
    timing = Timing(now=clock.machine_now)
    if name not in OWN:
        return build_installed(settings, client, name, now=clock.now, timing=timing)
    match RoomServiceChoice(name):
        case RoomServiceChoice.LESSONSPACE:
            return build_lessonspace(settings, client, timing=timing)
        case RoomServiceChoice.VIDESK:
            return build_videsk(settings, client, now=clock.now, timing=timing)
        case RoomServiceChoice.AGORA_WHITEBOARD:
            return build_agora(settings, client, timing=timing)
        case RoomServiceChoice.LOOP:
            return build_loop(settings, client, vault.of(name), timing=timing)


def build_installed(
    settings: Settings,
    client: HttpClient,
    name: str,
    *,
    now: Callable[[], datetime] | None = None,
    timing: Timing | None = None,
) -> RoomService:
    """A service that another package brings, on that client. Raises PluginBroken."""
    told, timing = settings.plugins.get(name), timing or Timing()
    context = Context(client=client, settings=told.values if told else {}, now=now or timing.now, timing=timing)
    return build_plugin(name, context)


def build_lessonspace(settings: Settings, client: HttpClient, *, timing: Timing | None = None) -> Lessonspace:
    """Lessonspace on that client."""
    key, rate = settings.lessonspace_api_key, settings.hallpass_launch_rate
    if key is None:
        raise StartRefused("LESSONSPACE_API_KEY is not set", "copy it from Lessonspace's settings")
    return Lessonspace(
        client,
        api_key=key.get_secret_value(),
        api_url=settings.lessonspace_api_url,
        launches_per_second=rate.per_second if rate else None,
        more_reports=settings.lessonspace_more_reports,
        timing=timing,
    )


def find_way(settings: Settings, service: RoomService) -> LinkWay:
    """How this service's new join links go. Raises StartRefused for what cannot work."""
    try:
        return choose_way(
            service.capabilities,
            shown_name=service.shown_name,
            wanted=settings.hallpass_links,
            has_public_url=settings.hallpass_public_url is not None,
        )
    except WayImpossible as error:
        raise StartRefused(error.what, error.mend) from error


def build_videsk(
    settings: Settings,
    client: HttpClient,
    *,
    now: Callable[[], datetime] | None = None,
    timing: Timing | None = None,
) -> Videsk:
    """Videsk on that client. `now` is lesson time; without it, the machine's."""
    token = settings.videsk_api_token
    if token is None:
        raise StartRefused("VIDESK_API_TOKEN is not set", "make one of the kind api-token in Videsk's dashboard")
    return Videsk(
        client,
        api_token=token.get_secret_value(),
        api_url=settings.videsk_api_url,
        script_url=settings.videsk_script_url,
        now=now,
        timing=timing,
    )


def build_agora(settings: Settings, client: HttpClient, *, timing: Timing | None = None) -> AgoraWhiteboard:
    """Agora's whiteboard on that client. StartRefused names every setting that is missing."""
    identifier, region = settings.agora_app_identifier, settings.agora_region
    access_key, secret_key = settings.agora_access_key, settings.agora_secret_key
    if identifier is None or access_key is None or secret_key is None or region is None:
        names = ("agora_app_identifier", "agora_access_key", "agora_secret_key", "agora_region")
        missing = ", ".join(name.upper() for name in names if getattr(settings, name) is None)
        mend = (
            "copy identifier and keys from the whiteboard project in Agora's console, and choose where rooms are kept"
        )
        raise StartRefused(f"not set: {missing}", mend)
    rate = settings.hallpass_launch_rate
    return AgoraWhiteboard(
        client,
        app_identifier=identifier,
        access_key=access_key.get_secret_value(),
        secret_key=secret_key.get_secret_value(),
        region=region,
        api_url=settings.agora_api_url,
        script_url=settings.agora_script_url,
        calls_per_second=rate.per_second if rate else None,
        timing=timing,
    )


def build_loop(settings: Settings, client: HttpClient, keeper: SessionKeeper, *, timing: Timing | None = None) -> Loop:
    """Mozilla Loop on that client. `keeper` holds what the server knows the account by."""
    if settings.loop_url is None:
        raise StartRefused("LOOP_URL is not set", "say where your Loop server is; Mozilla's own is gone")
    return Loop(client, url=settings.loop_url, keeper=keeper, timing=timing)


@asynccontextmanager
async def open_slack_session(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """The connections to Slack, one pool for the process."""
    connector = aiohttp.TCPConnector(limit=settings.hallpass_posts_at_once + 32)
    timeout = aiohttp.ClientTimeout(total=10, connect=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


def build_delivery(settings: Settings, session: aiohttp.ClientSession, clock: Clock, *, token: str) -> Delivery:
    """The way to Slack's Web API with this token."""
    return Delivery(
        token=token,
        base_url=settings.slack_api_url,
        session=session,
        clock=clock,
        posts_per_second=settings.hallpass_post_rate.per_second,
        burst=settings.hallpass_post_rate.burst,
    )
