"""Whether the text of an agreement has its legal parts: every one that is missing, by its place.

企业劳动争议协商调解规定 26: an agreement states the parties, their claims, the result and the time and
manner of performance. 民事诉讼法 56: representatives settle only with the consent of those they
represent, and the text says what each of them gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from services.routing.examination import sides
from services.routing.steps import Party, rule_not_met
from shared.contracts.faults import Fault, fault
from shared.decision import State
from shared.errors import FieldError, Text

LATEST: Final = timedelta(days=20 * 365)
"""How far ahead a last day of performance can lie."""

_LEGAL_PARTS: Final = ("claims", "result", "items")
_PARTS_OF_ITEM: Final = ("obligor", "obligee", "what", "due_on", "manner")

_NO_PARTY = Fault("unknown_value", Text("案件没有这个当事人", "The case has no such party"))
_SAME_PARTY = Fault(
    "same_party", Text("履行方和权利方不能是同一人", "Nobody owes something to oneself")
)
_PAST = Fault("in_past", Text("日期不能早于今天", "The date lies in the past"))
_TOO_FAR = Fault("too_far", Text("履行期限最长20年", "At most 20 years ahead"))
_NOT_ALL = Fault(
    "not_all_consented",
    Text("须取得全部被代表人的同意", "All who are represented have to consent"),
)
_NOT_EACH = Fault(
    "not_each_named",
    Text("须逐一写明每个被代表人的金额", "State the amount of each who is represented"),
)
_NAMELESS = Fault("required", Text("请填写姓名或者序号", "State a name or a number"))


def check_text(case: State, text: Mapping[str, Any], today: date) -> None:
    """Refused("rule_not_met", agreement_complete or represented_consented), naming what is missing
    or cannot be, by JSON Pointer."""
    if errors := list(_faults(text, set(sides(case)), today)):
        raise rule_not_met("agreement_complete", errors=errors)
    represented = case["represented_count"]
    if represented and (errors := list(_faults_of_representation(text, represented))):
        raise rule_not_met("represented_consented", errors=errors)


def perform_by(text: Mapping[str, Any]) -> str:
    """The last day on which something of a complete agreement is to be performed, ISO 8601."""
    return max(str(item["due_on"]) for item in text["items"])


def _faults(text: Mapping[str, Any], parties: set[Party], today: date) -> Iterator[FieldError]:
    for name in _LEGAL_PARTS:
        if not text.get(name):
            yield fault("required").at(f"/{name}")
    for position, item in enumerate(text.get("items") or ()):
        yield from _faults_of_item(item, f"/items/{position}", parties, today)


def _faults_of_item(
    item: Mapping[str, Any], place: str, parties: set[Party], today: date
) -> Iterator[FieldError]:
    for name in _PARTS_OF_ITEM:
        if not item.get(name):
            yield fault("required").at(f"{place}/{name}")
    for name in ("obligor", "obligee"):
        side = item.get(name)
        if side and (side["party"], side["index"]) not in parties:
            yield _NO_PARTY.at(f"{place}/{name}")
    if item.get("obligor") and item.get("obligor") == item.get("obligee"):
        yield _SAME_PARTY.at(f"{place}/obligee")
    if item.get("due_on"):
        due_on = date.fromisoformat(item["due_on"])
        if due_on < today:
            yield _PAST.at(f"{place}/due_on")
        elif due_on > today + LATEST:
            yield _TOO_FAR.at(f"{place}/due_on")


def _faults_of_representation(text: Mapping[str, Any], represented: int) -> Iterator[FieldError]:
    consent = text.get("represented_consent")
    if not consent:
        yield fault("required").at("/represented_consent")
    elif not consent["obtained"]:
        yield _NOT_ALL.at("/represented_consent/obtained")
    elif consent["count"] < represented:
        yield _NOT_ALL.at("/represented_consent/count")
    shares = text.get("per_person") or ()
    if not shares:
        yield fault("required").at("/per_person")
    elif len(shares) < represented:
        yield _NOT_EACH.at("/per_person")
    for position, share in enumerate(shares):
        if share.get("name") is None and share.get("index") is None:
            yield _NAMELESS.at(f"/per_person/{position}/name")
