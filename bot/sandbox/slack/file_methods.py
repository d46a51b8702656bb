"""The `files.*` methods that share a file in three steps: an address, the bytes, and where to show them.

Sources: docs.slack.dev, "Working with files", and the reference pages of both methods.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from aiohttp import web

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods import Method, Tier, find_visible
from bot.sandbox.slack.refusals import Refused, refuse_arguments
from bot.sandbox.slack.workspace import Workspace


@dataclass(kw_only=True)
class UploadedFile:
    """A file on its way: `content` None until its bytes came, `channel_id` None until it was shown."""

    id: str
    name: str
    length: int
    secret: str = field(repr=False)
    content: bytes | None = None
    channel_id: str | None = None
    shown_ts: str | None = None
    """Of the message that it came with."""


class FileMethods:
    """Files by their steps. `files` are all that were ever begun, in order."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.files: list[UploadedFile] = []
        self.base_url = ""

    def build_table(self) -> dict[str, Method]:
        """These methods by name."""
        scopes = ("files:write",)
        return {
            "files.getUploadURLExternal": Method(handle=self.get_address, tier=Tier.FOUR, scopes=scopes),
            "files.completeUploadExternal": Method(handle=self.complete, tier=Tier.FOUR, scopes=scopes),
        }

    def find_of(self, message: Message) -> UploadedFile | None:
        """The file that this message shows."""
        place = (message.channel_id, message.ts)
        return next((one for one in self.files if (one.channel_id, one.shown_ts) == place), None)

    def get_address(self, arguments: Arguments) -> Json:
        """`files.getUploadURLExternal`: an address that takes the bytes, once."""
        name = arguments.text("filename")
        length = arguments.number("length", default=0, lowest=1, highest=1_000_000_000)
        made = UploadedFile(
            id=f"F{len(self.files) + 1:010d}", name=name, length=length, secret=secrets.token_urlsafe(16)
        )
        self.files.append(made)
        return {"file_id": made.id, "upload_url": f"{self.base_url}/upload/v1/{made.secret}"}

    async def take(self, request: web.Request) -> web.Response:
        """The bytes, as a bare body. Other than announced, or twice, they are refused."""
        secret = request.match_info["secret"]
        found = next((one for one in self.files if one.secret == secret and one.content is None), None)
        content = await request.read()
        if found is None or len(content) != found.length:
            return web.Response(status=400, text="bad upload")
        found.content = content
        return web.Response(text=f"OK - {len(content)}")

    def complete(self, arguments: Arguments) -> Json:
        """`files.completeUploadExternal`: show the file in a conversation that the bot is in."""
        given = arguments.structure("files")
        if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], dict):
            raise refuse_arguments(["exactly one file is served here [json-pointer:/files]"])
        found = next((one for one in self.files if one.id == given[0].get("id")), None)
        if found is None or found.content is None or found.channel_id is not None:
            raise Refused("file_not_found")
        channel = find_visible(self._workspace, arguments.text("channel_id"))
        found.channel_id = channel.id
        message = self._workspace.post(
            channel,
            text=arguments.find_text("initial_comment") or "",
            blocks=[],
            author_id=self._workspace.app.bot_user_id,
        )
        found.shown_ts = message.ts
        return {"files": [{"id": found.id, "title": given[0].get("title", found.name)}]}
