"""The command line: reads what was typed, does one thing, and says on one line what went wrong.

Exit status: 0 done; 1 the command looked and found something wrong (`doctor`, `demo`), or what was asked for is not
there or was refused (`room`), or a bug, with its trace in the log; 2 wrong arguments, wrong settings, or a database,
key or service that cannot be used, one line each on stderr.
What people read goes to stdout, everything else to stderr. Here, and nowhere below, a `Settings` is taken apart.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import re
import signal
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn

import structlog
from rich.console import Console

from bot import forget_command, lesson_commands, room_commands, upkeep
from bot.app import open_hallpass
from bot.assembly import key_file_of
from bot.clock import SystemClock
from bot.doctor import examine, print_findings
from bot.logs import Redactor, configure_logs
from bot.manifest import allow_sign_in, http_manifest, load_manifest, read_manifest, render
from bot.setting_values import Wrong, parse_url
from bot.settings import Settings, SettingsError, load_settings
from bot.settings_in_force import describe_in_force
from storage.errors import HallpassError, StoreBusy
from storage.sealing import load_or_make_key_file

log = structlog.get_logger("hallpass")

LOOKED_THROUGH_AT_ONCE = 10_000
"""New objects before Python looks for garbage among them: a megabyte or two, done in about a millisecond."""

DONE, FOUND_WRONG, UNUSABLE = 0, 1, 2

EXAMPLES = """\
examples:
  hallpass demo                                     whole lessons in a minute, without any account
  hallpass play                                     a school in the browser, to try everything without Slack
  hallpass manifest                                 the Slack app, to be pasted under "From a manifest"
  hallpass doctor                                   are tokens, scopes, keys and database as they should be?
  hallpass run                                      the bot, until it is stopped
  hallpass lessons export --from 2026-11-01 --to 2026-11-30 --csv > november.csv

Settings come from the environment, then from a file .env in this folder; the README lists them all.
Exit status: 0 done, 1 doctor or demo found something wrong, or room found nothing; 2 something cannot be used, as one
line says.
"""


class Parser(argparse.ArgumentParser):
    """Complains on one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: {message} (`{self.prog} --help` says more)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what was typed; the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        status = int(arguments.work(arguments))
        sys.stdout.flush()
        return status
    except SettingsError as error:
        return _complain(*map(str, error.problems))
    except StoreBusy as error:
        return _complain(f"{error}: stop that one first")
    except HallpassError as error:
        return _complain(str(error))
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter's own flush at the end must not trip over it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _complain(*lines: str) -> int:
    for line in lines:
        print(f"hallpass: {line}", file=sys.stderr)
    return UNUSABLE


