"""Every event has one emitter and at least one consumer; every queue is read for what it gets."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch

import pytest

from shared.contracts.events import EVENTS, EventType, consumed_by
from shared.contracts.lifecycle import TRANSITIONS
from tests.house.services import handler_table
from tests.house.sources import SERVICES, Source, called, planted, sources, string

_EVENT_NAMES = re.compile(r"[a-z_]+\.(?:[a-z_]+|\*)")


def emitted(files: Iterable[Source]) -> Mapping[str, set[str]]:
    """{event name: the services in whose code it is made}."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in files:
        for call in source.calls:
            service = source.path.split("/")[1]
            if called(call) == "NewEvent" and call.args and not _is_of_the_table(call):
                found[string(call.args[0]) or "?"].add(service)
            elif called(call) == "step" and len(call.args) > 1:
                for name in _told_by(string(call.args[1])):
                    found[name].add(service)
    return found


def _is_of_the_table(call: ast.Call) -> bool:
    """NewEvent(row.event, …): the one place that makes the events of the lifecycle table."""
    return isinstance(call.args[0], ast.Attribute) and call.args[0].attr == "event"


def _told_by(command: str | None) -> set[str]:
    """The events of a command of the lifecycle table."""
    return {row.event for row in TRANSITIONS if row.command == command} or {"?"}


def faults(events: Iterable[EventType], makers: Mapping[str, set[str]]) -> Iterator[str]:
    """Events that are not what the registry says of them."""
    known = {event.name: event for event in events}
    for name, event in known.items():
        if makers.get(name, set()) != {event.owner}:
            yield f"{name}: owned by {event.owner}, emitted by {sorted(makers.get(name, ()))}"
        if not event.consumers:
            yield f"{name}: nobody consumes it"
        strangers = {event.owner, *event.consumers} - set(SERVICES)
        yield from (f"{name}: no service is called {stranger}" for stranger in strangers)
    yield from (f"{name}: not in the registry" for name in makers if name not in known)


def table_faults(consumed: Collection[str], table: Collection[str]) -> Iterator[str]:
    """Messages a queue gets that nobody handles, and handlers of messages that never come."""
    yield from (f"{name}: in the queue, without a handler" for name in set(consumed) - set(table))
    yield from (f"{name}: a handler without messages" for name in set(table) - set(consumed))


def told(docstring: str, heading: str) -> list[str]:
    """The event names (with `*`) that a service's docstring has under Emits or Consumes."""
    part = re.search(rf"^{heading}\s+(.*?)(?=^\w|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return _EVENT_NAMES.findall(part[1]) if part else []


def docstring_faults(patterns: Collection[str], names: Collection[str]) -> Iterator[str]:
    """Names a docstring leaves out, and names or patterns in it that stand for nothing."""
    for name in names:
        if not any(fnmatch(name, pattern) for pattern in patterns):
            yield f"{name}: not told"
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            yield f"{pattern}: stands for nothing"


def test_every_event_is_emitted_by_its_owner_alone_and_consumed_by_somebody():
    assert list(faults(EVENTS.values(), emitted(sources("services")))) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_handles_exactly_what_comes_to_its_queue(service):
    consumed = [event.name for event in consumed_by(service)]
    assert consumed
    assert list(table_faults(consumed, handler_table(service))) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_message_has_something_done_with_it(service):
    assert all(handler_table(service).values())


@pytest.mark.parametrize("service", SERVICES)
def test_the_docstring_of_a_service_names_what_it_emits_and_consumes(service):
    text = importlib.import_module(f"services.{service}").__doc__ or ""
    owned = [event.name for event in EVENTS.values() if event.owner == service]
    consumed = [event.name for event in consumed_by(service)]
    assert list(docstring_faults(told(text, "Emits"), owned)) == []
    assert list(docstring_faults(told(text, "Consumes"), consumed)) == []


def test_every_step_of_a_case_is_told_by_an_event_of_routing():
    for row in TRANSITIONS:
        assert EVENTS[row.event].owner == "routing"


def test_an_event_nobody_or_somebody_else_emits_is_noticed():
    event = EVENTS["case.withdrawn"]
    right = emitted(planted('NewEvent("case.withdrawn", {})', "services/routing/x.py"))
    wrong = emitted(planted('NewEvent("case.withdrawn", {})', "services/query/x.py"))
    by_table = emitted(planted('step(case, "withdraw", actor, at)', "services/routing/x.py"))
    assert list(faults([event], by_table)) == []
    odd = emitted(planted('step(case, "odd", actor, at)', "services/routing/x.py"))
    assert odd == {"?": {"routing"}}
    strange = emitted(planted('NewEvent("case.odd", {})', "services/routing/x.py"))
    assert list(faults([event], right)) == []
    assert list(faults([event], wrong)) == [
        "case.withdrawn: owned by routing, emitted by ['query']"
    ]
    assert list(faults([event], {})) == ["case.withdrawn: owned by routing, emitted by []"]
    assert list(faults([], strange)) == ["case.odd: not in the registry"]
    assert list(faults([replace(event, consumers=())], right)) == [
        "case.withdrawn: nobody consumes it"
    ]
    assert list(faults([replace(event, consumers=("odd",))], right)) == [
        "case.withdrawn: no service is called odd"
    ]


def test_a_missing_and_a_needless_handler_are_noticed():
    assert list(table_faults(["a.b"], ["c.d"])) == [
        "a.b: in the queue, without a handler",
        "c.d: a handler without messages",
    ]


def test_a_docstring_that_leaves_out_an_event_is_noticed():
    text = "x\n\nEmits     case.opened · case.closed\nConsumes  application.*\n"
    assert told(text, "Emits") == ["case.opened", "case.closed"]
    assert told(text, "Consumes") == ["application.*"]
    assert list(docstring_faults(["case.*"], ["case.opened"])) == []
    assert list(docstring_faults(["case.closed"], ["case.opened"])) == [
        "case.opened: not told",
        "case.closed: stands for nothing",
    ]
