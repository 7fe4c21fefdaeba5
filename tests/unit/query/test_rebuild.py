"""What a rebuild decides without any back-end: what goes together, what differs, what is carried."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.query.handlers import HANDLERS
from services.query.rebuild import carrying
from services.query.rebuild.aligning import ENOUGH, Aligned, Message
from services.query.rebuild.comparing import differences, gaps, paired
from services.query.rebuild.folding import writes
from shared.decision import Upsert
from shared.projection import nested
from tests.builders.histories import a_history


def a_message(owner: str, last: str, tag: int = 0, *, end: bool = False) -> Message:
    return Message({"owner": owner, "last": last, "end": end}, tag, 1, b"")


def test_owners_wait_for_each_other_and_go_on_together() -> None:
    aligned = Aligned({"intake", "routing"})
    for place in range(ENOUGH):
        aligned.add(a_message("intake", f"{place}"))
    assert aligned.take() == ()
    for last in ("0", "1", "1", "2", "9"):
        aligned.add(a_message("routing", last))
    taken = [(message.owner, message.last) for message in aligned.take()]
    assert [last for owner, last in taken if owner == "intake"] == ["0", "1", "2"]
    assert [last for owner, last in taken if owner == "routing"] == ["0", "1", "1", "2"]


orders = st.lists(st.tuples(st.sampled_from(["intake", "routing"]), st.integers(0, 9)))


@given(orders, st.booleans())
def test_every_message_is_taken_once_in_the_order_of_its_owner_whatever_it_is(
    told: list[tuple[str, int]], ends_late: bool
) -> None:
    aligned, taken, added = Aligned({"intake", "routing"}), [], []
    for tag, (owner, last) in enumerate(told):
        added.append(a_message(owner, str(last), tag))
        aligned.add(added[-1])
        if not ends_late:
            taken += aligned.take()
    for owner in ("intake", "routing"):
        added.append(a_message(owner, "", len(added), end=True))
        aligned.add(added[-1])
    while more := aligned.take():
        taken += more
    for owner in ("intake", "routing"):
        ours = [message.tag for message in added if message.owner == owner]
        assert [message.tag for message in taken if message.owner == owner] == ours


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_documents_of_one_key_are_paired_and_none_is_left_out(
    served: set[str], told: set[str]
) -> None:
    pairs = paired(*([{"_id": key} for key in sorted(keys)] for keys in (served, told)))
    found = {key: (one is not None, other is not None) for key, one, other in pairs}
    assert found == {key: (key in served, key in told) for key in served | told}


def test_differences_are_told_by_path_and_never_by_value() -> None:
    served = {"a": {"b": 1, "c": [1, 2]}, "d": "secret"}
    told = {"a": {"b": 2, "c": [1, 2], "e": 3}}
    assert list(differences(served, told)) == [
        ("a.b", "different"),
        ("a.e", "missing in the read model"),
        ("d", "only in the read model"),
    ]
    assert list(differences(served, served)) == []


def test_gaps_are_what_is_missing_before_the_last_event_of_each_chain() -> None:
    keys = ["application-000002", "case-000001", "case-000004"]
    missing = ["application event 1", "case event 2", "case event 3"]
    assert list(gaps(keys)) == missing
    assert list(gaps(["application-000001"])) == []


def document(parts: list[Upsert]) -> dict[str, Any]:
    """What writes make of nothing: sets as they are, of the rest the greatest and the least."""
    fields: dict[str, Any] = {"_id": parts[0].id}
    for part in parts:
        fields |= part.set
        for path, value in part.max.items():
            if path not in fields or value["sequence"] > fields[path]["sequence"]:
                fields[path] = value
        for path, value in part.min.items():
            fields[path] = min(value, fields.get(path, value))
    return nested(fields)


@given(st.data())
def test_what_was_told_and_what_is_carried_over_make_the_served_document(
    drawn: st.DataObject,
) -> None:
    history = [event.to_document() for event in a_history()]
    told_again = drawn.draw(st.lists(st.sampled_from(history), unique_by=lambda e: e["id"]))
    whole = document(writes(history)[0]["progress"])
    projected = writes(told_again)[0].get("progress", [])
    told = document(projected) if projected else {}
    carried = carrying.of("progress", whole, told)
    assert isinstance(carried, Upsert)
    assert document([*projected, carried]) == whole


def test_what_was_told_again_is_not_replaced_by_what_is_served() -> None:
    told = document(writes([event.to_document() for event in a_history()])[0]["progress"])
    served = {**told, "category": "wrong", "history": {**told["history"], "case-000099": {}}}
    carried = carrying.of("progress", served, told)
    assert isinstance(carried, Upsert)
    assert carried.set == {"history.case-000099": {}}


def test_an_event_that_cannot_be_applied_is_named_and_the_rest_is_built() -> None:
    [first, *rest] = [event.to_document() for event in a_history()]
    broken = {**rest[0], "data": {}}
    projected, faults = writes([first, broken, {"id": "x", "type": "odd"}])
    assert len(projected["progress"]) == 1
    assert len(faults) == 2
    assert broken["id"] in faults[0]


def test_every_projection_of_query_has_a_shadow() -> None:
    from services.query.rebuild.opening import SHADOWS

    assert {h.collection for handlers in HANDLERS.values() for h in handlers} == set(SHADOWS)
