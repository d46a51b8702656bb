"""The demo: whole lessons in a school on this machine, told in the terminal; what `hallpass demo` plays.

One lesson from its booking to its summary, then an evening of changed plans: one leader, six others, the bot as it
is and stand-ins for Slack and the room service; only lesson time is moved. It is a story and a test at once: every step
must happen, and what did not is named. It is the same in every room service, but for what one of them cannot do: that
is said at the beginning, and left out. Begin with `play`.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from rich.console import Console

from bot.logs import Redactor, configure_logs
from bot.manifest import load_manifest
from bot.sandbox import chapters, evening, proofs
from bot.sandbox.cast import add_cast, at
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.school import School, open_school
from bot.sandbox.stage import NotToBe, Stage, name_all
from bot.sandbox.steps import Account, Step, list_left_out, list_steps
from bot.sandbox.telling import Telling
from bot.sandbox.venues import BROCHURES, Brochure, build_venue

PATIENCE = timedelta(seconds=15)
"""How long one step may take to come; on an idle machine none needs a second."""
SLOWNESS = timedelta(seconds=0.3)
"""Between two links, so that the progress view has something to show; longer at reading pace."""
LAUNCH_OPTIONS = '{"summarise": true}'
"""So that the stand-in writes a summary of its own, as Lessonspace does where it is switched on."""
INDEXES = ("sqlite_", "_", "transcript_words")
"""How tables are named that nobody reads: SQLite's own, and the search's."""
LOG_NAME = "hallpass.log"

_log = structlog.get_logger("hallpass.demo")


async def play(
    console: Console,
    *,
    service: str = LESSONSPACE,
    folder: Path | None = None,
    pace: float = 1.0,
    patience: timedelta = PATIENCE,
    prepare: Callable[[School], None] | None = None,
) -> int:
    """Play the story on `console`; returns the exit status: 0, or 1 when anything in it did not happen.

    `service`: one of `BROCHURES`. `folder` keeps database and log; without one they are removed, except after a
    failure. `pace` 1 is for reading, 0 as quick as can be, the same steps; where nobody watches, not on a terminal, it
    is 0. `prepare` is called with the school before the bot starts, to switch on faults.
    """
    pace = pace if console.is_terminal else 0.0
    home = folder or Path(tempfile.mkdtemp(prefix="hallpass-demo-"))
    keeps = folder is not None
    brochure = BROCHURES[service]
    telling, account = Telling(console, pace=pace), Account(list_steps(brochure.capabilities))
    try:
        reason = await _perform(home, brochure, telling, account, pace=pace, patience=patience, prepare=prepare)
        if account.is_whole() and reason is None:
            _close_well(telling, brochure)
            return 0
        keeps = True
        _close_badly(telling, account, reason=reason, home=home)
        return 1
    finally:
        if not keeps:
            shutil.rmtree(home, ignore_errors=True)


async def _perform(
    home: Path,
    brochure: Brochure,
    telling: Telling,
    account: Account,
    *,
    pace: float,
    patience: timedelta,
    prepare: Callable[[School], None] | None,
) -> str | None:
    """The whole story in a school of its own; returns why it did not come to the end, else None."""
    with _logging_to(home / LOG_NAME) as redactor:
        async with open_school(
            home,
            starts_at=at("14:00"),
            is_socket_mode=True,
            manifest=load_manifest(),
            settings={"LESSONSPACE_LAUNCH": LAUNCH_OPTIONS},
            has_webhooks=True,
            services=(brochure.service,),
        ) as school:
            redactor.add(school.load_settings().list_secrets())
            if prepare is not None:
                prepare(school)
            cast = add_cast(school)
            async with build_venue(brochure, school) as venue:
                slowness = SLOWNESS * (1 + pace)
                stage = Stage(school, venue, cast, telling, account, patience=patience, slowness=slowness)
                reason = await _tell(stage)
                if reason is None:
                    _prove(stage, account)
            return None if reason is None else redactor.clean(reason)


async def _tell(stage: Stage) -> str | None:
    """Start the bot, play every chapter, stop it; returns why it did not come to the end, else None."""
    brochure = stage.venue.brochure
    left_out, seats = list_left_out(brochure.capabilities), brochure.capabilities.max_participants
    await stage.telling.open(
        "A lesson with Hallpass",
        "Ada teaches Ben, Cara in New York, Dina in Kolkata, Emil, who is a guest from London, and Finn.",
        f"Everything runs on this machine: Hallpass itself, and stand-ins for Slack and {brochure.shown_name}.",
        "Only the lesson's clock is moved. Times in headings are Ada's, in Berlin.",
        *([f"{brochure.shown_name} has none of this, so it is left out: {', '.join(left_out)}."] if left_out else []),
        *([f"A room there has {seats} seats: {name_all(stage.everybody)} have the first lesson."] if seats else []),
    )
    try:
        await stage.school.start()
        for chapter in (*chapters.CHAPTERS, *evening.CHAPTERS):
            await chapter(stage)
        # What was still on its way is sent before it stops; a second copy of anything would come now.
        await stage.school.stop()
    except NotToBe as error:
        await stage.show_the_end()
        return str(error)
    except Exception as error:  # whatever it was, the answer is to name what did not happen
        _log.exception("story_broken")
        return f"{type(error).__name__}: {error}"
    return None


def _prove(stage: Stage, account: Account) -> None:
    """What holds of all of it, looked up where it would show."""
    school, cast, telling = stage.school, stage.cast, stage.telling
    tables = proofs.count_rows(school.database_path)
    empty = proofs.list_empty_tables(tables, stage.venue.brochure.capabilities)
    found = {
        Step.OWN_LINKS_ONLY: proofs.find_strange_links(school, [*cast.everybody, cast.gwen, cast.hana]),
        Step.NOTHING_TWICE: proofs.find_repeated(school),
        Step.NO_CLEAR_TEXT_AFTER: proofs.find_clear_text(school, stage.venue.list_secrets()),
        Step.TABLES_READABLE: [f"the table {name} is empty or not there" for name in empty],
    }
    telling.heading("Looked up afterwards")
    for step, wrong in found.items():
        if wrong:
            account.miss(step)
            telling.miss(f"{step.value} But {'; '.join(wrong)}.")
        else:
            account.confirm(step)
            telling.confirm(step.value)
    filled = [(name, str(count)) for name, count in tables.items() if count and not name.startswith(INDEXES)]
    telling.table("Rows in the database:", filled)


def _close_well(telling: Telling, brochure: Brochure) -> None:
    telling.close(
        "Everything in this story happened.",
        "",
        "To have it in your own Slack:",
        (
            "1.",
            "hallpass manifest: prints the Slack app. Paste it at api.slack.com/apps, “From a manifest”; install it.",
        ),
        ("2.", f"Put SLACK_BOT_TOKEN, SLACK_APP_TOKEN and {brochure.variables} into the environment or a file .env."),
        ("3.", "hallpass doctor: checks all of it, and says what to mend."),
        ("4.", "hallpass run: starts the bot. Type /lesson in Slack."),
        "README.md has every step, in the order in which you meet them.",
        is_good=True,
    )


def _close_badly(telling: Telling, account: Account, *, reason: str | None, home: Path) -> None:
    lines: list[str | tuple[str, str]] = []
    if reason is not None:
        lines.append(f"It stopped: {reason}")
    for title, mark, steps in (
        ("What did not happen:", "✗", account.list_missed()),
        ("What it never came to:", "·", account.list_not_reached()),
    ):
        lines += ["", title, *((mark, step.value) for step in steps)] if steps else []
    lines += ["", "The bot's log and database are in", str(home)]
    telling.close("Not everything in this story happened.", *lines, is_good=False)


@contextmanager
def _logging_to(path: Path) -> Iterator[Redactor]:
    """Everything that is logged goes to a file, down to debug; afterwards logging is as it was before."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level, configuration = list(root.handlers), root.level, structlog.get_config()
    with path.open("a", encoding="utf-8") as stream:
        try:
            yield configure_logs(stream, level=logging.DEBUG, is_json=True)
        finally:
            logging.captureWarnings(False)
            structlog.configure(**configuration)
            root.handlers[:], sys.excepthook = handlers, hook
            root.setLevel(level)
