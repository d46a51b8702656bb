"""A folder on the path with packages in it, as an installer leaves them; among them the README's own example."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.rooms.plugins import GROUP
from tests.documents import find_section

_BLOCK = r"`{name}`:\n\n```\w+\n(.*?)^```$"


@dataclass
class Shelf:
    """`folder` is on the path already."""

    folder: Path
    modules: list[str] = field(default_factory=list)

    def install(self, package: str, entries: Mapping[str, str], *, source: str | None, version: str = "1.0") -> None:
        """A module of the package's name with that source, and its entry points. No source: the module is lacking."""
        module = package.replace("-", "_")
        about = self.folder / f"{module}-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
        if source is not None:
            (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
        self.modules.append(module)

    def install_example(self) -> None:
        """As the README has it, letter for letter."""
        project = tomllib.loads(read_example("pyproject.toml"))["project"]
        entries = project["entry-points"][GROUP]
        self.install(
            project["name"], entries, source=read_example("hallpass_chalkboard.py"), version=project["version"]
        )

    def forget(self) -> None:
        """Nothing of it stays imported."""
        for module in self.modules:
            sys.modules.pop(module, None)


def read_example(name: str) -> str:
    """The block under that file's name."""
    found = re.search(_BLOCK.format(name=re.escape(name)), find_section("### Adding a room service"), re.M | re.S)
    assert found, f"the README has no example {name}"
    return found[1]
