"""`hallpass …` as typed, in this process: an environment, a folder, and what came out where."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from bot.cli import main
from bot.logs import TALKATIVE


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of one command."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """A shell in `folder`, with nothing of ours in its environment but what it is given."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *typed: str, environment: Mapping[str, str] | None = None) -> Ran:
        """Do it; whatever it changes for the whole process is put back."""
        with self.monkeypatch.context() as patch, _restored_logs():
            patch.chdir(self.folder)
            patch.setenv("COLUMNS", "250")
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            self.capsys.readouterr()
            try:
                status = main(typed)
            except SystemExit as left:  # argparse's own way out
                status = left.code if isinstance(left.code, int) else 1
        out, err = self.capsys.readouterr()
        return Ran(status=status, out=out, err=err)

    async def run_beside(self, *typed: str, environment: Mapping[str, str] | None = None) -> Ran:
        """The same in a thread, while stand-ins in this one answer it."""
        return await asyncio.to_thread(self.run, *typed, environment=environment)


@contextmanager
def _restored_logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in (*TALKATIVE, "uvicorn.access")}
    try:
        yield
    finally:
        root.handlers[:], sys.excepthook = handlers, hook
        root.setLevel(level)
        for name, former in levels.items():
            logging.getLogger(name).setLevel(former)
        logging.captureWarnings(False)
        structlog.reset_defaults()
