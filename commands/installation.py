"""Who we are in the workspace a request came from, answered from memory.

Bolt's own ways ask Slack (`auth.test`) on every request, before each acknowledgement; we asked once, at the start.
"""

from __future__ import annotations

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext


class KnownInstallation(AsyncAuthorize):
    """The one workspace whose bot token we were given. A request from any other is not answered."""

    def __init__(self, *, team_id: str, enterprise_id: str | None, bot_token: str, bot_id: str, bot_user_id: str):
        self._team_id = team_id
        self._result = AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_token=bot_token,
            bot_id=bot_id,
            bot_user_id=bot_user_id,
        )

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult | None:
        return self._result if team_id in (self._team_id, None) else None
