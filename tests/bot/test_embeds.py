"""What a page with a provider's room may load: the provider and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.embeds import RULES, build_policy, find_origin, find_rules
from bot.join_html import PAGES, build_room_text, render_room
from bot.rooms.base import Embed
from bot.words import words_for

SCRIPT = "https://cdn.test/sdk.js"


def policy_of(page: str, script: str = SCRIPT) -> dict[str, list[str]]:
    embed = Embed(page=page, values={"script": script})
    rules = find_rules(embed)
    assert rules is not None
    directives = [part.split() for part in build_policy(embed, rules, nonce="n").split("; ")]
    return {name: sources for name, *sources in directives}


@pytest.mark.parametrize("page", sorted(RULES))
def test_only_the_provider_is_spoken_to(page: str) -> None:
    """Its script and ours run, no other; it is in no frame and sends no form."""
    policy = policy_of(page)

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'nonce-n'", "'wasm-unsafe-eval'", "https://cdn.test"]
    assert "*" not in policy["connect-src"]
    assert {"https://cdn.test", "wss://cdn.test"} <= set(policy["connect-src"])
    assert all(source.startswith(("https://", "wss://", "'self'")) for source in policy["connect-src"])
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'none'"]


@pytest.mark.parametrize("page", sorted(RULES))
def test_each_has_its_script(page: str) -> None:
    """In the package, without anything that a content policy forbids."""
    source, *_ = PAGES.loader.get_source(PAGES, RULES[page].script) if PAGES.loader else ("", None, None)

    assert "values.script" in source
    assert "eval(" not in source
    assert "innerHTML" not in source


@pytest.mark.parametrize(
    "address, origin",
    [
        (SCRIPT, "https://cdn.test"),
        ("http://127.0.0.1:81/x", "http://127.0.0.1:81"),
        ("javascript:alert(1)", ""),
        ("", ""),
        ("//cdn.test/x", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(address: str, origin: str) -> None:
    """And nothing where there is none: an odd address must not widen the policy."""
    assert origin == find_origin(address)


def test_values_are_data_whatever_is_in_them() -> None:
    """A name cannot end the block that it stands in."""
    words = words_for("en-US")
    html = render_room(
        build_room_text(words, title="Algebra"),
        words.locale,
        script="videsk.js",
        values={"alias": "</script><script>alert(1)</script>"},
        back="../x",
        here="here",
        every=timedelta(minutes=1),
        nonce="n",
    )

    assert "<script>alert" not in html
    assert html.count("</script>") == 3


def test_another_page_is_nobodys() -> None:
    """A service outside this repository has addresses."""
    assert find_rules(Embed(page="elsewhere", values={})) is None
