"""The environment, then `.env`, as typed values. The only reader of both; built once, at the start.

Every setting is the variable of the same name in capitals. `load_settings` finds all problems at once, each with its
variable and its mend, and never repeats a secret. Only `bot/app.py` and `bot/cli.py` hold a `Settings`; what they
build is handed values. Building a `Settings` by itself reads nothing: it has the defaults and what it is given.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.sources import PydanticBaseSettingsSource

from bot.plugin_settings import PluginSettings, read_plugins
from bot.quiet import USUAL, QuietHours
from bot.retention import Retention
from bot.retention_text import parse_retention
from bot.rooms.base import Audience
from bot.rooms.plugins import OWN, PluginBroken, list_installed
from bot.setting_values import (
    Bookers,
    BookersRule,
    LaunchOptions,
    Listen,
    Rate,
    RoomServiceChoice,
    Wrong,
    is_usual_key,
    of_text,
    parse_agora_key,
    parse_agora_region,
    parse_app_token,
    parse_audiences,
    parse_bearer,
    parse_bookers,
    parse_bot_token,
    parse_channel,
    parse_count,
    parse_database,
    parse_duration,
    parse_encryption_keys,
    parse_ids,
    parse_launch_options,
    parse_limit,
    parse_links,
    parse_listen,
    parse_plain_secret,
    parse_proxies,
    parse_quiet_hours,
    parse_rate,
    parse_reports,
    parse_room_key,
    parse_room_service,
    parse_room_services,
    parse_script_url,
    parse_signing_secret,
    parse_switch,
    parse_url,
    parse_watchers,
    show_duration,
)
from bot.watchers import Watchers
from storage.errors import HallpassError
from storage.records import LinkWay

ENV_FILE = Path(".env")


def _duration(lowest: timedelta, highest: timedelta) -> BeforeValidator:
    return BeforeValidator(of_text(lambda text: parse_duration(text, lowest=lowest, highest=highest)))


def _count(lowest: int, highest: int) -> BeforeValidator:
    return BeforeValidator(of_text(lambda text: parse_count(text, lowest=lowest, highest=highest)))


def _read_service(text: str) -> str:
    return parse_room_service(text, installed=list_installed())


def _read_services(text: str) -> tuple[str, ...]:
    return parse_room_services(text, installed=list_installed())


HALF_A_DAY = timedelta(hours=12)
Url = Annotated[str, BeforeValidator(of_text(parse_url))]


class Source(StrEnum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    HOME = "Home tab"  # what the workspace set for itself; laid over by `bot/settings_in_force.py`
    DEFAULT = "default"


class Settings(BaseSettings):
    """Everything that can be set. The text of each field says unit, default's reason and how to switch it off."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, enable_decoding=False)

    slack_bot_token: Annotated[SecretStr | None, BeforeValidator(of_text(parse_bot_token))] = Field(
        default=None, description="Slack's bot token (`xoxb-…`), from OAuth & Permissions. Needed to run"
    )
    slack_app_token: Annotated[SecretStr | None, BeforeValidator(of_text(parse_app_token))] = Field(
        default=None,
        description="Slack's app-level token (`xapp-…`) with `connections:write`. Set: Socket Mode; not set: HTTP",
    )
    slack_signing_secret: Annotated[SecretStr | None, BeforeValidator(of_text(parse_signing_secret))] = Field(
        default=None, description="proves that a request comes from Slack; needed for HTTP, at `/slack/events`"
    )
    slack_client_id: str | None = Field(
        default=None, description="the app's client id, from Basic Information; needed for `HALLPASS_SIGN_IN`"
    )
    slack_client_secret: Annotated[SecretStr | None, BeforeValidator(of_text(parse_plain_secret))] = Field(
        default=None, description="belongs to the client id; needed for `HALLPASS_SIGN_IN`"
    )
    slack_api_url: Url = Field(
        default="https://slack.com/api/", description="Slack's Web API; another address for a stand-in"
    )

    lessonspace_api_key: Annotated[SecretStr | None, BeforeValidator(of_text(parse_room_key))] = Field(
        default=None, description="the organisation's API key at Lessonspace (usually a UUID). Needed to run"
    )
    lessonspace_api_url: Url = Field(
        default="https://api.thelessonspace.com/v2/", description="Lessonspace's API; another address for a stand-in"
    )
    lessonspace_more_reports: Annotated[tuple[str, ...], BeforeValidator(of_text(parse_reports))] = Field(
        default=(),
        description="further kinds of reports that rooms send: some of `chat`, `cobrowser`, `knock`, comma-separated; "
        "not set: none, since nothing is made of them yet",
    )

    lessonspace_launch: Annotated[LaunchOptions, BeforeValidator(of_text(parse_launch_options))] = Field(
        default=LaunchOptions(),
        description="what every launch says beside the lesson's own matters, as JSON in Lessonspace's words, for all "
        "and under `leader`, `learner`, `observer` for a role alone; not set: what Lessonspace does by itself. "
        "What admins set in Home, under Rooms, wins over it",
    )

    videsk_api_token: Annotated[SecretStr | None, BeforeValidator(of_text(parse_bearer))] = Field(
        default=None,
        description="the account's token at Videsk, of the kind `api-token`; for lessons that are held there",
    )
    videsk_api_url: Url = Field(
        default="https://api.videsk.io/", description="Videsk's API; another address for a stand-in"
    )
    videsk_script_url: Annotated[str, BeforeValidator(of_text(parse_script_url))] = Field(
        default="https://cdn.videsk.io/sdk/webrtc.esm.js",
        description="Videsk's own browser script, which the page of a lesson loads; another address for a stand-in",
    )

    agora_app_identifier: Annotated[str | None, BeforeValidator(of_text(parse_agora_key))] = Field(
        default=None, description="the App Identifier of the whiteboard project in Agora's console, for lessons there"
    )
    agora_access_key: Annotated[SecretStr | None, BeforeValidator(of_text(parse_agora_key))] = Field(
        default=None, description="the project's access key (AK) there"
    )
    agora_secret_key: Annotated[SecretStr | None, BeforeValidator(of_text(parse_agora_key))] = Field(
        default=None, description="the project's secret key (SK) there; it signs every way in, and is sent nowhere"
    )
    agora_region: Annotated[str | None, BeforeValidator(of_text(parse_agora_region))] = Field(
        default=None,
        description="where new whiteboards are kept: `us-sv`, `sg`, `in-mum`, `eu` or `cn-hz`; one that there is stays "
        "where it was made",
    )
    agora_api_url: Url = Field(
        default="https://api.netless.link/v5/", description="the whiteboard's API; another address for a stand-in"
    )
    agora_script_url: Annotated[str, BeforeValidator(of_text(parse_script_url))] = Field(
        default="https://sdk.netless.link/white-web-sdk/2.15.16.js",
        description="the whiteboard's own browser script, which the page of a lesson loads; another address for a "
        "stand-in",
    )

    loop_url: Annotated[str | None, BeforeValidator(of_text(parse_url))] = Field(
        default=None,
        description="where a server that speaks Mozilla Loop has its calls, for lessons there; Mozilla's own is gone",
    )

    hallpass_room_service: Annotated[str, BeforeValidator(of_text(_read_service))] = Field(
        default=RoomServiceChoice.LESSONSPACE.value,
        description="where lessons take place unless their booker chooses: `lessonspace`, `videsk`, "
        "`agora_whiteboard`, `loop`, or one that another package brings",
    )
    hallpass_room_services: Annotated[tuple[str, ...], BeforeValidator(of_text(_read_services))] = Field(
        default=(),
        description="the room services that the form offers, comma-separated; not set: all whose keys are set",
    )
    hallpass_database_url: Annotated[str, BeforeValidator(of_text(parse_database))] = Field(
        default="sqlite:///hallpass.db", description="the SQLite file; a path from the root has four slashes"
    )
    hallpass_encryption_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(of_text(parse_encryption_keys))] = Field(
        default=(),
        description="Fernet keys, comma-separated, newest first, for links and provider secrets at rest. "
        "Not set: made at the first start, in a file beside the database that only its owner can read",
    )
    hallpass_listen: Annotated[Listen, BeforeValidator(of_text(parse_listen))] = Field(
        default=Listen(host="127.0.0.1", port=8710),
        description="`host:port` of the web server (health, metrics, Slack over HTTP); this machine only unless told, "
        "port 0 takes a free one",
    )
    hallpass_public_url: Annotated[str | None, BeforeValidator(of_text(parse_url))] = Field(
        default=None, description="the public address under which others reach the web server; not set: none"
    )
    hallpass_proxies: Annotated[tuple[str, ...], BeforeValidator(of_text(parse_proxies))] = Field(
        default=("127.0.0.1", "::1"),
        description="addresses or networks of the proxies before Hallpass, comma-separated, that say truly from where "
        "somebody comes (`X-Forwarded-For`); `none`: there are none",
    )
    hallpass_webhooks: Annotated[bool, BeforeValidator(of_text(parse_switch))] = Field(
        default=True,
        description="whether rooms report to `HALLPASS_PUBLIC_URL` by themselves who comes and goes; "
        "without that address they never do, and are only asked",
    )
    hallpass_links: Annotated[LinkWay | None, BeforeValidator(of_text(parse_links))] = Field(
        default=None,
        description="how new join links go: `direct`, the room service's own link; `page`, a page at "
        "`HALLPASS_PUBLIC_URL`; `press`, a button in Slack that is answered with a way in (where the room runs in a "
        "page of Hallpass's own, with a link to that page). Not set: `page` with that address, else `direct` where the "
        "service itself lets each link work once and in its time, else `press`",
    )

    hallpass_sign_in: Annotated[bool, BeforeValidator(of_text(parse_switch))] = Field(
        default=False,
        description="`on`: a join link's page asks Slack who somebody is before it lets them in; needs "
        "`SLACK_CLIENT_ID`, `SLACK_CLIENT_SECRET` and `HALLPASS_PUBLIC_URL`",
    )

    hallpass_join_early: Annotated[timedelta, _duration(timedelta(0), HALF_A_DAY)] = Field(
        default=timedelta(minutes=10),
        description="how long before the start a join link works; `0s`: not before the start",
    )
    hallpass_link_lead: Annotated[timedelta, _duration(timedelta(0), timedelta(days=6))] = Field(
        default=timedelta(hours=24),
        description="how long before the start links are made and sent; at most `6d`, since Lessonspace's live 7 days",
    )
    hallpass_remind_before: Annotated[timedelta, _duration(timedelta(0), timedelta(days=6))] = Field(
        default=timedelta(minutes=10), description="how long before the start people are reminded; `0s`: not at all"
    )
    hallpass_warn_before: Annotated[timedelta, _duration(timedelta(0), HALF_A_DAY)] = Field(
        default=timedelta(minutes=5),
        description="how long before the end leaders are asked whether to extend; `0s`: not at all",
    )
    hallpass_extension: Annotated[timedelta, _duration(timedelta(seconds=1), HALF_A_DAY)] = Field(
        default=timedelta(minutes=10), description="how much one *Extend* adds"
    )
    hallpass_late_after: Annotated[timedelta, _duration(timedelta(0), HALF_A_DAY)] = Field(
        default=timedelta(minutes=5),
        description="from how long after the start somebody who is not there is told, and a summary calls them late",
    )

    hallpass_quiet_hours: Annotated[QuietHours, BeforeValidator(of_text(parse_quiet_hours))] = Field(
        default=USUAL,
        description="when reminders, nudges and news of lessons more than 12 hours away wait, on the reader's clock; "
        "`off`: never",
    )

    hallpass_launches_at_once: Annotated[int, _count(1, 1000)] = Field(
        default=32, description="requests to the room service under way at once, in each process"
    )
    hallpass_posts_at_once: Annotated[int, _count(1, 1000)] = Field(
        default=32, description="messages to Slack under way at once, in each process"
    )
    hallpass_launch_rate: Annotated[Rate | None, BeforeValidator(of_text(parse_limit))] = Field(
        default=None,
        description="most links asked for, like `5/s`, in each process; not set: unlimited, since no limit is told",
    )
    hallpass_post_rate: Annotated[Rate, BeforeValidator(of_text(parse_rate))] = Field(
        default=Rate(per_second=5, burst=30),
        description="most messages posted, in each process: Slack takes some hundreds a minute and short bursts",
    )

    hallpass_bookers: Annotated[Bookers, BeforeValidator(of_text(parse_bookers))] = Field(
        default=Bookers(rule=BookersRule.MEMBERS),
        description="who may book: `members` (no guests), `everyone`, or ids of user groups, comma-separated",
    )
    hallpass_admins: Annotated[tuple[str, ...], BeforeValidator(of_text(parse_ids))] = Field(
        default=(), description="ids of people and user groups, comma-separated; not set: Slack's admins and owners"
    )
    hallpass_reach: Annotated[int, _count(1, 1_000_000)] = Field(
        default=200, description="most people whom a booker who is no admin reaches in an hour"
    )
    hallpass_new_links: Annotated[int, _count(1, 1000)] = Field(
        default=5, description="how often one person may ask for a new link of one lesson; then the leader sends one"
    )
    hallpass_channel_names: Annotated[bool, BeforeValidator(of_text(parse_switch))] = Field(
        default=False, description="`on`: summaries in channels name people, except where guests or others are members"
    )

    hallpass_admin_channel: Annotated[str | None, BeforeValidator(of_text(parse_channel))] = Field(
        default=None,
        description="id of a channel that Hallpass is in, where admins read of lessons without their leader "
        "and of people whom nobody reached two hours before the start; not set: only the booker is told",
    )

    hallpass_recordings: Annotated[Watchers, BeforeValidator(of_text(parse_watchers))] = Field(
        default=Watchers.LEADERS,
        description="who may watch a recording from Slack: `leaders`, `participants` or `admins`; admins always may. "
        "Transcripts are for leaders and admins only",
    )
    hallpass_recording_policy: Annotated[tuple[Audience, ...], BeforeValidator(of_text(parse_audiences))] = Field(
        default=(),
        description="who may open recordings at the provider itself, set for each session: some of `participant`, "
        "`admin`, `teacher`, `student`, `public`, comma-separated; not set: left as the organisation has it there",
    )

    hallpass_keep: Annotated[Retention, BeforeValidator(of_text(parse_retention))] = Field(
        default=Retention(),
        description="how long lessons, attendance, transcripts, raw events and the record of who did what stay, "
        "in days (`d`), weeks (`w`) or years (`y`), or `forever`; what hangs on a lesson goes with it at the latest",
    )

    _sources: dict[str, Source] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())
    _plugins: tuple[PluginSettings, ...] = PrivateAttr(default=())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: `load_settings` asks the other sources one by one, so that it can say which answered."""
        return (init_settings,)

    @property
    def database_path(self) -> Path:
        """The SQLite file of `hallpass_database_url`."""
        return Path(self.hallpass_database_url.removeprefix("sqlite:///"))

    @property
    def is_socket_mode(self) -> bool:
        """Slack by Socket Mode; else by HTTP."""
        return self.slack_app_token is not None

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each thing that is odd but stops nothing."""
        return self._warnings

    def list_secrets(self) -> list[str]:
        """Every secret value, for the logs' redaction."""
        secrets = [secret.get_secret_value() for _, value in self for secret in _find_secrets(value)]
        brought = [secret for plugin in self._plugins for secret in plugin.list_secrets()]
        return [*secrets, *self.lessonspace_launch.list_secrets(), *brought]

    @property
    def plugins(self) -> Mapping[str, PluginSettings]:
        """Room services that other packages bring and that can be used, of those asked for, by name."""
        return {plugin.name: plugin for plugin in self._plugins}

    def describe(self) -> list[SettingLine]:
        """Each setting with its value and where that comes from, in the order of the README's table."""
        return [
            SettingLine(
                variable=name.upper(),
                shown=_show(getattr(self, name), is_secret=_is_secret(name)),
                source=self._sources.get(name, Source.DEFAULT),
                meaning=field.description or "",
                default=_show(field.default, is_secret=_is_secret(name)),
            )
            for name, field in type(self).model_fields.items()
        ] + [line for plugin in self._plugins for line in self._describe_plugin(plugin)]

    def _describe_plugin(self, plugin: PluginSettings) -> list[SettingLine]:
        return [
            SettingLine(
                variable=one.name,
                shown=_show(plugin.values.get(one.name), is_secret=one.is_secret),
                source=self._sources.get(one.name.lower(), Source.DEFAULT),
                meaning=one.meaning,
                default=_show(None, is_secret=one.is_secret),
            )
            for one in plugin.variables
        ]


