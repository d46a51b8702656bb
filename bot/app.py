"""The only composition root: every object is built from here, from settings, and handed what it needs.

`open_hallpass`, then `run`, is one asyncio process: Slack (Socket Mode or HTTP), the sender with its alarm clock, the
web server. What opens is closed in reverse; a stop lets what is in flight finish within a limit and leaves the rest to
be claimed again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import structlog
import uvicorn
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler

from bot.account_secrets import AccountSecret
from bot.assembly import (
    LESSONSPACE,
    Vault,
    build_alerting,
    build_delivery,
    build_sealer,
    find_way,
    open_room_services,
    open_slack_session,
)
from bot.booking import Offer
from bot.clock import Clock, SystemClock
from bot.delivery import build_client
from bot.door import Door, Enter
from bot.doorway import build_join_web
from bot.drawing import Drawer
from bot.entering import Entrance
from bot.errors import RoomServiceError
from bot.identity import Identity, check_app_token, learn_identity
from bot.keeping import Housekeeper
from bot.launch_defaults import LaunchDefaults
from bot.launching import Launcher
from bot.outbox import build_scheduler
from bot.people import Directory
from bot.policies import Policies, ensure_offers
from bot.presence import Presence
from bot.readiness import read_readiness
from bot.reports import Reports
from bot.rooms.registry import RoomServices
from bot.scheduler import Scheduler
from bot.serving import QuietServer, open_listener, stop_server
from bot.settings import Settings
from bot.web import Readiness, SlackHandler, build_web
from bot.webhook_keys import WebhookKeys
from bot.webhooks import Webhooks
from commands.desk import Desk
from commands.dispatching import Dispatcher
from commands.installation import KnownInstallation
from commands.open_homes import OpenHomes
from commands.register import register
from commands.watching import Watcher
from storage.records import LessonId, Workspace, WorkspaceId
from storage.sealing import Sealer
from storage.sqlite import SqliteStore, open_store
from storage.store import Transaction

log = structlog.get_logger("hallpass.app")


class Hallpass:
    """The running bot. Built by `open_hallpass`."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: SqliteStore,
        services: RoomServices,
        vault: Vault,
        session: aiohttp.ClientSession,
        sealer: Sealer,
        on_owed: list[Callable[[], None]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.store = store
        self._services = services
        self._vault = vault
        self._ways = {service.name: find_way(settings, service) for service in services}
        self.housekeeper = Housekeeper(store=store, clock=clock, retention=settings.hallpass_keep)
        self._session = session
        self._sealer = sealer
        optional = next((one for one in services if one.capabilities.launch_options), services.default)
        self._launch_defaults = LaunchDefaults(
            installed=settings.lessonspace_launch.values if optional.name == LESSONSPACE else {},
            sealer=sealer,
            find_problems=optional.find_option_problems,
            service=optional.name,
            is_offered=optional.capabilities.launch_options,
        )
        self._on_owed = on_owed
        self._token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
        self._slack_handler: SlackHandler | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self.scheduler: Scheduler | None = None
        self.presence: Presence | None = None
        self.reports: Reports | None = None
        self.webhooks = self._build_webhooks()
        self._desk: Desk | None = None
        self._enter: Enter | None = None
        self._door = Door(store=store, clock=clock, find_enter=lambda: self._enter)
        self._join_web = build_join_web(
            settings,
            store=store,
            door=self._door,
            services=services,
            delivery=build_delivery(settings, session, clock, token=""),
            sealer=sealer,
            clock=clock,
        )
        self.is_started = asyncio.Event()
        self.port: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises StartRefused when Slack says that we cannot ever start like this."""
        listen = self._settings.hallpass_listen
        listener = open_listener(listen.host, listen.port)
        self.port = int(listener.getsockname()[1])
        server = QuietServer(
            uvicorn.Config(
                build_web(
                    find_slack_handler=lambda: self._slack_handler,
                    check=self.check_readiness,
                    webhooks=self.webhooks,
                    join_routes=self._join_web.list_routes() if self._join_web is not None else [],
                ),
                forwarded_allow_ips=list(self._settings.hallpass_proxies),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=3,
            )
        )
        async with AsyncExitStack() as stack:
            web = asyncio.create_task(server.serve(sockets=[listener]))
            stack.push_async_callback(stop_server, server, web)
            log.info("listening", host=listen.host, port=self.port)
            start = asyncio.create_task(self._start(stack))
            stopped = asyncio.create_task(stop.wait())
            stack.callback(stopped.cancel)
            await asyncio.wait({start, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not start.done():
                start.cancel()
                await asyncio.gather(start, return_exceptions=True)
                return
            start.result()
            await stopped
            log.info("stopping")

    async def _start(self, stack: AsyncExitStack) -> None:
        delivery = build_delivery(self._settings, self._session, self._clock, token=self._token)
        identity = await learn_identity(delivery)
        workspace, offers = await self.store.write(lambda tx: self._ensure_workspace(tx, identity))
        self._bind_vault(workspace, offers)
        directory = Directory(slack=delivery, store=self.store, workspace=workspace, clock=self._clock)
        policies = Policies(
            settings=self._settings, store=self.store, directory=directory, workspace_id=workspace.id, offers=offers
        )
        drawer = self._build_drawer(policies)
        launcher = self._build_launcher(directory)
        self._enter = self._build_entrance(launcher).enter
        desk = Desk(
            store=self.store,
            delivery=delivery,
            directory=directory,
            drawer=drawer,
            clock=self._clock,
            workspace_id=workspace.id,
            policy=policies.find,
            make_device_link=launcher.make_device_link,
            enter=lambda visit: self._door.enter(visit, visitor_address=None),
            fetch_recording=lambda name, session_id: self._services.get(name).fetch_recording(session_id),
            launch_defaults=self._launch_defaults,
            quiet_hours=self._settings.hallpass_quiet_hours,
        )
        self._desk = desk
        watcher, homes = Watcher(desk), OpenHomes(desk)

        def note_done(workspace_id: WorkspaceId, lesson_id: LessonId) -> None:
            watcher.note_done(workspace_id, lesson_id)
            homes.note_done(workspace_id, lesson_id)

        scheduler = build_scheduler(
            self._settings,
            store=self.store,
            clock=self._clock,
            services=self._services,
            delivery=delivery,
            directory=directory,
            drawer=drawer,
            launcher=launcher,
            on_done=note_done,
            keep_house=self.housekeeper.tidy,
        )
        self.scheduler = scheduler
        self._on_owed.append(scheduler.wake)
        await policies.read_groups()
        bolt = self._build_bolt(identity)
        register(bolt, desk, watcher, homes)
        sending = asyncio.create_task(scheduler.run())
        stack.push_async_callback(_stop_scheduler, scheduler, sending)
        self._start_reports(stack, self._start_presence(stack))
        stack.push_async_callback(desk.close)
        stack.push_async_callback(directory.close)
        groups = asyncio.create_task(policies.keep_groups())
        stack.callback(groups.cancel)
        await self._connect(bolt, stack)
        check = asyncio.create_task(self._check_room_service())
        stack.callback(check.cancel)
        self.is_started.set()
        log.info("started", workspace=identity.team_name, mode="socket" if self._socket else "http")

    def _ensure_workspace(self, tx: Transaction, identity: Identity) -> tuple[Workspace, tuple[Offer, ...]]:
        now = self._clock.machine_now()
        workspace = tx.workspaces.ensure(
            identity.team_id, name=identity.team_name, bot_user_id=identity.bot_user_id, now=now
        )
        return workspace, ensure_offers(tx, workspace.id, self._services, ways=self._ways, now=now)

    def _bind_vault(self, workspace: Workspace, offers: tuple[Offer, ...]) -> None:
        """Each service's own secret is kept with the workspace's account there."""
        for one in offers:
            keeper = AccountSecret(
                store=self.store, sealer=self._sealer, workspace_id=workspace.id, account_id=one.account_id
            )
            self._vault.bind(one.service, keeper)

    @property
    def _webhook_url(self) -> str | None:
        """The public address, where rooms report to it."""
        return self._settings.hallpass_public_url if self._settings.hallpass_webhooks else None

    def _build_webhooks(self) -> Webhooks | None:
        def wake() -> None:
            if self.reports is not None:
                self.reports.wake()

        if self._webhook_url is None or not any(service.capabilities.webhooks for service in self._services):
            return None
        return Webhooks(
            store=self.store, services=self._services, sealer=self._sealer, clock=self._clock, on_stored=wake
        )

    def _build_drawer(self, policies: Policies) -> Drawer:
        return Drawer(
            sealer=self._sealer,
            service_name=self._services.default.shown_name,
            shown_names={service.name: service.shown_name for service in self._services},
            shared={one.name for one in self._services if one.capabilities.shared_address},
            paged={one.name for one in self._services if one.capabilities.own_page},
            recordless={one.name for one in self._services if not one.capabilities.attendance},
            shows_channel_names=self._settings.hallpass_channel_names,
            find_watchers=lambda: policies.find().watchers,
            is_admin=lambda person: policies.find().is_admin(person),
            public_url=self._settings.hallpass_public_url or "",
        )

    def _start_presence(self, stack: AsyncExitStack) -> Presence:
        """Who is inside is looked after."""
        self.presence = presence = Presence(
            store=self.store, services=self._services, clock=self._clock, alerting=build_alerting(self._settings)
        )
        looking = asyncio.create_task(presence.run())
        stack.push_async_callback(_stop_presence, presence, looking)
        return presence

    def _start_reports(self, stack: AsyncExitStack, presence: Presence) -> None:
        """What rooms reported is worked on, also what was stored before a stop."""
        reports = Reports(
            store=self.store,
            services=self._services,
            sealer=self._sealer,
            clock=self._clock,
            presence=presence,
            late_after=self._settings.hallpass_late_after,
        )
        self.reports = reports
        working = asyncio.create_task(reports.run())
        stack.push_async_callback(_stop_reports, reports, working)

    def _build_webhook_keys(self) -> WebhookKeys | None:
        url = self._webhook_url
        if url is None:
            return None
        return WebhookKeys(store=self.store, sealer=self._sealer, public_url=url)

    def _build_launcher(self, directory: Directory) -> Launcher:
        return Launcher(
            store=self.store,
            services=self._services,
            directory=directory,
            sealer=self._sealer,
            clock=self._clock,
            at_once=self._settings.hallpass_launches_at_once,
            webhook_keys=self._build_webhook_keys(),
            defaults=self._launch_defaults,
            way_of=self._ways.__getitem__,
        )

    def _build_entrance(self, launcher: Launcher) -> Entrance:
        return Entrance(
            store=self.store,
            services=self._services,
            launcher=launcher,
            clock=self._clock,
            alerting=build_alerting(self._settings),
        )

    def _build_bolt(self, identity: Identity) -> Dispatcher:
        secret = self._settings.slack_signing_secret
        # Bolt finds SLACK_BOT_TOKEN in the environment by itself, and would warn of it at each start.
        logging.getLogger("slack_bolt.AsyncApp").addFilter(lambda record: "`token` will be unused" not in record.msg)
        return Dispatcher(
            signing_secret=secret.get_secret_value() if secret else None,
            client=build_client(token=None, base_url=self._settings.slack_api_url, session=self._session),
            # Bolt takes an AsyncAuthorize here too, and only that lets SLACK_BOT_TOKEN stand in the environment.
            authorize=KnownInstallation(
                team_id=identity.team_id,
                enterprise_id=identity.enterprise_id,
                bot_token=self._token,
                bot_id=identity.bot_id,
                bot_user_id=identity.bot_user_id,
            ),
            # `ack()` leaves when the listener returns: without this Bolt polls for it every 10 ms.
            process_before_response=True,
        )

    async def _connect(self, bolt: Dispatcher, stack: AsyncExitStack) -> None:
        """Socket Mode with an app token, else Slack's requests come to our web server."""
        token = self._settings.slack_app_token
        if token is None:
            self._slack_handler = AsyncSlackRequestHandler(bolt).handle
            return
        await check_app_token(
            build_delivery(self._settings, self._session, self._clock, token=token.get_secret_value())
        )
        web_client = build_client(token=None, base_url=self._settings.slack_api_url, session=self._session)
        self._socket = AsyncSocketModeHandler(bolt, token.get_secret_value(), web_client=web_client)
        stack.push_async_callback(self._socket.close_async)
        await self._socket.connect_async()  # type: ignore[no-untyped-call]

    async def _check_room_service(self) -> None:
        """Say at once when the room service refuses our key; lessons booked meanwhile wait for the mend."""
        for service in self._services:
            try:
                account = await service.check_account()
            except RoomServiceError as error:
                log.warning("room_service_not_usable", error=str(error), mend="hallpass doctor says what to do")
            else:
                told = {"organisation": account.organisation_id} if account.organisation_id else {}
                log.info("room_service_ready", provider=service.shown_name, **told)

    def list_tasks(self) -> list[asyncio.Task[None]]:
        """Whatever is in flight: messages, answers, what waits for others. For who sees how it dies."""
        scheduler, desk = self.scheduler, self._desk
        sending = scheduler.list_tasks() if scheduler is not None else []
        return [*sending, *(desk.tasks | desk.watches if desk is not None else ())]

    async def check_readiness(self) -> Readiness:
        """What `/readyz` and `/metrics` tell."""
        return await read_readiness(
            self.store, clock=self._clock, webhooks=self.webhooks, is_slack_connected=await self._is_slack_connected()
        )

    async def _is_slack_connected(self) -> bool:
        if not self.is_started.is_set():
            return False
        return self._socket is None or bool(await self._socket.client.is_connected())


@asynccontextmanager
async def open_hallpass(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Hallpass]:
    """Everything that must be closed again, opened: store, HTTP clients, room service. `run` does the rest."""
    on_owed: list[Callable[[], None]] = []

    def wake() -> None:
        for call in on_owed:
            call()

    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        path = settings.database_path
        store = await stack.enter_async_context(open_store(path, on_owed=wake, is_exclusive=True))
        sealer = build_sealer(settings)
        session = await stack.enter_async_context(open_slack_session(settings))
        vault = Vault()
        services = await stack.enter_async_context(open_room_services(settings, vault=vault, clock=clock))
        yield Hallpass(
            settings=settings,
            clock=clock,
            store=store,
            services=services,
            vault=vault,
            session=session,
            sealer=sealer,
            on_owed=on_owed,
        )


async def _stop_presence(presence: Presence, looking: asyncio.Task[None]) -> None:
    """A look in flight is cut off: it keeps nothing half, and the next start looks anew."""
    presence.stop()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def _stop_reports(reports: Reports, working: asyncio.Task[None]) -> None:
    """The transaction in flight is done or not done; what is not is found at the next start."""
    reports.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def _stop_scheduler(scheduler: Scheduler, sending: asyncio.Task[None]) -> None:
    await scheduler.stop()
    await sending
