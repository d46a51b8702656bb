"""A chosen channel that can no longer be told: the people are told all the same, and the leader reads why."""

from __future__ import annotations

from bot.sandbox.school import School
from tests.acceptance import telling


async def test_a_channel_that_was_archived_is_named_on_the_leaders_card(school: School) -> None:
    """Booked while all was well; archived before the end warning."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Hallpass"])
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel.id)

    channel.is_archived = True
    await telling.move_to(school, 14, 40)

    card = telling.read_all(school, ada)[0]
    assert "The channel could not be told. It is archived." in card
    assert any("Algebra ends at 15:45" in text for text in telling.read_all(school, ada))
