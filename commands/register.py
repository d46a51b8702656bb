"""Every listener, by name: the one place to see what Slack can ask of Hallpass. manifest.yml agrees with it by test."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from commands import buttons, failures, home, lesson, modals, more, replying
from commands.desk import Desk
from commands.watching import Watcher


def register(app: AsyncApp, desk: Desk, watcher: Watcher) -> None:
    """Put every listener on the app."""
    lesson.register(app, desk)  # /lesson, /lessons, both shortcuts
    modals.register(app, desk, watcher)  # the booking form, its progress
    buttons.register(
        app, desk, watcher
    )  # Join, I need a new link, Extend, Let it end, Cancel, Try again, Book a lesson
    menu = more.Menu()  # each choice is put there by the module that answers it
    more.register(app, menu)  # the menu on the leader's card
    replying.register(app, desk)  # I'll be there, I can't come, Running late
    home.register(app, desk)  # app_home_opened, user_change
    failures.register(app, desk)  # whatever any of them raises
