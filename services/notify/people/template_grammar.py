"""The few constructs a wording may use: whatever passes here renders in bounded time or not at all.

    {{ name }}   {{ "words" if condition else "others" }}   {% if condition %} … {% elif %} … {% else %}

A condition is a name (is there anything?), a comparison of a name with words, or several of these
with and, or, not. Loops, calls, filters and arithmetic are beyond what a sentence needs, and are
where templates become programs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.contracts.faults import Fault
from shared.errors import Text

NESTING_LIMIT: Final = 8
"""Constructs within constructs; the deepest released wording has 4."""

_PARSER: Final = ImmutableSandboxedEnvironment()  # reads and never renders


@dataclass(frozen=True, slots=True)
class Name:
    """A name where it is used; `printed` if its value itself is shown, not only looked at."""

    name: str
    line: int
    printed: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A name compared with a word of the text."""

    name: str
    word: str
    line: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a wording looks at and shows."""

    names: tuple[Name, ...]
    compared: tuple[Compared, ...]

    @property
    def used(self) -> frozenset[str]:
        return frozenset(each.name for each in self.names)


class Unreadable(Exception):
    """The text is no wording; `fault` says what and where."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def parse(text: str) -> Parsed:
    """The names and words of a wording; Unreadable for anything but the constructs above."""
    try:
        tree = _PARSER.parse(text)
    except TemplateSyntaxError as error:
        raise Unreadable(_syntax(error.lineno)) from None
    except RecursionError:
        raise Unreadable(_construct(1)) from None
    reading = _Reading()
    for node in tree.body:
        reading.take(node, 0)
    return Parsed(tuple(reading.names), tuple(reading.compared))


def unknown_names(parsed: Parsed, allowed: Collection[str]) -> Iterator[Fault]:
    """A fault for each name that is not given, with the one that was probably meant."""
    for line, name in sorted({(n.line, n.name) for n in parsed.names if n.name not in allowed}):
        meant = get_close_matches(name, sorted(allowed), 1)
        zh = f"第{line}行用了这里没有的变量"
        en = f"Line {line} uses a value that is not given here"
        if meant:
            zh, en = f"{zh}，是否为 {meant[0]}", f"{en}; did you mean {meant[0]}?"
        yield Fault("unknown_variable", Text(zh, en))


def unknown_words(parsed: Parsed, choices: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """A fault for each comparison with a word that the value never is."""
    for each in parsed.compared:
        possible = choices.get(each.name)
        if possible is not None and each.word not in possible:
            shown = "、".join(possible)
            yield Fault(
                "unknown_value",
                Text(
                    f"第{each.line}行：{each.name} 只会是 {shown}",
                    f"Line {each.line}: {each.name} can only be {', '.join(possible)}",
                ),
            )


class _Reading:
    """Collects what is used, and stops at the first construct that is not allowed."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.compared: list[Compared] = []

    def take(self, node: nodes.Node, depth: int) -> None:
        """A piece of text, a value, or an if tag with what it holds."""
        match node:
            case nodes.Output():
                for shown in node.nodes:
                    self._show(shown, depth)
            case nodes.If() if depth < NESTING_LIMIT:
                self._ask(node.test, depth + 1)
                for inner in (*node.body, *node.else_):
                    self.take(inner, depth + 1)
                for other in node.elif_:
                    self.take(other, depth)
            case _:
                raise Unreadable(_construct(node.lineno))

    def _show(self, node: nodes.Node, depth: int) -> None:
        match node:
            case nodes.TemplateData() if "{" in node.data or "}" in node.data:
                raise Unreadable(_brace(node.lineno))
            case nodes.TemplateData() | nodes.Const(value=str()):
                pass
            case nodes.Name():
                self.names.append(Name(node.name, node.lineno, printed=True))
            case nodes.CondExpr(expr2=nodes.Expr() as otherwise) if depth < NESTING_LIMIT:
                self._ask(node.test, depth + 1)
                self._show(node.expr1, depth + 1)
                self._show(otherwise, depth + 1)
            case _:
                raise Unreadable(_construct(node.lineno))

    def _ask(self, node: nodes.Node, depth: int) -> None:
        match node:
            case nodes.Name():
                self.names.append(Name(node.name, node.lineno, printed=False))
            case nodes.Not() if depth < NESTING_LIMIT:
                self._ask(node.node, depth + 1)
            case nodes.And() | nodes.Or() if depth < NESTING_LIMIT:
                self._ask(node.left, depth + 1)
                self._ask(node.right, depth + 1)
            case nodes.Compare(
                expr=nodes.Name() as name,
                ops=[nodes.Operand(op="eq" | "ne", expr=nodes.Const(value=str() as word))],
            ):
                self._ask(name, depth)
                self.compared.append(Compared(name.name, word, node.lineno))
            case _:
                raise Unreadable(_construct(node.lineno))


def _syntax(line: int) -> Fault:
    return Fault(
        "template_syntax",
        Text(
            f"第{line}行语法有误，请核对括号、引号和标签是否成对",
            f"Line {line} cannot be read: are brackets, quotes and tags in pairs?",
        ),
    )


def _construct(line: int) -> Fault:
    return Fault(
        "template_construct",
        Text(
            f"第{line}行：只能使用变量、“甲 if 条件 else 乙”和 if 标签，且不能嵌套过深",
            f"Line {line}: only values, “a if condition else b” and if tags can be used, not too deep",
        ),
    )


def _brace(line: int) -> Fault:
    return Fault(
        "template_brace",
        Text(
            f"第{line}行起有单独的花括号；变量写作两个花括号",
            f"From line {line} on there is a single brace; a value is written in two",
        ),
    )
