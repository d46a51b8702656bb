"""The only composition root: every object is built here, from settings, and handed what it needs.

`open_hallpass`, then `run`, is one asyncio process: Slack (Socket Mode or HTTP), the sender with its alarm clock, the
web server. What opens is closed in reverse; a stop lets what is in flight finish within a limit and leaves the rest to
be claimed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
import structlog
import uvicorn
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from starlette.routing import Route

from bot.account_secrets import AccountSecret
from bot.assembly import (
    LESSONSPACE,
    Vault,
    build_delivery,
    build_options,
    build_sealer,
    find_way,
    open_room_services,
    open_slack_session,
)
from bot.beacons import Beacons
from bot.booking import BookingPolicy, Offer
from bot.cardkeeping import CardKeeper
from bot.claims import Claims
from bot.clock import Clock, SystemClock
from bot.collecting import Collector, find_showing
from bot.courtesy import Courtesy
from bot.delivery import Delivery, build_client
from bot.door import Door, Enter
from bot.drawing import Drawer
from bot.entering import Entrance
from bot.errors import RoomServiceError, SlackError
from bot.following import NextLessons
from bot.house_rules import read_house_rules
from bot.identity import Identity, check_app_token, learn_identity
from bot.join_web import JoinWeb
from bot.keeping import Housekeeper
from bot.launch_defaults import LaunchDefaults
from bot.launching import Launcher
from bot.people import Directory
from bot.posting import Poster
from bot.presence import Presence
from bot.reading import SessionReader
from bot.reports import Reports
from bot.rooms.registry import RoomServices
from bot.scheduler import Scheduler
from bot.sending import NoticeSender
from bot.serving import QuietServer, open_listener, stop_server
from bot.setting_values import BookersRule
from bot.settings import Settings
from bot.sign_in import SignIn
from bot.web import Readiness, SlackHandler, build_web
from bot.webhook_keys import WebhookKeys
from bot.webhooks import Taken, Webhooks
from bot.whereabouts import Alerting
from commands.desk import Desk
from commands.dispatching import Dispatcher
from commands.installation import KnownInstallation
from commands.open_homes import OpenHomes
from commands.register import register
from commands.watching import Watcher
from storage.errors import HallpassError
from storage.records import AccountId, LessonId, LinkWay, Workspace, WorkspaceId
from storage.sealing import Sealer
from storage.sqlite import SqliteStore, open_store
from storage.store import Transaction

log = structlog.get_logger("hallpass.app")

UNSENT_PATIENCE = timedelta(minutes=5)
"""Readiness gives up on a notice that is owed for longer than this."""
GROUPS_EVERY = timedelta(minutes=10)
"""How often user groups named in settings are read anew."""


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
        self._offers: tuple[Offer, ...] = ()
        self._ways = {service.name: find_way(settings, service) for service in services}
        self.housekeeper = Housekeeper(store=store, clock=clock, retention=settings.hallpass_keep)
        self._session = session
        self._sealer = sealer
        optional = services.find(LESSONSPACE) or services.default
        self._launch_defaults = LaunchDefaults(
            installed=settings.lessonspace_launch.values if optional.name == LESSONSPACE else {},
            sealer=sealer,
            find_problems=optional.find_option_problems,
            service=optional.name,
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
        self._policy: BookingPolicy | None = None
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
                    join_routes=self._list_join_routes(),
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
        workspace, self._offers = await self.store.write(lambda tx: self._ensure_accounts(tx, identity))
        account_id = self._offers[0].account_id
        for one in self._offers:
            self._vault.bind(
                one.service,
                AccountSecret(
                    store=self.store, sealer=self._sealer, workspace_id=workspace.id, account_id=one.account_id
                ),
            )
        directory = Directory(slack=delivery, store=self.store, workspace=workspace, clock=self._clock)
        drawer = Drawer(
            sealer=self._sealer,
            service_name=self._services.default.shown_name,
            shown_names={service.name: service.shown_name for service in self._services},
            shared={one.name for one in self._services if one.capabilities.shared_address},
            paged={one.name for one in self._services if one.capabilities.own_page},
            recordless={one.name for one in self._services if not one.capabilities.attendance},
            shows_channel_names=self._settings.hallpass_channel_names,
            find_watchers=lambda: self._find_policy(directory, workspace.id, account_id).watchers,
            is_admin=lambda person: self._find_policy(directory, workspace.id, account_id).is_admin(person),
            public_url=self._settings.hallpass_public_url or "",
        )
        self._policy = self._build_policy(account_id)
        launcher = self._build_launcher(directory)
        self._enter = self._build_entrance(launcher).enter
        desk = Desk(
            store=self.store,
            delivery=delivery,
            directory=directory,
            drawer=drawer,
            clock=self._clock,
            workspace_id=workspace.id,
            policy=lambda: self._find_policy(directory, workspace.id, account_id),
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

        scheduler = self._build_scheduler(delivery, directory, drawer, launcher, note_done)
        self.scheduler = scheduler
        self._on_owed.append(scheduler.wake)
        await self._read_groups(directory, workspace.id, account_id)
        bolt = self._build_bolt(identity)
        register(bolt, desk, watcher, homes)
        sending = asyncio.create_task(scheduler.run())
        stack.push_async_callback(_stop_scheduler, scheduler, sending)
        self.presence = Presence(
            store=self.store, services=self._services, clock=self._clock, alerting=self._build_alerting()
        )
        looking = asyncio.create_task(self.presence.run())
        stack.push_async_callback(_stop_presence, self.presence, looking)
        self._start_reports(stack, self.presence)
        stack.push_async_callback(desk.close)
        stack.push_async_callback(directory.close)
        groups = asyncio.create_task(self._keep_groups(directory, workspace.id, account_id))
        stack.callback(groups.cancel)
        await self._connect(bolt, stack)
        check = asyncio.create_task(self._check_room_service())
        stack.callback(check.cancel)
        self.is_started.set()
        log.info("started", workspace=identity.team_name, mode="socket" if self._socket else "http")

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

    def _list_join_routes(self) -> list[Route]:
        """Join links' pages, where there is an address under which others reach them."""
        public_url = self._settings.hallpass_public_url
        if public_url is None:
            return []
        beacons = Beacons(
            store=self.store,
            door=self._door,
            clock=self._clock,
            alerting=self._build_alerting(),
            runs_here=self._runs_here,
        )
        web = JoinWeb(
            door=self._door,
            beacons=beacons,
            clock=self._clock,
            public_url=public_url,
            sign_in=self._build_sign_in(public_url),
        )
        return web.list_routes()

    def _build_sign_in(self, public_url: str) -> SignIn | None:
        """Where people are asked who they are before a link lets them in."""
        settings = self._settings
        client_id, secret = settings.slack_client_id, settings.slack_client_secret
        if not settings.hallpass_sign_in or client_id is None or secret is None:
            return None
        return SignIn(
            client_id=client_id,
            client_secret=secret.get_secret_value(),
            public_url=public_url,
            api_url=settings.slack_api_url,
            delivery=build_delivery(settings, self._session, self._clock, token=""),
            sealer=self._sealer,
            now=self._clock.machine_now,
        )

    def _runs_here(self, service_name: str) -> bool:
        """Do this service's rooms run inside a page of ours?"""
        service = self._services.find(service_name)
        return service is not None and service.capabilities.own_page

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
            alerting=self._build_alerting(),
        )

    def _build_alerting(self) -> Alerting:
        settings = self._settings
        return Alerting(late_after=settings.hallpass_late_after, admin_channel=settings.hallpass_admin_channel)

    def _build_scheduler(
        self,
        delivery: Delivery,
        directory: Directory,
        drawer: Drawer,
        launcher: Launcher,
        on_done: Callable[[WorkspaceId, LessonId], None],
    ) -> Scheduler:
        settings = self._settings
        reader = SessionReader(
            store=self.store, services=self._services, clock=self._clock, late_after=settings.hallpass_late_after
        )
        claims = Claims(store=self.store, clock=self._clock, admin_channel=settings.hallpass_admin_channel)
        courtesy = Courtesy(
            store=self.store, claims=claims, clock=self._clock, quiet_hours=settings.hallpass_quiet_hours
        )
        poster = Poster(
            store=self.store,
            delivery=delivery,
            directory=directory,
            drawer=drawer,
            claims=claims,
            clock=self._clock,
            at_once=settings.hallpass_posts_at_once,
        )
        sender = NoticeSender(
            store=self.store,
            claims=claims,
            courtesy=courtesy,
            launcher=launcher,
            poster=poster,
            next_lessons=NextLessons(store=self.store, drawer=drawer, clock=self._clock),
            reader=reader,
            collector=Collector(
                store=self.store,
                services=self._services,
                clock=self._clock,
                audiences=settings.hallpass_recording_policy or None,
                find_redraws=lambda: find_showing(drawer.find_watchers()),
            ),
            clock=self._clock,
        )
        cards = CardKeeper(store=self.store, delivery=delivery, drawer=drawer, clock=self._clock)
        return Scheduler(
            store=self.store,
            sender=sender,
            cards=cards,
            delivery=delivery,
            clock=self._clock,
            slots=settings.hallpass_launches_at_once + settings.hallpass_posts_at_once,
            on_done=on_done,
            keep_house=self.housekeeper.tidy,
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

    def _ensure_accounts(self, tx: Transaction, identity: Identity) -> tuple[Workspace, tuple[Offer, ...]]:
        now = self._clock.machine_now()
        workspace = tx.workspaces.ensure(
            identity.team_id, name=identity.team_name, bot_user_id=identity.bot_user_id, now=now
        )
        offers = tuple(
            Offer(
                service=service.name,
                shown_name=service.shown_name,
                account_id=tx.workspaces.ensure_account(workspace.id, service.name, external_id=None, now=now),
                capabilities=service.capabilities,
                launches_ahead=self._ways[service.name] is LinkWay.DIRECT,
            )
            for service in self._services
        )
        return workspace, offers

    def _find_policy(self, directory: Directory, workspace_id: WorkspaceId, account_id: AccountId) -> BookingPolicy:
        """The policy as it is now: the environment's, and over it what the workspace set in Home."""
        rules = self.store.glance(lambda tx: read_house_rules(tx, workspace_id))
        return rules.apply_to(self._policy or self._build_policy(account_id), list_members=directory.peek_group)

    def _build_policy(
        self,
        account_id: AccountId,
        *,
        booker_ids: frozenset[str] = frozenset(),
        admin_ids: frozenset[str] = frozenset(),
    ) -> BookingPolicy:
        rule = self._settings.hallpass_bookers.rule
        return BookingPolicy(
            account_id=account_id,
            service_name=self._services.default.shown_name,
            capabilities=self._services.default.capabilities,
            launches_ahead=self._ways[self._services.default.name] is LinkWay.DIRECT,
            offers=self._offers,
            defaults=build_options(self._settings),
            reach=self._settings.hallpass_reach,
            watchers=self._settings.hallpass_recordings,
            new_links=self._settings.hallpass_new_links,
            members_may_book=rule is BookersRule.MEMBERS,
            everyone_may_book=rule is BookersRule.EVERYONE,
            booker_ids=booker_ids,
            admin_ids=admin_ids,
            admin_channel=self._settings.hallpass_admin_channel,
        )

    async def _read_groups(self, directory: Directory, workspace_id: WorkspaceId, account_id: AccountId) -> None:
        """Who may book and who administers, as the user groups named in settings and in Home stand now."""
        settings = self._settings
        admins = settings.hallpass_admins
        try:
            booker_ids = await _expand(directory, settings.hallpass_bookers.groups)
            admin_ids = await _expand(directory, admins)
        except SlackError as error:
            log.warning("user_groups_not_read", code=error.code)
        else:
            self._policy = self._build_policy(account_id, booker_ids=booker_ids, admin_ids=admin_ids)
        chosen = self.store.glance(lambda tx: read_house_rules(tx, workspace_id)).booker_groups
        if not chosen:
            return
        for group_id in chosen:  # kept by the directory, which the policy asks
            with contextlib.suppress(SlackError):
                await directory.list_group(group_id)
        with contextlib.suppress(SlackError):
            await directory.list_group_names()

    async def _keep_groups(self, directory: Directory, workspace_id: WorkspaceId, account_id: AccountId) -> None:
        while True:
            await asyncio.sleep(GROUPS_EVERY.total_seconds())
            await self._read_groups(directory, workspace_id, account_id)

    async def _check_room_service(self) -> None:
        """Say at once when the room service refuses our key; lessons booked meanwhile wait for the mend."""
        for service in self._services:
            try:
                account = await service.check_account()
            except RoomServiceError as error:
                log.warning("room_service_not_usable", error=str(error), mend="hallpass doctor says what to do")
            else:
                log.info("room_service_ready", provider=service.shown_name, organisation=account.organisation_id)

    def list_tasks(self) -> list[asyncio.Task[None]]:
        """Whatever is in flight: messages, answers, what waits for others. For who sees how it dies."""
        scheduler, desk = self.scheduler, self._desk
        sending = scheduler.list_tasks() if scheduler is not None else []
        return [*sending, *(desk.tasks | desk.watches if desk is not None else ())]

    async def check_readiness(self) -> Readiness:
        """What `/readyz` and `/metrics` tell."""
        now, machine_now = self._clock.now(), self._clock.machine_now()
        try:
            pending = await self.store.read(lambda tx: tx.notices.pending(now=now, machine_now=machine_now))
            waiting = await self.store.read(lambda tx: tx.deliveries.count_unworked())
        except HallpassError:
            pending, waiting = None, 0
        taken = self.webhooks.counts if self.webhooks is not None else Counter[Taken]()
        oldest = pending.oldest_due_at if pending else None
        return Readiness(
            store=pending is not None,
            slack=await self._is_slack_connected(),
            oldest_unsent_seconds=max((now - oldest).total_seconds(), 0.0) if oldest else 0.0,
            waiting_count=pending.waiting_count if pending else 0,
            unknown_count=pending.unknown_count if pending else 0,
            stale_card_count=pending.stale_card_count if pending else 0,
            dropped_late_count=pending.dropped_late_count if pending else 0,
            failed_count=pending.failed_count if pending else 0,
            webhooks_waiting_count=waiting,
            webhooks_stored_count=taken[Taken.STORED],
            webhooks_repeated_count=taken[Taken.REPEATED],
            webhooks_refused_count=taken.total() - taken[Taken.STORED] - taken[Taken.REPEATED],
            patience_seconds=UNSENT_PATIENCE.total_seconds(),
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
        services = await stack.enter_async_context(open_room_services(settings, vault=vault, now=clock.now))
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


async def _expand(directory: Directory, ids: tuple[str, ...]) -> frozenset[str]:
    """People's ids as they are, user groups' ids as their members."""
    found: set[str] = set()
    for one in ids:
        found |= set(await directory.list_group(one)) if one.startswith("S") else {one}
    return frozenset(found)


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
