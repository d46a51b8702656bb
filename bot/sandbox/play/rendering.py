"""Messages, modals and Home tabs as HTML fragments. The page's only user of Jinja; every fact is escaped by it.

A fragment is one form: a control's name says which element it is (`field_names.py`), its value what would be sent, and
the button that was pressed is in what a browser posts (`posted.py`). It runs no script and loads nothing.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.sandbox.play.drawing import draw_message, draw_view
from bot.sandbox.play.markup import parse_mrkdwn
from bot.sandbox.play.slots import Viewer, read_inputs
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.views import OpenView

_PAGES = Environment(
    loader=PackageLoader("bot.sandbox.play", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def render_message(message: Message, viewer: Viewer, *, action: str = "", revision: int = -1) -> Markup:
    """A message as it is, or as it was at an earlier revision. `action`: where its form is posted to."""
    shown = message.revisions[revision]
    within = f"{message.channel_id}-{message.ts}"
    drawn = draw_message(shown.blocks, viewer, within=within, inputs=read_inputs(message)) if shown.blocks else None
    page = _PAGES.get_template("message.html").render(
        within=within,
        action=action,
        drawn=drawn,
        text=() if drawn else parse_mrkdwn(shown.text, viewer.reader),
        is_private=message.ephemeral_to is not None,
        is_edited=message.edited_ts is not None,
    )
    return Markup(page)


def render_view(view: OpenView, viewer: Viewer, *, action: str = "", covers: bool = True) -> Markup:
    """A modal or a Home tab, with what stands in its fields and what was wrong with them.

    `covers`: nothing else can be used while the modal is open. False: it stands among other things, to be looked at.
    """
    given = view.given
    drawn = draw_view(given, viewer, within=view.id, inputs=view.inputs, errors=view.errors)
    is_whole = not drawn.faults
    page = _PAGES.get_template("view.html").render(
        within=view.id,
        action=action,
        drawn=drawn,
        is_modal=given.get("type") != "home",
        covers=covers,
        title=view.title if is_whole else "A view that Slack would refuse",
        close=_read_label(given, "close", "Cancel") if is_whole else "Cancel",
        submit=_read_label(given, "submit", "") if is_whole else "",
        submit_disabled=bool(given.get("submit_disabled")),
    )
    return Markup(page)


def render_page(name: str, **facts: Any) -> Markup:
    """A page or a part of one by its template's name. A fact that the template wants and is not given is an error."""
    return Markup(_PAGES.get_template(name).render(**facts))


def _read_label(given: dict[str, Any], name: str, usual: str) -> str:
    return str((given.get(name) or {}).get("text", usual))
