"""A workspace's own launch options: common ones, and beside them what is different for a role. Pure.

They are written in the room service's own words, `{"locale": "fr", "observer": {"user": {"ghost": true}}}`, and this
module only knows how they lie in each other, never what they mean; and that a `token` is a secret, wherever it lies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from storage.records import Role

ROLES = frozenset(role.value for role in Role)
"""Names at the top of the options that hold a role's own."""
SECRETS = frozenset({"token"})
"""Names whose values are never shown, logged or put into a form."""
HIDDEN = "(kept)"
"""Stands for a secret where options are shown."""


class NotOptions(ValueError):
    """The text is no JSON object; the message says where it goes wrong, and repeats nothing of it."""


def read_options(text: str) -> dict[str, object]:
    """Options from JSON. Raises NotOptions."""
    try:
        options = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotOptions(f"is not JSON from line {error.lineno}, column {error.colno} on") from None
    except RecursionError:
        raise NotOptions("is nested too deeply") from None
    if not isinstance(options, dict):
        raise NotOptions('is not an object, {"name": …}')
    return options


def list_names(options: Mapping[str, object]) -> list[str]:
    """What is set, without a value: `locale`, `learner.features`; sorted."""
    return sorted(_lay_flat(options))


def list_differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What is set otherwise, set anew or not any more, by the same names."""
    old, new = _lay_flat(before), _lay_flat(after)
    return sorted(name for name in old | new if name not in old or name not in new or old[name] != new[name])


def list_secrets(options: Mapping[str, object]) -> list[str]:
    """Every secret value."""
    return [str(value) for value in _find_secrets(options) if value]


def hide_secrets(options: Mapping[str, object]) -> dict[str, object]:
    """The same, with `HIDDEN` in place of secrets."""
    return {
        name: HIDDEN if name in SECRETS else hide_secrets(value) if isinstance(value, Mapping) else value
        for name, value in options.items()
    }


def restore_secrets(options: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """The same, with what `before` has where `HIDDEN` stands; where it has nothing, nothing is restored."""
    restored: dict[str, object] = {}
    for name, value in options.items():
        known = before.get(name)
        if name in SECRETS and value == HIDDEN:
            if name in before:
                restored[name] = known
        elif isinstance(value, Mapping):
            restored[name] = restore_secrets(value, known if isinstance(known, Mapping) else {})
        else:
            restored[name] = value
    return restored


def _lay_flat(options: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in options.items():
        if name in ROLES and isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": own for inner, own in value.items()}
        else:
            flat[name] = value
    return flat


def _find_secrets(options: Mapping[str, object]) -> Iterator[object]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _find_secrets(value)
        elif name in SECRETS:
            yield value


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
