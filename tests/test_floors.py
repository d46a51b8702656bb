"""The floors that import-linter checks are all the floors there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_module_stands_on_a_floor() -> None:
    """A module that no layer names could import anything. Put a new one on its floor in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    named = re.findall(r"[\w.]+", " ".join(layers))

    there = {f"bot.{path.stem}" for path in (ROOT / "bot").glob("*.py")} - {"bot.__init__"}
    there |= {f"bot.{path.parent.name}" for path in (ROOT / "bot").glob("*/__init__.py")}

    assert sorted(named) == sorted(set(named)), "a module stands on two floors"
    assert there <= set(named)
    assert {"commands", "storage"} <= set(named)
