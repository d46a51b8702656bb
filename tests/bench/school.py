"""A bot to be measured: its database with people in it, its settings, and the process itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bot.booking import BookingPolicy
from bot.rooms.lessonspace import Lessonspace
from storage.records import Person, PersonId, PersonKind, new_id
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bench.forms import SIGNING_SECRET, SlackSide, build_form
from tests.bench.observed import UNTIMED
from tests.bench.processes import Process, ServicesProcess, list_free_ports, running

KEY = "01234567-89ab-4cde-8f01-23456789abcd"
NO_BOUND = "5000/s burst 5000"


class People:
    """Slack ids of people whom the bot knows. Each is handed out once, so that no lesson meets another."""

    def __init__(self, total: int) -> None:
        self.ids = [f"U{number:010d}" for number in range(1, total + 1)]
        self._next = 0

    def take(self, count: int) -> list[str]:
        """The next so many."""
        taken = self.ids[self._next : self._next + count]
        if len(taken) < count:
            raise RuntimeError("too few people were made for this bench")
        self._next += count
        return taken


def build_policy(tx: Transaction, *, now: datetime) -> BookingPolicy:
    """What the running bot books by, in a workspace that is made where there is none."""
    workspace = tx.workspaces.ensure("T0BENCH001", name="Maple Tutors", bot_user_id="U0BENCHBOT", now=now)
    account_id = tx.workspaces.ensure_account(workspace.id, Lessonspace.name, external_id=None, now=now)
    return BookingPolicy(
        account_id=account_id,
        service_name=Lessonspace.shown_name,
        capabilities=Lessonspace.capabilities,
        reach=1_000_000,
    )


def add_people(tx: Transaction, people: People, *, now: datetime) -> None:
    """Into the directory, as after an earlier lesson: looked up, and with their direct message open."""
    workspace = tx.workspaces.ensure("T0BENCH001", name="Maple Tutors", bot_user_id="U0BENCHBOT", now=now)
    for user_id in people.ids:
        tx.people.save(
            Person(
                id=PersonId(new_id()),
                workspace_id=workspace.id,
                user_id=user_id,
                name=f"Learner {user_id[-4:]}",
                kind=PersonKind.MEMBER,
                zone="Europe/London",
                conversation=f"D{user_id[1:]}",
                checked_at=now,
            )
        )


def prepare_database(path: Path, people: People) -> None:
    """A file as the bot would have left it: these people known, no lesson yet."""

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_store(path) as store:
            await store.write(lambda tx: add_people(tx, people, now=now))

    asyncio.run(work())


def build_environment(services: ServicesProcess, database: Path, port: int) -> dict[str, str]:
    """What `hallpass run` finds in its environment."""
    return {
        "SLACK_BOT_TOKEN": "xoxb-1234567890-abcdefghijklmnop",
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{services.port}/api/",
        "LESSONSPACE_API_KEY": KEY,
        "LESSONSPACE_API_URL": f"http://127.0.0.1:{services.port}/v2/",
        "HALLPASS_DATABASE_URL": f"sqlite:///{database}",
        "HALLPASS_LISTEN": f"127.0.0.1:{port}",
        "HALLPASS_POST_RATE": NO_BOUND,
        "HALLPASS_REACH": "1000000",
        "HALLPASS_QUIET_HOURS": "off",  # by the machine's clock it may be night
    }


class Bot:
    """`hallpass run`, running and ready."""

    def __init__(self, process: Process, port: int, people: People, start_seconds: float) -> None:
        self.process = process
        self.port = port
        self.people = people
        self.start_seconds = start_seconds
        self.slack = SlackSide(port)

    def book(self, person_count: int) -> float:
        """Send a form for so many people, the leader one of them. Seconds until it was acknowledged."""
        leader, *learners = self.people.take(person_count)
        return self.slack.send(build_form(leader, learners))


@contextlib.contextmanager
def running_bot(
    services: ServicesProcess,
    folder: Path,
    *,
    people: int = 0,
    is_observed: bool = False,
    is_timed: bool = True,
    is_prepared: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Bot]:
    """The bot, ready. `is_observed`: by `observed.py`; `is_timed`: with its ticking task, which costs CPU itself.

    `is_prepared`: the database is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known, database, [port] = People(people), folder / "hallpass.db", list_free_ports(1)
    if not is_prepared:
        prepare_database(database, known)
    arguments = ["tests.bench.observed", *([] if is_timed else [UNTIMED])] if is_observed else ["bot", "run"]
    environment = {**build_environment(services, database, port), **(settings or {})}
    began = time.perf_counter()
    with running(*arguments, environment=environment, log=folder / "hallpass.log") as process:
        wait_until_ready(process, port)
        bot = Bot(process, port, known, time.perf_counter() - began)
        try:
            yield bot
        finally:
            bot.slack.close()


def wait_until_ready(process: Process, port: int, path: str = "/readyz", *, seconds: float = 30) -> None:
    """Until the address answers 200."""
    gives_up_at = time.monotonic() + seconds
    while time.monotonic() < gives_up_at:
        if process.has_ended:
            raise RuntimeError("the process ended before it was ready")
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.005)
    raise RuntimeError("the process was not ready in time")
