"""The README as its tests read it: sections by heading, tables by column, code by its fence. Reads, judges nothing."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PACKAGES = ("bot", "commands", "storage")

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def read_readme() -> str:
    return README.read_text(encoding="utf-8")


def find_section(heading: str) -> str:
    """What stands under this heading, up to the next one of its level or a higher one."""
    level = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", read_readme(), re.M | re.S)
    assert found, f"the README has no {heading!r}"
    return found[1]


def list_rows(section: str, first_column: str) -> list[list[str]]:
    """The cells of every table whose first column has this title, without the titles."""
    rows: list[list[str]] = []
    is_wanted = False
    for line in section.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not cells:
            is_wanted = False
        elif cells[0] == first_column:
            is_wanted = True
        elif is_wanted and set(cells[0]) != {"-"}:
            rows.append(cells)
    assert rows, f"no table with {first_column!r}"
    return rows


def list_code(text: str) -> list[str]:
    """Everything in backticks, fenced blocks left out."""
    return re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))


def list_fenced(language: str, text: str | None = None) -> list[str]:
    """The fenced blocks in this language, each without its indentation."""
    found = _FENCE.finditer(read_readme() if text is None else text)
    return [re.sub(r"^ +(?=\S)", "", block[2], flags=re.M) for block in found if block[1] == language]


def strip_code(cell: str) -> str:
    """A cell that is one piece of code, without its backticks."""
    assert re.fullmatch(r"`[^`]+`", cell), cell
    return cell.strip("`")
