"""Room services that other packages bring along, found by their entry points: what each needs, and how it is built.

Nothing of an installed package is loaded before its service is asked for by name, so that one that is broken stops
nobody else; and whatever it does wrong then is one line that says whose fault it is. It is handed its own settings,
and nothing of Hallpass's or of another service's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from inspect import getattr_static
from typing import Final

from bot.rooms.base import Capabilities, RoomService
from bot.rooms.http import HttpClient, Timing
from storage.errors import HallpassError

GROUP: Final = "hallpass.room_services"
"""Of entry points: the service's name, and where its `Plugin` is."""

OWN: Final = frozenset({"lessonspace", "videsk", "agora_whiteboard", "loop"})
"""Names that nobody else may take."""

_RESERVED: Final = OWN | {"agora", "hallpass", "slack"}
_OFFERS: Final = (*(name for name in vars(RoomService) if not name.startswith("_")), "__aenter__", "__aexit__")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a service is built with."""

    client: HttpClient  # the process's one; not to be closed
    settings: Mapping[str, str] = field(repr=False)  # those set of its own, by their whole name: `CHALKBOARD_URL`
    now: Callable[[], datetime]  # lesson time, which a sandbox moves
    timing: Timing  # machine time, for doors


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One setting of a service: an environment variable, or a line of `.env`."""

    name: str  # whole: the service's name in capitals, `_`, and its own
    meaning: str  # as the settings table has it: one sentence, without its full stop
    is_needed: bool = False
    is_secret: bool = False  # never shown, and struck out of logs


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """What an entry point names."""

    build: Callable[[Context], RoomService]  # without asking the network; errors are one line at the start
    variables: tuple[Variable, ...] = ()


class PluginBroken(HallpassError):
    """An installed service that cannot be used; `mend` says what to do. Holds no setting's value."""

    def __init__(self, name: str, what: str, mend: str) -> None:
        super().__init__(f"room service {name} {what}: {mend}")
        self.name = name
        self.what = what
        self.mend = mend


def list_installed() -> tuple[str, ...]:
    """Names of the services that installed packages bring, in order; nothing of theirs is loaded for it."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP) if _is_name(entry.name)}))


def load_plugin(name: str) -> Plugin:
    """What that package says of its service. Raises PluginBroken for whatever is wrong with it."""
    found = _find_entry(name)
    try:
        plugin: object = found.load()
    except Exception as error:
        # Of an import that failed the text names a module; nothing of ours was handed over yet.
        what = f"cannot be loaded ({type(error).__name__}: {error})"
        raise PluginBroken(name, what, f"ask whoever makes {_name_package(found)}") from error
    if not isinstance(plugin, Plugin):
        raise _complain(found, f"is no Plugin but {type(plugin).__name__}")
    prefix = name_prefix(name)
    for variable in plugin.variables:
        if not variable.name.startswith(prefix) or variable.name != variable.name.upper():
            raise _complain(found, f"has a setting that does not begin with {prefix}")
    return plugin


def build_plugin(name: str, context: Context) -> RoomService:
    """The service, whole. Raises PluginBroken when it cannot be built, or is not what it was installed as."""
    plugin, found = load_plugin(name), _find_entry(name)
    missing = list_missing(plugin, context.settings)
    if missing:
        raise PluginBroken(name, f"lacks {', '.join(one.name for one in missing)}", "set what it needs")
    try:
        service = plugin.build(context)
    except Exception as error:
        # The text stays out: it may repeat a setting.
        what = f"cannot be built ({type(error).__name__})"
        raise PluginBroken(name, what, f"look at its settings, or ask whoever makes {_name_package(found)}") from None
    # Looked at and not asked: a property may raise.
    gaps = [offer for offer in _OFFERS if getattr_static(service, offer, None) is None]
    if gaps:
        raise _complain(found, f"has no {', '.join(gaps)}")
    if service.name != name:
        raise _complain(found, f"calls itself {service.name}")
    if not isinstance(service.capabilities, Capabilities):  # it is somebody else's: types promise nothing
        raise _complain(found, "does not state its capabilities")
    if service.capabilities.webhooks and not service.capabilities.attendance:
        # A report is only ever news until the record is read: without one, nobody could say that it was true.
        raise _complain(found, "states webhooks without attendance")
    return service


def name_prefix(name: str) -> str:
    """What the names of its settings begin with."""
    return f"{name.upper()}_"


def pick_settings(name: str, variables: Mapping[str, str | None]) -> dict[str, str]:
    """Those set of its own, from all that are set; their names in any case. An empty one is not set."""
    prefix = name_prefix(name)
    return {key.upper(): text for key, text in variables.items() if key.upper().startswith(prefix) and text}


def list_missing(plugin: Plugin, settings: Mapping[str, str]) -> tuple[Variable, ...]:
    """What it needs and has not."""
    return tuple(one for one in plugin.variables if one.is_needed and one.name not in settings)


def _find_entry(name: str) -> EntryPoint:
    found = list(entry_points(group=GROUP, name=name)) if _is_name(name) else []
    if not found:
        raise PluginBroken(name, "is not installed", "install the package that brings it, or choose another")
    # The same package may be found twice where it is on the path twice; that is no harm.
    if len({entry.value for entry in found}) > 1:
        packages = " and ".join(sorted({_name_package(entry) for entry in found}))
        raise PluginBroken(name, f"is brought by {packages}", "take one of them out")
    return found[0]


def _is_name(name: str) -> bool:
    """Whether somebody else's service may be called so."""
    return name.isascii() and name.isidentifier() and name == name.lower() and name not in _RESERVED


def _name_package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


def _complain(entry: EntryPoint, what: str) -> PluginBroken:
    return PluginBroken(entry.name, what, f"ask whoever makes {_name_package(entry)}")
