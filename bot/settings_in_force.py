"""Each setting with its value in force and where that comes from: what a workspace set in Home, over the environment.

For `hallpass doctor`. Reads the database where there is one; where it cannot be read, the checks say so, not this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot.assembly import build_sealer, key_file_of
from bot.house_rules import HouseRules, read_house_rules
from bot.launch_defaults import LaunchDefaults
from bot.listings import open_reading
from bot.rooms.lessonspace_launch import find_option_problems
from bot.rooms.options import merge
from bot.setting_values import LaunchOptions, show_duration
from bot.settings import SettingLine, Settings, Source
from storage.errors import StorageError

VARIABLES = {
    "HALLPASS_JOIN_EARLY": "join_early",
    "HALLPASS_LINK_LEAD": "link_lead",
    "HALLPASS_REMIND_BEFORE": "remind_before",
    "HALLPASS_WARN_BEFORE": "warn_before",
    "HALLPASS_EXTENSION": "extension",
    "HALLPASS_BOOKERS": "who_books",
    "HALLPASS_REACH": "reach",
    "HALLPASS_CHANNEL_NAMES": "channel_names",
    "HALLPASS_RECORDINGS": "watchers",
}
"""Which of a workspace's rules stands over which variable."""
LAUNCH, PROVIDER = "LESSONSPACE_LAUNCH", "lessonspace"
"""Where a workspace's launch options stand, and whose they are."""


def describe_in_force(settings: Settings) -> list[SettingLine]:
    """Every line of `Settings.describe`, with what the workspace set for itself in place of what it wins over."""
    lines = lay_over(settings.describe(), read_rules(settings))
    chosen = read_launch_options(settings)
    in_force = LaunchOptions(values=merge(settings.lessonspace_launch.values, chosen))
    return [
        replace(line, shown=str(in_force), source=Source.HOME) if chosen and line.variable == LAUNCH else line
        for line in lines
    ]


def lay_over(lines: Iterable[SettingLine], rules: HouseRules) -> Iterable[SettingLine]:
    """The lines, those that a rule stands over with the rule's value."""
    for line in lines:
        value = getattr(rules, VARIABLES[line.variable]) if line.variable in VARIABLES else None
        yield line if value is None else replace(line, shown=_show(value), source=Source.HOME)


def read_rules(settings: Settings) -> HouseRules:
    """What the workspace set in Home, as far as the database can be read."""
    try:
        with open_reading(settings.database_path) as tx:
            workspaces = tx.workspaces.list_all()
            return read_house_rules(tx, workspaces[0].id) if len(workspaces) == 1 else HouseRules()
    except StorageError:
        return HouseRules()


def read_launch_options(settings: Settings) -> dict[str, object]:
    """What the workspace has every launch say by Home, as far as database and keys can be read. Makes no keys."""
    if not settings.hallpass_encryption_keys and not key_file_of(settings).exists():
        return {}
    try:
        defaults = LaunchDefaults(installed={}, sealer=build_sealer(settings), find_problems=find_option_problems)
        with open_reading(settings.database_path) as tx:
            workspaces = tx.workspaces.list_all()
            account = tx.workspaces.find_account(workspaces[0].id, PROVIDER) if len(workspaces) == 1 else None
            return defaults.find_chosen(tx, account.workspace_id, account.id) if account else {}
    except StorageError:
        return {}


def _show(value: timedelta | int | bool | str) -> str:
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
