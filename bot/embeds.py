"""The rooms that run inside a page of ours: which script opens each, and what that page may load and use. Pure.

A page may load the provider's script, speak to the provider and tell us that it is open, and nothing else. What a
provider's script connects to is taken from its documentation where that says so; the rest is inferred, and marked so.
No setting adds to it: where a script is served from is one already, and its origin is let in with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.rooms.base import Embed


@dataclass(frozen=True, kw_only=True)
class EmbedRules:
    """What the page of one service needs."""

    script: str  # ours, in `bot/pages`, which starts the provider's
    speaks_to: tuple[str, ...]  # origins, as a content policy writes them
    uses: tuple[str, ...] = ()  # of the browser: features, as a permissions policy names them


RULES = {
    "videsk": EmbedRules(
        script="videsk.js",
        # Both from its integration guide: `*.videsk.io`, signalling by WebSocket below it. Media go peer to peer or by
        # TURN, which no content policy rules.
        speaks_to=("https://*.videsk.io", "wss://*.videsk.io"),
        # Inferred from what a video call uses: nothing names them.
        uses=("camera", "microphone", "display-capture", "fullscreen", "autoplay"),
    ),
    "agora_whiteboard": EmbedRules(
        script="agora_whiteboard.js",
        speaks_to=(
            # Of these only `api.netless.link`, and the script's own host below it, are documented. The rest is inferred
            # from the SDK's regional hosts and may change with it: a browser's console names whatever is refused.
            *("https://*.netless.link", "wss://*.netless.link"),
            *("https://*.netless.group", "wss://*.netless.group"),
            *("https://*.herewhite.com", "wss://*.herewhite.com"),
            *("https://*.agora.io", "wss://*.agora.io"),
        ),
        # Inferred from what a whiteboard does: nothing names them.
        uses=("fullscreen", "autoplay", "clipboard-read", "clipboard-write"),
    ),
}


def find_rules(embed: Embed) -> EmbedRules | None:
    """What this room's page needs; None: we have no page for it."""
    return RULES.get(embed.page)


def build_policy(embed: Embed, rules: EmbedRules, *, nonce: str) -> str:
    """The page's content policy."""
    script = find_origin(embed.values.get("script", ""))
    speaks_to = " ".join([*rules.speaks_to, *([script, _as_socket(script)] if script else [])])
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'wasm-unsafe-eval' {script}".rstrip(),
            f"connect-src 'self' {speaks_to}",
            # A provider's script sets styles of its own, without any nonce.
            "style-src 'unsafe-inline' https:",
            "img-src https: data: blob:",
            "font-src https: data:",
            "media-src https: blob: mediastream:",
            "worker-src blob:",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def find_origin(address: str) -> str:
    """Scheme, host and port; empty where there are none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def _as_socket(origin: str) -> str:
    return "ws" + origin.removeprefix("http")
