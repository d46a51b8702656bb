"""How many examples property-based tests try: each its own number, always the same ones, or as many as one asks for.

`--examples 500` (see `tests/conftest.py`) is for a longer search, with other examples every time and without the limit
of time. Other properties than these have Hypothesis' own defaults.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

asked_for: int | None = None
"""What `--examples` says; set before any test module is imported."""


def examples(own: int) -> settings:
    """A decorator: try `own` examples, or as many as were asked for."""
    return settings(
        max_examples=asked_for or own,
        derandomize=asked_for is None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=asked_for is not None,
    )
