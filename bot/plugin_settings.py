"""What installed room services are told: their own variables, read when a service is asked for by its name.

Of a service that nobody asked for nothing is read or loaded. One that is broken is told as a problem of the setting
that asks for it; it takes nothing with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.rooms.plugins import PluginBroken, Variable, list_missing, load_plugin, pick_settings


@dataclass(frozen=True, kw_only=True)
class PluginSettings:
    """One service that is asked for, with what is set of its own."""

    name: str
    variables: tuple[Variable, ...]  # that it speaks of
    values: Mapping[str, str] = field(repr=False)  # those set, by their whole name; also ones that it does not speak of
    missing: tuple[Variable, ...] = ()

    def list_secrets(self) -> list[str]:
        """Of those that it says are secret."""
        return [self.values[one.name] for one in self.variables if one.is_secret and one.name in self.values]

    def list_strangers(self) -> list[str]:
        """Names of what is set and it does not speak of: most are typing mistakes."""
        return sorted(self.values.keys() - {one.name for one in self.variables})


def read_plugins(
    names: Iterable[str], told: Mapping[str, str | None]
) -> tuple[list[PluginSettings], list[PluginBroken]]:
    """Those of these names that can be used, and what is wrong with the others. `told`: everything that is set."""
    found: list[PluginSettings] = []
    broken: list[PluginBroken] = []
    for name in names:
        try:
            plugin = load_plugin(name)
        except PluginBroken as error:
            broken.append(error)
            continue
        values = pick_settings(name, told)
        missing = list_missing(plugin, values)
        found.append(PluginSettings(name=name, variables=plugin.variables, values=values, missing=missing))
    return found, broken