def build_parser() -> argparse.ArgumentParser:
    """All commands, each with the function that does it in `work`."""
    parser = Parser(
        prog="hallpass",
        description="Books lessons in Slack and gives everybody their own way in.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hallpass {find_version()}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    _add(commands, "run", "the bot, until it is stopped", run)
    demo = _add(commands, "demo", "play a whole lesson on stand-ins, told in the terminal", play_demo)
    demo.add_argument(
        "--service", choices=("lessonspace", "videsk", "agora", "loop"), default="lessonspace", help="where it is held"
    )
    demo.add_argument("--pace", type=_pace, default=1.0, metavar="N", help="1: for reading; 0: as quick as can be")
    play = _add(commands, "play", "the whole school in a browser, on this machine alone, until Ctrl-C", play_school)
    play.add_argument("--port", type=_port, default=8780, metavar="N", help="of 127.0.0.1; 0: any that is free")
    play.add_argument("--no-browser", action="store_true", help="only print the address")
    _add(
        commands, "doctor", "check tokens, scopes, keys, database, clock and addresses, and say what to do", see_doctor
    )
    manifest = _add(commands, "manifest", "print the Slack app for pasting: Socket Mode, unless told", print_manifest)
    manifest.add_argument(
        "--public-url", type=_url, metavar="URL", help="for HTTP: where Slack reaches Hallpass, https://…"
    )
    manifest.add_argument(
        "--sign-in",
        type=_url,
        metavar="URL",
        help="for HALLPASS_SIGN_IN: the address in HALLPASS_PUBLIC_URL, https://…",
    )
    lesson_commands.add_to(commands)
    room_commands.add_to(commands)
    upkeep.add_to(commands)
    forget_command.add_to(commands)
    return parser


def _add(commands: argparse._SubParsersAction[Parser], name: str, told: str, work: object) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
    parser.set_defaults(work=work)
    return parser


def _url(text: str) -> str:
    try:
        return parse_url(text)
    except Wrong as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _pace(text: str) -> float:
    if not re.fullmatch(r"\d{1,2}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is not a pace: write a number like 1 or 0.5")
    return float(text)


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: write a number up to 65535")
    return int(text)


def find_version() -> str:
    """Of the installed distribution."""
    try:
        return version("hallpass-bot")
    except PackageNotFoundError:
        return "(not installed)"


# run


def run(arguments: argparse.Namespace) -> int:
    """`hallpass run`."""
    settings = load_settings()
    redactor = configure_logs(sys.stderr, secrets=settings.list_secrets())
    for warning in settings.warnings:
        log.warning("setting_unknown", what=warning)
    asyncio.run(_run(settings, redactor))
    return DONE


async def _run(settings: Settings, redactor: Redactor) -> None:
    stop = asyncio.Event()
    with _stopped_by_signals(stop):
        async with open_hallpass(settings) as hallpass:
            if not settings.hallpass_encryption_keys:
                redactor.add(load_or_make_key_file(key_file_of(settings)))
            quieten_collector()
            await hallpass.run(stop)
        log.info("stopped")


def quieten_collector() -> None:
    """Keep Python's collector of garbage from looking through what is no garbage, from now on.

    What was loaded stays: else each full collection walks all of it, and nobody is answered meanwhile. What is new is
    looked through by ten thousands: of the usual 700 most are in use still, and a tenth of a link's CPU went there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOKED_THROUGH_AT_ONCE, 10, 10)


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM or SIGINT sets `stop`; the second one ends the process as it would without us."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def note() -> None:
        stop.set()
        for one in signals:
            loop.remove_signal_handler(one)

    for one in signals:
        loop.add_signal_handler(one, note)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


# demo, play, doctor, manifest


def play_demo(arguments: argparse.Namespace) -> int:
    """`hallpass demo`. Imported here: nothing but the demo and the tests needs the stand-ins."""
    from bot.sandbox.story import play

    return asyncio.run(play(Console(), service=arguments.service, pace=arguments.pace))


def play_school(arguments: argparse.Namespace) -> int:
    """`hallpass play`. Imported here, as for the demo."""
    from bot.sandbox.play.server import serve_play

    def tell(address: str) -> None:
        print(f"The school is open: {address}\nCtrl-C closes it.", flush=True)
        if not arguments.no_browser and _has_windows():
            asyncio.get_running_loop().run_in_executor(None, webbrowser.open, address)  # some wait for the browser

    async def work() -> None:
        stop = asyncio.Event()
        with _stopped_by_signals(stop):
            await serve_play(arguments.port, stop=stop, tell=tell)

    configure_logs(sys.stderr, level=logging.ERROR)  # what goes wrong on purpose is told on the page
    asyncio.run(work())
    return DONE


def _has_windows() -> bool:
    """Else a browser of the terminal's own might open, and take from it what we say."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def see_doctor(arguments: argparse.Namespace) -> int:
    """`hallpass doctor`."""
    settings = load_settings()
    configure_logs(sys.stderr, level=logging.ERROR, secrets=settings.list_secrets())  # the rest is in the findings
    findings = asyncio.run(examine(settings, clock=SystemClock()))
    print_findings(Console(), describe_in_force(settings), findings)
    return FOUND_WRONG if any(finding.is_problem for finding in findings) else DONE


def print_manifest(arguments: argparse.Namespace) -> int:
    """`hallpass manifest`."""
    if not arguments.public_url and not arguments.sign_in:
        print(read_manifest(), end="")
        return DONE
    manifest = http_manifest(arguments.public_url) if arguments.public_url else load_manifest()
    print(render(allow_sign_in(manifest, arguments.sign_in) if arguments.sign_in else manifest), end="")
    return DONE
