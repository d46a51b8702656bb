"""Who and what there is: `users.*`, `usergroups.*`, `team.info`, `auth.test`."""

from __future__ import annotations

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods import Method, Tier
from bot.sandbox.slack.paging import cut_page
from bot.sandbox.slack.people import User, UserKind
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.workspace import Workspace


class DirectoryMethods:
    """Looking people up."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def build_table(self) -> dict[str, Method]:
        """These methods by name."""
        return {
            "auth.test": Method(handle=self.test, tier=Tier.MANY),
            "users.info": Method(handle=self.get_user, tier=Tier.FOUR, scopes=("users:read",)),
            "users.list": Method(handle=self.list_users, tier=Tier.TWO, scopes=("users:read",)),
            "team.info": Method(handle=self.get_team, tier=Tier.THREE, scopes=("team:read",)),
            "usergroups.list": Method(handle=self.list_groups, tier=Tier.TWO, scopes=("usergroups:read",)),
            "usergroups.users.list": Method(handle=self.list_group, tier=Tier.TWO, scopes=("usergroups:read",)),
        }

    def test(self, arguments: Arguments) -> Json:
        """`auth.test`: whose token it is."""
        app, workspace = self._workspace.app, self._workspace
        return {
            "url": f"https://{workspace.domain}.example/",
            "team": workspace.name,
            "user": app.name,
            "team_id": workspace.team_id,
            "user_id": app.bot_user_id,
            "bot_id": app.bot_id,
            "is_enterprise_install": False,
        }

    def get_user(self, arguments: Arguments) -> Json:
        """`users.info`."""
        user = self._workspace.users.get(arguments.text("user"))
        if user is None:
            raise Refused("user_not_found")
        return {"user": self._tell(user, with_locale=arguments.flag("include_locale"))}

    def list_users(self, arguments: Arguments) -> Json:
        """`users.list`: everybody of the workspace, deactivated ones too; strangers are not in it."""
        with_locale = arguments.flag("include_locale")
        people = [user for user in self._workspace.users.values() if user.kind is not UserKind.STRANGER]
        page, cursor = cut_page(people, arguments, default=1000, highest=1000)
        return {
            "members": [self._tell(user, with_locale=with_locale) for user in page],
            "cache_ts": int(self._workspace.machine_now().timestamp()),
            "response_metadata": {"next_cursor": cursor},
        }

    def get_team(self, arguments: Arguments) -> Json:
        """`team.info`."""
        workspace = self._workspace
        return {"team": {"id": workspace.team_id, "name": workspace.name, "domain": workspace.domain}}

    def list_groups(self, arguments: Arguments) -> Json:
        """`usergroups.list`: all of them at once, it knows no pages."""
        groups = self._workspace.groups.items()
        return {
            "usergroups": [
                {"id": group_id, "name": handle.title(), "handle": handle, "date_delete": 0, "is_usergroup": True}
                for group_id, (handle, _) in groups
            ]
        }

    def list_group(self, arguments: Arguments) -> Json:
        """`usergroups.users.list`."""
        group = self._workspace.groups.get(arguments.text("usergroup"))
        if group is None:
            raise Refused("no_such_subteam")
        return {"users": list(group[1])}

    def _tell(self, user: User, *, with_locale: bool) -> Json:
        with_email = "users:read.email" in self._workspace.app.scopes
        return user.to_json(with_locale=with_locale, with_email=with_email, at=self._workspace.machine_now())
