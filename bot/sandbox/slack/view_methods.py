"""The `views.*` methods: opening with a trigger, stacking, updating with a hash, and the Home tab."""

from __future__ import annotations

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods import Method, Tier
from bot.sandbox.slack.refusals import Refused, refuse_arguments
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import OpenView, Views
from bot.sandbox.slack.workspace import Workspace


class ViewMethods:
    """Views as the app handles them."""

    def __init__(self, workspace: Workspace, views: Views, triggers: Triggers) -> None:
        self._workspace = workspace
        self._views = views
        self._triggers = triggers

    def build_table(self) -> dict[str, Method]:
        """These methods by name. Views need no scope."""
        return {
            "views.open": Method(handle=self.open, tier=Tier.FOUR),
            "views.push": Method(handle=self.push, tier=Tier.FOUR),
            "views.update": Method(handle=self.update, tier=Tier.FOUR),
            "views.publish": Method(handle=self.publish, tier=Tier.FOUR),
        }

    def open(self, arguments: Arguments) -> Json:
        """`views.open`. A view that is refused leaves the trigger unspent."""
        given = self._views.check(arguments.structure("view"), kind="modal")
        trigger = self._triggers.spend(arguments.text("trigger_id"))
        return {"view": self._views.open(trigger.user_id, given).to_json()}

    def push(self, arguments: Arguments) -> Json:
        """`views.push`, with a trigger from inside an open modal."""
        given = self._views.check(arguments.structure("view"), kind="modal")
        trigger = self._triggers.spend(arguments.text("trigger_id"))
        if trigger.view_id is None or not self._views.get_stack(trigger.user_id):
            raise Refused("invalid_trigger_id")
        return {"view": self._views.push(trigger.user_id, given).to_json()}

    def update(self, arguments: Arguments) -> Json:
        """`views.update`, by either id; with a hash only over the very view it came with."""
        view_id, external_id = arguments.find_text("view_id"), arguments.find_text("external_id")
        if (view_id is None) == (external_id is None):
            raise refuse_arguments(["exactly one of view_id and external_id is required"])
        view = self._views.find_open(view_id=view_id, external_id=external_id)
        if view is None:
            raise Refused("not_found")
        given = self._views.check(arguments.structure("view"), kind=view.given["type"], replaces=view)
        _check_hash(view, arguments)
        self._views.update(view, given)
        return {"view": view.to_json()}

    def publish(self, arguments: Arguments) -> Json:
        """`views.publish`: one person's Home."""
        user_id = arguments.text("user_id")
        if not self._workspace.app.has_home_tab:
            raise Refused("not_enabled")
        if user_id not in self._workspace.users:
            raise Refused("user_not_found")
        home = self._views.find_home(user_id)
        given = self._views.check(arguments.structure("view"), kind="home", replaces=home)
        if home is not None:
            _check_hash(home, arguments)
        return {"view": self._views.publish(user_id, given).to_json()}


def _check_hash(view: OpenView, arguments: Arguments) -> None:
    given = arguments.find_text("hash")
    if given is not None and given != view.hash:
        raise Refused("hash_conflict")
