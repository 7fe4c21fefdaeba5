"""Log calls have a static name of the catalogue and known fields; the catalogue has no others."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from shared.log import FIELDS, LOG_EVENTS
from tests.house.sources import ROOT, Source, called, planted, sources, string

LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
BINDERS = frozenset({"bind_contextvars", "bound_contextvars"})


def log_calls(source: Source) -> Iterator[ast.Call]:
    """`logger().info(…)`, `_log.info(…)` of a kept logger, or one of two such by a condition."""
    kept = {
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and _is_logger(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return (call for call in source.calls if _logs(call.func, kept))


def faults(files: Iterable[Source]) -> Iterator[str]:
    """Log calls that break the rule, with their place."""
    for source in files:
        for call in log_calls(source):
            yield from (f"{source.at(call)}: {fault}" for fault in _faults_of(call))
        for call in source.calls:
            if called(call) in BINDERS:
                yield from (f"{source.at(call)}: {fault}" for fault in _unknown_fields(call))
            if called(call) == "getLogger" and source.path != "shared/log.py":
                yield f"{source.at(call)}: another logger than ours"


def names(files: Iterable[Source]) -> set[str]:
    """The log events that code uses."""
    found: set[str] = set()
    for source in files:
        for call in log_calls(source):
            found |= {text for a in call.args[:1] for arm in _arms(a) if (text := string(arm))}
    return found


def _is_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called(node) in {"logger", "get_logger"}


def _logs(function: ast.expr, kept: Collection[str]) -> bool:
    if isinstance(function, ast.IfExp):
        return _logs(function.body, kept) or _logs(function.orelse, kept)
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    of = function.value
    return _is_logger(of) or (isinstance(of, ast.Name) and of.id in kept)


def _faults_of(call: ast.Call) -> Iterator[str]:
    if len(call.args) != 1:
        yield "one name, everything else as fields"
    for arm in (arm for argument in call.args[:1] for arm in _arms(argument)):
        name = string(arm)
        if name is None:
            yield "the name is not static"
        elif name not in LOG_EVENTS:
            yield f"{name}: not in the catalogue"
    yield from _unknown_fields(call)
    values = [k.value for k in call.keywords]
    if any(isinstance(node, ast.JoinedStr) for value in values for node in ast.walk(value)):
        yield "an f-string"


def _unknown_fields(call: ast.Call) -> Iterator[str]:
    for field in call.keywords:
        if field.arg is None:
            yield "fields by **, which nobody can check"
        elif field.arg not in FIELDS:
            yield f"{field.arg}: not a field of logs"


def _arms(name: ast.expr) -> list[ast.expr]:
    return [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]


def test_every_log_call_has_a_static_name_and_known_fields():
    assert list(faults(sources("shared", "services"))) == []


def test_every_log_event_of_the_catalogue_is_used():
    assert set(LOG_EVENTS) - names(sources("shared", "services")) == set()


def test_every_log_event_and_field_is_on_the_page():
    page = (ROOT / "docs/log-events.md").read_text("utf-8")
    assert {name for name in LOG_EVENTS if f"| `{name}` |" not in page} == set()
    assert {name for name in FIELDS if f"`{name}`" not in page} == set()


def fault_of(text: str) -> list[str]:
    return [fault.partition(": ")[2] for fault in faults(planted(text))]


def test_log_calls_that_break_the_rule_are_noticed():
    assert fault_of('logger().info("provisioned", count=1)') == []
    assert fault_of('logger().info("odd")') == ["odd: not in the catalogue"]
    assert fault_of('logger().info(f"provisioned {x}")') == ["the name is not static"]
    assert fault_of('logger().info("provisioned", phone=1)') == ["phone: not a field of logs"]
    assert fault_of('logger().info("provisioned", reason=f"{x}")') == ["an f-string"]
    assert fault_of('logger().info("provisioned", **more)') == [
        "fields by **, which nobody can check"
    ]
    assert fault_of('logger().info("provisioned", x)') == ["one name, everything else as fields"]
    assert fault_of('(logger().info if x else logger().error)("odd" if x else "provisioned")') == [
        "odd: not in the catalogue"
    ]
    assert fault_of('_log = logger()\n_log.info("odd")') == ["odd: not in the catalogue"]
    assert fault_of("logging.getLogger(__name__).info(x)") == ["another logger than ours"]
    assert fault_of("bind_contextvars(phone=1)") == ["phone: not a field of logs"]


def test_the_names_that_code_uses_are_found():
    assert names(planted('logger().info("a" if x else "b", count=1)')) == {"a", "b"}
