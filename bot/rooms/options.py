"""A workspace's own launch options: common ones, and beside them what is different for a role. Pure.

They are written in the room service's own words, `{"locale": "fr", "observer": {"user": {"ghost": true}}}`, and this
module only knows how they lie in each other, never what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping

from storage.records import Role

ROLES = frozenset(role.value for role in Role)
"""Names at the top of the options that hold a role's own."""


def merge_options(options: Mapping[str, object], role: Role) -> dict[str, object]:
    """The options that hold for a role: the common ones, each replaced where the role has its own."""
    common = {name: value for name, value in options.items() if name not in ROLES}
    own = options.get(role.value)
    return merge(common, own) if isinstance(own, Mapping) else common


def merge(lower: Mapping[str, object], upper: Mapping[str, object]) -> dict[str, object]:
    """Both; where both have a name, objects are merged and for all else `upper` holds. Neither is changed."""
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
