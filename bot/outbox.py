"""The sender with its alarm clock, put together: who claims, who waits, who posts, who collects. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bot.cardkeeping import CardKeeper
from bot.claims import Claims
from bot.clock import Clock
from bot.collecting import Collector, find_showing
from bot.courtesy import Courtesy
from bot.delivery import Delivery
from bot.drawing import Drawer
from bot.following import NextLessons
from bot.launching import Launcher
from bot.people import Directory
from bot.posting import Poster
from bot.reading import SessionReader
from bot.rooms.registry import RoomServices
from bot.scheduler import Scheduler
from bot.sending import NoticeSender
from bot.settings import Settings
from storage.records import LessonId, WorkspaceId
from storage.store import Store


def build_scheduler(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    services: RoomServices,
    delivery: Delivery,
    directory: Directory,
    drawer: Drawer,
    launcher: Launcher,
    on_done: Callable[[WorkspaceId, LessonId], None],
    keep_house: Callable[[], Coroutine[Any, Any, object]],
) -> Scheduler:
    """Whatever is owed goes out by this one; it runs when its `run` does."""
    reader = SessionReader(store=store, services=services, clock=clock, late_after=settings.hallpass_late_after)
    claims = Claims(store=store, clock=clock, admin_channel=settings.hallpass_admin_channel)
    courtesy = Courtesy(store=store, claims=claims, clock=clock, quiet_hours=settings.hallpass_quiet_hours)
    poster = Poster(
        store=store,
        delivery=delivery,
        directory=directory,
        drawer=drawer,
        claims=claims,
        clock=clock,
        at_once=settings.hallpass_posts_at_once,
    )
    sender = NoticeSender(
        store=store,
        claims=claims,
        courtesy=courtesy,
        launcher=launcher,
        poster=poster,
        next_lessons=NextLessons(store=store, drawer=drawer, clock=clock),
        reader=reader,
        collector=Collector(
            store=store,
            services=services,
            clock=clock,
            audiences=settings.hallpass_recording_policy or None,
            find_redraws=lambda: find_showing(drawer.find_watchers()),
        ),
        clock=clock,
    )
    cards = CardKeeper(store=store, delivery=delivery, drawer=drawer, clock=clock)
    return Scheduler(
        store=store,
        sender=sender,
        cards=cards,
        delivery=delivery,
        clock=clock,
        slots=settings.hallpass_launches_at_once + settings.hallpass_posts_at_once,
        on_done=on_done,
        keep_house=keep_house,
    )
