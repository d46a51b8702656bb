"""Floor 0: what Hallpass remembers. Nothing here knows Slack, a room service or the clock."""
