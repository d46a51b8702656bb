"""The way to Slack and back, before a link is redeemed: only with `HALLPASS_SIGN_IN`.

    POST  /join/<token>         somebody presses Join: off to Slack, nothing is redeemed
    GET   /join/signed-in       Slack sends them back; whoever the link is for comes in at once

The second changes something although it is a GET. It can only be the end of a press in this very browser: it takes the
cookie of that press, with the same `state`, and a code that Slack takes once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from bot.clock import Clock
from bot.door import Door, Visit
from bot.errors import SlackError
from bot.join_answers import JoinAnswers, address_of, answer_nothing, is_only_looking, send_on, words_of
from bot.join_pages import build_not_ready, build_not_signed_in, build_somebody_else
from bot.links import Standing
from bot.sign_in import REDIRECT_PATH, WITHIN, NotSignedIn, Pending, SignedIn, SignIn
from bot.words import words_for

log = structlog.get_logger("hallpass.door")

SIGNED_IN_PATH: Final = f"/{REDIRECT_PATH}"
NO_TIME: Final = timedelta(0)


class SignInWeb:
    """Sends people to Slack, and lets in who comes back as who the link is for."""

    def __init__(self, *, sign_in: SignIn, door: Door, answers: JoinAnswers, clock: Clock) -> None:
        self._sign_in = sign_in
        self._door = door
        self._answers = answers
        self._clock = clock

    def ask(self, visit: Visit, token: str, browser: str) -> Response:
        """Who are you?"""
        begun = self._sign_in.begin(token, browser, team_id=visit.team_id)
        response = send_on(begun.address)
        self._answers.keep_browser(response, token, visit, browser)
        self._answers.keep_sign_in(response, begun.state, begun.kept, lives=WITHIN)
        return response

    async def come_back(self, request: Request) -> Response:
        """From Slack, with a code or without."""
        if is_only_looking(request):
            return answer_nothing(204)
        state = request.query_params.get("state", "")
        pending = self._sign_in.find_pending(state, self._answers.find_sign_in(request, state))
        if pending is None:
            return self._answers.answer(build_not_signed_in(words_of(request), can_retry=False))
        response = await self._let_in(request, pending)
        self._answers.keep_sign_in(response, state, "", lives=NO_TIME)
        return response

    async def _let_in(self, request: Request, pending: Pending) -> Response:
        visit = await self._door.look(pending.token, pending.browser)
        if visit is None or visit.standing not in (Standing.FINE, Standing.COMES_BACK):
            return send_on(pending.token)  # the link's page says how things stand by now
        if not self._door.is_ready:
            return self._answers.answer(build_not_ready(words_of(request)))
        try:
            who = await self._sign_in.find_who(pending, request.query_params.get("code", ""))
        except (NotSignedIn, SlackError) as error:
            log.info("not_signed_in", lesson=visit.link.lesson_id, link=visit.link.id, why=str(error))
            words = words_for(visit.seat.person.locale)
            return self._answers.answer(build_not_signed_in(words, can_retry=True), action=pending.token)
        if who != SignedIn(team_id=visit.team_id, user_id=visit.seat.person.user_id):
            log.info("signed_in_as_somebody_else", lesson=visit.link.lesson_id, link=visit.link.id)
            return self._answers.answer(build_somebody_else(visit.seat), action=pending.token)
        outcome = await self._door.come_in(pending.token, pending.browser, visitor_address=address_of(request))
        if outcome is None or isinstance(outcome, Visit):
            return send_on(pending.token)
        response = self._answers.answer_entry(outcome, page=pending.token, hands_over=True)
        self._answers.keep_browser(response, pending.token, outcome.visit, pending.browser)
        return response
