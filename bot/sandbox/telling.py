"""The demo's story on a terminal: headings with the lesson's time, what people see in panels with their names.

Colour and the moving bar only where the console has them; elsewhere the same lines, plain. It knows nothing of lessons:
it prints what it is given, and gives people the time to read it.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

WIDEST = 112
"""Longer lines are hard to read, however wide the terminal."""
TWO_PANELS_FROM = 96
"""Columns from which two panels stand beside each other."""
SECONDS_PER_WORD = 0.03
"""At pace 1: a story of about a minute, for somebody who skims the panels and reads the rest."""

_BUTTON = r"\[ (?=\S)[^\[\]]*?(?<=\S) \]"
_FAULT = r"(?m)^ *! .*$"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one person has before them."""

    title: str
    text: str


class Telling:
    """Everything the demo prints. `pace` 1 leaves time to read, 0 none."""

    def __init__(self, console: Console, *, pace: float) -> None:
        self._console = console
        self._pace = pace
        self._width = min(console.width, WIDEST)
        if isinstance(console.file, io.TextIOWrapper):
            console.file.reconfigure(errors="replace")  # where there is no ✓, a ? must do

    async def open(self, title: str, *lines: str) -> None:
        """How the story begins."""
        body = Group(Text(title, style="bold"), *(Text(line) for line in lines))
        self._print(Panel(body, border_style="magenta", padding=(0, 2)))
        await self._leave_time_for(title, *lines)

    async def chapter(self, time: str, title: str) -> None:
        """A heading: the lesson's time, and what happens."""
        self.heading(title, mark=time)
        await self._leave_time_for(title)

    def heading(self, title: str, *, mark: str = "") -> None:
        """A heading, with a mark before it."""
        self._print(Text())
        before = Text.assemble((mark, "bold magenta"), " · ") if mark else Text()
        self._print(Text.assemble(before, (title, "bold")))

    async def say(self, text: str) -> None:
        """One line of the story."""
        self._print_indented(Text(text))
        await self._leave_time_for(text)

    async def show(self, *seen: Seen, pauses: bool = True) -> None:
        """What people see; two beside each other where there is room. `pauses` False: the story does not wait."""
        panels = [_build_panel(one) for one in seen]
        if len(panels) == 1 or self._width < TWO_PANELS_FROM:
            for panel in panels:
                self._print(panel)
        else:
            self._print(_build_pairs(panels))
        if pauses:
            await self._leave_time_for(*(one.text for one in seen))

    def confirm(self, text: str) -> None:
        """Something of the story happened."""
        self._print_indented(Text.assemble(("✓ ", "bold green"), (text, "green")))

    def miss(self, text: str) -> None:
        """Something of the story did not happen."""
        self._print_indented(Text.assemble(("✗ ", "bold red"), (text, "red")))

    def table(self, title: str, rows: Sequence[tuple[str, str]], *, columns: int = 4) -> None:
        """Names and their figures, several to a line."""
        grid = Table.grid(padding=(0, 3))
        for start in range(0, len(rows), columns):
            grid.add_row(*(Text(f"{name} {figure}") for name, figure in rows[start : start + columns]))
        self._print_indented(Group(Text(title), Padding(grid, (0, 0, 0, 2), expand=False)))

    def close(self, title: str, *lines: str | tuple[str, str], is_good: bool) -> None:
        """How the story ends. A pair is an item of a list: its mark, and its text."""
        body = Group(Text(title, style="bold"), *(_build_line(line) for line in lines))
        self._print(Text())
        self._print(Panel(body, border_style="green" if is_good else "red", padding=(0, 2)))

    @contextmanager
    def bar(self, text: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar while something goes on; call it with how much is done."""
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed} of {task.total}"),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(text, total=total)
            yield lambda done: progress.update(task, completed=done, refresh=True)

    def _print_indented(self, what: RenderableType) -> None:
        self._print(Padding(what, (0, 0, 0, 2), expand=False))

    def _print(self, what: RenderableType) -> None:
        self._console.print(what, width=self._width, highlight=False)

    async def _leave_time_for(self, *texts: str) -> None:
        if self._pace > 0:
            words = sum(len(text.split()) for text in texts)
            await asyncio.sleep(words * SECONDS_PER_WORD * self._pace)


def _build_panel(seen: Seen) -> Panel:
    text = Text(seen.text)
    text.highlight_regex(_BUTTON, "bold cyan")
    text.highlight_regex(_FAULT, "bold red")
    if seen.text:
        text.stylize("bold", 0, len(seen.text.splitlines()[0]))
    return Panel(text, title=Text(seen.title, style="bold yellow"), title_align="left", border_style="blue")


def _build_line(line: str | tuple[str, str]) -> RenderableType:
    if isinstance(line, str):
        return Text(line)
    item = Table.grid(padding=(0, 1))
    item.add_row(*(Text(part) for part in line))
    return item


def _build_pairs(panels: Sequence[Panel]) -> Table:
    pairs = Table.grid(expand=True)
    pairs.add_column(ratio=1)
    pairs.add_column(ratio=1)
    for start in range(0, len(panels), 2):
        pairs.add_row(*panels[start : start + 2])
    return pairs
