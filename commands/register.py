"""Every listener, by name: the one place to see what Slack can ask of Hallpass. manifest.yml agrees with it by test."""

from __future__ import annotations

from commands import (
    again,
    buttons,
    changing,
    conversing,
    devices,
    exporting,
    failures,
    finding,
    home,
    housekeeping,
    joining,
    launch_defaults,
    lesson,
    lists,
    modals,
    more,
    overview,
    people,
    preferring,
    recordings,
    replying,
    roll,
    showing,
)
from commands.desk import Desk
from commands.dispatching import Dispatcher
from commands.open_homes import OpenHomes
from commands.watching import Watcher


def register(app: Dispatcher, desk: Desk, watcher: Watcher, homes: OpenHomes) -> None:
    """Put every listener on the app."""
    lesson.register(app, desk)  # /lesson, /lessons, both shortcuts
    lists.register(app, desk)  # More and Back in a list
    modals.register(app, desk, watcher)  # the booking form, its progress
    joining.register(app, desk)  # Join
    buttons.register(app, desk, watcher)  # I need a new link, Let it end, Try again, Book a lesson
    menu = more.Menu()  # each choice is put there by the module that answers it
    more.register(app, menu)  # the menu on the leader's card
    changing.register(app, desk, menu)  # Extend, Move, End now, Cancel, and their forms
    again.register(app, desk, menu)  # Book again
    people.register(app, desk, menu)  # Add or remove people: Resend, Replace, Remove, Add
    devices.register(app, desk)  # Another device
    replying.register(app, desk)  # I'll be there, I can't come, Running late
    conversing.register(app, desk)  # what is typed in the Messages tab
    preferring.register(app, desk)  # Preferences in the Home tab, and its form
    home.register(app, desk, homes)  # app_home_opened, user_change
    showing.register(app, desk)  # Summary, Show
    housekeeping.register(app, desk, homes)  # an admin's Settings, and what was changed in them
    launch_defaults.register(app, desk)  # an admin's Rooms
    recordings.register(app, desk)  # Watch recording, Transcript
    finding.register(app, desk)  # More and Back in what was found
    exporting.register(app, desk)  # an admin's Export attendance
    overview.register(app, desk)  # an admin's All lessons
    roll.register(app, desk)  # See all
    failures.register(app, desk)  # whatever any of them raises
