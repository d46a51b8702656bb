"""HTML as a test reads it: what is visible, in order, and every element with its attributes. Checks that tags match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"input", "hr", "br", "meta", "link"})
INLINE = frozenset({"a", "code", "em", "s", "span", "strong", "time"})


@dataclass(eq=False)
class Node:
    """One element."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def walk(self, *, skips: Callable[[Node], bool] = lambda _: False) -> Iterator[Node]:
        """It and everything in it, in order."""
        if not skips(self):
            yield self
            for child in self.children:
                if isinstance(child, Node):
                    yield from child.walk(skips=skips)

    def find_all(self, tag: str) -> list[Node]:
        return [node for node in self.walk() if node.tag == tag]

    def find_by_id(self, its_id: str) -> Node:
        (found,) = [node for node in self.walk() if node.attributes.get("id") == its_id]
        return found

    def read(self, *, skips: Callable[[Node], bool] = lambda _: False) -> str:
        """Its visible text; what stands in a box or line of its own is set apart by spaces."""
        if skips(self):
            return " "
        text = "".join(child if isinstance(child, str) else child.read(skips=skips) for child in self.children)
        return text if self.tag in INLINE else f" {text} "

    def has_class(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def finish(self) -> Node:
        self.close()
        assert self._open == [self.root], "something is never closed"
        return self.root


def parse_html(text: str) -> Node:
    """The document or fragment; AssertionError where its tags do not match."""
    parser = _Parser()
    parser.feed(str(text))
    return parser.finish()


def list_sent(form: Node, *, pressed: Node | None = None) -> list[tuple[str, str]]:
    """What a browser posts of the form: HTML's "constructing the entry list", as far as these pages need it."""
    sent: list[tuple[str, str]] = []
    for node in form.walk():
        name, value = node.attributes.get("name", ""), node.attributes.get("value", "")
        if node.tag == "textarea":
            sent.append((name, node.read().strip(" ").removeprefix("\n").replace("\n", "\r\n")))
        elif node.tag == "select":
            options = node.find_all("option")
            chosen = [option for option in options if "selected" in option.attributes] or options[:1]
            sent += [(name, option.attributes["value"]) for option in chosen]
        elif node is pressed or _is_filled_in(node):
            sent.append((name, value))
    return sent


def _is_filled_in(node: Node) -> bool:
    is_ticked = node.attributes.get("type") not in ("checkbox", "radio") or "checked" in node.attributes
    return node.tag == "input" and is_ticked