@dataclass(frozen=True, kw_only=True)
class SettingLine:
    """One setting, ready to be read. `shown` and `default` say only "set" or "not set" of a secret."""

    variable: str
    shown: str
    source: Source
    meaning: str
    default: str


@dataclass(frozen=True, kw_only=True)
class SettingProblem:
    """One thing that stops the start."""

    variable: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.variable} {self.what}: {self.mend}"


class SettingsError(HallpassError):
    """The settings cannot be used; one line a problem. Holds no values."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load_settings(
    environ: Mapping[str, str] | None = None, *, env_file: Path | None = ENV_FILE, is_for_slack: bool = True
) -> Settings:
    """The settings of this process, checked. Raises SettingsError with every problem there is.

    `environ` None: the process's own environment. `env_file` may be missing. `is_for_slack` False: what only a running
    bot needs (tokens, keys) may be missing too, as for `hallpass lessons` or `hallpass manifest`.
    """
    environ = os.environ if environ is None else environ
    problems: list[SettingProblem] = []
    try:
        told = _read_sources(environ, env_file)
    except (OSError, ValueError):
        mend = "make it a readable text file in UTF-8, or remove it"
        raise SettingsError([SettingProblem(variable=str(env_file), what="cannot be read", mend=mend)]) from None
    values: dict[str, Any] = {name: text for name, (text, _) in told.items()}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems = list(_name_problems(error))
    else:
        everything = _read_everything(environ, env_file)
        asked_for = dict.fromkeys((settings.hallpass_room_service, *settings.hallpass_room_services))
        plugins, broken = read_plugins([name for name in asked_for if name not in OWN], everything)
        problems += _judge_plugins(settings, plugins, broken, is_for_slack=is_for_slack)
    if is_for_slack:
        problems += _list_missing(values)
        problems += _list_missing_for_sign_in(values)
    if problems:
        raise SettingsError(problems)
    settings._plugins = tuple(plugin for plugin in plugins if not plugin.missing or not is_for_slack)
    settings._sources = {name: source for name, (_, source) in told.items()} | _find_sources(environ, plugins)
    settings._warnings = (
        *_list_strangers(environ, env_file),
        *_list_odd(settings),
        *_list_unusable(plugins, broken),
    )
    return settings


def _judge_plugins(
    settings: Settings, plugins: list[PluginSettings], broken: list[PluginBroken], *, is_for_slack: bool
) -> Iterator[SettingProblem]:
    """What is wrong with the service that lessons use unless somebody chooses; one that is only offered is not."""
    default = settings.hallpass_room_service
    for error in broken:
        if error.name == default:
            what = f"asks for {error.name}, which {error.what}"
            yield SettingProblem(variable="HALLPASS_ROOM_SERVICE", what=what, mend=error.mend)
    for plugin in plugins:
        for one in plugin.missing if is_for_slack and plugin.name == default else ():
            yield SettingProblem(variable=one.name, what="is missing", mend=f"set it: {one.meaning}")


def _list_unusable(plugins: list[PluginSettings], broken: list[PluginBroken]) -> Iterator[str]:
    """What is not offered although it is listed, and what is set in vain."""
    for error in broken:
        yield f"{error}; it is not offered"
    for plugin in plugins:
        if plugin.missing:
            names = ", ".join(one.name for one in plugin.missing)
            yield f"room service {plugin.name} lacks {names}; it is not offered"
        for name in plugin.list_strangers():
            yield f"{name} is no setting of {plugin.name}'s"


def _read_everything(environ: Mapping[str, str], env_file: Path | None) -> dict[str, str | None]:
    """Every variable that is told at all, names in lower case."""
    from_file = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8", env_ignore_empty=True)
    return {**from_file.env_vars, **{name: text for name, text in _lower(environ).items() if text}}


def _find_sources(environ: Mapping[str, str], plugins: list[PluginSettings]) -> dict[str, Source]:
    from_environ = {name for name, text in _lower(environ).items() if text}
    names = [name.lower() for plugin in plugins for name in plugin.values]
    return {name: Source.ENVIRONMENT if name in from_environ else Source.ENV_FILE for name in names}


def _read_sources(environ: Mapping[str, str], env_file: Path | None) -> dict[str, tuple[str, Source]]:
    """Text and source of each setting that is told. An empty one counts as not told."""
    from_environ = EnvSettingsSource(Settings, env_ignore_empty=True)
    from_environ.env_vars = _lower(environ)
    from_file = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8", env_ignore_empty=True)
    told: dict[str, tuple[str, Source]] = {}
    for source, origin in ((from_file, Source.ENV_FILE), (from_environ, Source.ENVIRONMENT)):
        for name, field in Settings.model_fields.items():
            text, _, _ = source.get_field_value(field, name)
            if text and text.strip():
                told[name] = (text, origin)
    return told


def _lower(variables: Mapping[str, str]) -> dict[str, str | None]:
    return {name.lower(): value for name, value in variables.items()}


def _name_problems(error: ValidationError) -> Iterator[SettingProblem]:
    for detail in error.errors(include_url=False, include_input=False):
        wrong, variable = detail.get("ctx", {}).get("error"), str(detail["loc"][0]).upper()
        if not isinstance(wrong, Wrong):
            wrong = Wrong("cannot be used", "see the settings table in the README")
        for one in (wrong, *wrong.others):
            yield SettingProblem(variable=variable, what=one.what, mend=one.mend)


def _list_missing(values: Mapping[str, str]) -> Iterator[SettingProblem]:
    """What a running bot cannot do without; presence only, so that it is told together with wrong values."""
    first = "`make demo` shows Hallpass without any"
    if "slack_bot_token" not in values:
        mend = f"install the app and copy its token, as in the README's steps ({first})"
        yield SettingProblem(variable="SLACK_BOT_TOKEN", what="is missing", mend=mend)
    if "slack_app_token" not in values and "slack_signing_secret" not in values:
        mend = "set it for Socket Mode, or SLACK_SIGNING_SECRET for HTTP, as in the README's steps"
        yield SettingProblem(variable="SLACK_APP_TOKEN", what="is missing", mend=mend)
    service = values.get("hallpass_room_service", RoomServiceChoice.LESSONSPACE.value).strip().lower()
    if service == RoomServiceChoice.LESSONSPACE.value and "lessonspace_api_key" not in values:
        mend = "copy it from the organisation's settings at Lessonspace, API section"
        yield SettingProblem(variable="LESSONSPACE_API_KEY", what="is missing", mend=mend)


def _list_missing_for_sign_in(values: Mapping[str, str]) -> Iterator[SettingProblem]:
    """What nobody can be asked to sign in without. A value that is no switch is told elsewhere."""
    try:
        if not parse_switch(values.get("hallpass_sign_in", "off")):
            return
    except Wrong:
        return
    mends = {
        "slack_client_id": "copy it from Basic Information, App Credentials",
        "slack_client_secret": "copy it from Basic Information, App Credentials",
        "hallpass_public_url": "set the address under which others reach Hallpass, to which Slack sends people back",
    }
    for name, mend in mends.items():
        if name not in values:
            mend = f"{mend}, or switch that off"
            yield SettingProblem(variable=name.upper(), what="is missing for HALLPASS_SIGN_IN", mend=mend)
    way = values.get("hallpass_links", LinkWay.PAGE.value).strip().lower()
    if way in (LinkWay.DIRECT.value, LinkWay.PRESS.value):
        mend = "set HALLPASS_LINKS=page, or switch it off"
        yield SettingProblem(variable="HALLPASS_SIGN_IN", what=f"asks nobody with HALLPASS_LINKS={way}", mend=mend)


def _list_strangers(environ: Mapping[str, str], env_file: Path | None) -> Iterator[str]:
    """Variables that look like ours and are not: most are typing mistakes."""
    from_file = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8")
    known = list(Settings.model_fields)
    for name in sorted({*_lower(environ), *from_file.env_vars}):
        if name.startswith("hallpass_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0)
            yield f"{name.upper()} is not a setting; the nearest is {near[0].upper()}"


def _list_odd(settings: Settings) -> Iterator[str]:
    key = settings.lessonspace_api_key
    if key is not None and not is_usual_key(key.get_secret_value()):
        yield "LESSONSPACE_API_KEY does not look like Lessonspace's keys (UUIDs); hallpass doctor tries it"


def _find_secrets(value: Any) -> list[SecretStr]:
    return [part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, SecretStr)]


def _is_secret(name: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def _show(value: Any, *, is_secret: bool) -> str:
    if is_secret:
        return "set" if value else "not set"
    if value is None or value == ():
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)
