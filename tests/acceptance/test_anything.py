"""Whatever people press, however time passes, whatever fails and dies in between: what must hold, holds.

Each run is a made-up afternoon. In the end all faults are over, the bot runs, and everything is looked at once; then
everybody goes home, and it is looked at once more.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from bot.ids import Choice
from bot.sandbox.lessonspace.mishaps import Mishap
from bot.sandbox.school import open_school
from tests.acceptance.afternoon import NAMES, OTHERS, POST_FAULTS, Afternoon
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.must_hold import check_afterwards, check_at_rest
from tests.budget import examples

MISHAPS = (Mishap.losing(), Mishap.repeating(), Mishap.reordering())
Act = tuple[str, tuple[object, ...], bool]


def act(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Act]:
    """Something that happens, shown by its name when a run fails."""
    in_haste = st.sampled_from([False, False, False, True])
    return st.tuples(st.just(name), st.tuples(*arguments), in_haste)


ANYBODY, WHICH, COUNT = st.sampled_from((*NAMES, *OTHERS)), st.integers(0, 3), st.integers(1, 2)
LEADS = st.sampled_from(("Ada", "Ada", "Ada", "Ada", *OTHERS))
RUNS = ("extend", "extend", "let_end", "cancel", "cancel", "try_again")
OWN = ("new_link", "new_link", "device", "reply_coming", "reply_not_coming", "reply_not_coming", "reply_late")
DEEDS = ("add", "add", "remove", "remove", "replace", "resend")
ACTS = st.lists(
    st.one_of(
        act("press", LEADS, st.sampled_from(RUNS), WHICH),
        act("press", ANYBODY, st.sampled_from(OWN), WHICH),
        act("choose", LEADS, st.just(Choice.MOVE), WHICH, st.sampled_from([0, 20, 45, 1800])),
        act("change_people", LEADS, st.sampled_from(DEEDS), WHICH, ANYBODY),
        act("change_people", LEADS, st.sampled_from(DEEDS), WHICH, st.sampled_from(OTHERS)),
        act("join", ANYBODY, WHICH),
        act("pass_time", st.sampled_from([1, 2, 9, 12, 26])),
        st.one_of(
            act("book", st.sampled_from(NAMES), st.sampled_from([0, 12, 45]), st.booleans(), st.booleans()),
            act("press_twice", ANYBODY, st.sampled_from((*RUNS, *OWN)), WHICH),
            act("press_behind", ANYBODY, st.sampled_from((*RUNS, *OWN)), WHICH),
            act("choose", LEADS, st.just(Choice.END), WHICH, st.just(0)),
            act("leave", ANYBODY),
        ),
        st.one_of(
            act("fail_posts", st.integers(0, len(POST_FAULTS) - 1), COUNT),
            act("fail_launches", COUNT),
            act("die"),
            act("restart"),
        ),
    ),
    min_size=12,
    max_size=24,
)


@examples(8)
@given(leaves=st.booleans(), has_reports=st.booleans(), mishap=st.sampled_from([None, *MISHAPS]), acts=ACTS)
async def test_whatever_happens_what_must_hold_holds(
    leaves: bool, has_reports: bool, mishap: Mishap | None, acts: list[Act]
) -> None:
    """Nobody sees another's link, nothing comes twice or untrue, everybody gets in, and every lesson is summed up.

    Also where rooms report by themselves, and whatever becomes of their reports on the way.
    """
    with TemporaryDirectory() as folder:
        async with open_school(Path(folder), starts_at=MONDAY_TWO_PM, has_webhooks=has_reports) as school:
            if mishap is not None:
                school.lessonspace.webhooks.mishaps.switch_on("user.*", mishap)
            await school.start()
            afternoon = Afternoon(school)
            await afternoon.act("book", ("Ada", 12, leaves, True))
            for name, arguments, in_haste in acts:
                await afternoon.act(name, arguments, in_haste=in_haste)
            await afternoon.come_to_rest()
            await check_at_rest(afternoon)
            await afternoon.go_home()
            await check_afterwards(afternoon)
