"""The forms of receipts: what each provider sends, read as what `settling` understands. Pure.

Nothing of a number and no words of a vendor's are kept: codes are our own, `at` is a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from prometheus_client import Counter

from services.notify.people.settling import Receipt, Said
from shared.civil_time import MAINLAND_TIME
from shared.settings import SettingsError

LOST = Counter(
    "tiaojie_receipts_unmatched_total",
    "Receipts that could not be read, or whose message could not be found for some minutes.",
    ("provider", "reason"),
)

TOKEN_SHORTEST: Final = 16

_OLDEST: Final = timedelta(days=4)
_REFERENCE_LONGEST: Final = 128

_REFUSED: Final[Mapping[str, tuple[Said, str]]] = {
    "BLACK": ("permanent_failure", "number_blocked"),
    "BLOCKED": ("permanent_failure", "number_blocked"),
    "MOBILE_IN_BLACK": ("permanent_failure", "number_blocked"),
    "INVALID_NUMBER": ("permanent_failure", "number_invalid"),
    "MK:0001": ("permanent_failure", "number_invalid"),
    "PHONEERR": ("permanent_failure", "number_invalid"),
    "CONTENT": ("permanent_failure", "content_refused"),
    "KEYWORD": ("permanent_failure", "content_refused"),
    "EXPIRED": ("temporary_failure", "unreachable"),
    "UNDELIV": ("temporary_failure", "unreachable"),
}
"""Beginning of a network operator's code → what it means. The operators have hundreds, which differ
by province; the others are told apart by nobody."""


class Unreadable(ValueError):
    """No receipt of this provider looks like that."""


Reader = Callable[[Mapping[str, Any], datetime], Receipt]


def of_aliyun(entry: Mapping[str, Any], now: datetime) -> Receipt:
    """An entry of SmsReport: `out_id` is our own reference, `biz_id` theirs."""
    ours, theirs = _reference(entry.get("out_id")), _reference(entry.get("biz_id"))
    if not isinstance(entry.get("success"), bool) or not (ours or theirs):
        raise Unreadable
    said, code = _meaning(entry.get("err_code"), delivered=entry["success"])
    at = _moment(entry.get("report_time"), now)
    return Receipt(said, at, "aliyun", ours, theirs, code)


def of_tencent(entry: Mapping[str, Any], now: datetime) -> Receipt:
    """An entry of the status callback: `sid` is their reference, and there is none of ours."""
    theirs = _reference(entry.get("sid"))
    if entry.get("report_status") not in {"SUCCESS", "FAIL"} or not theirs:
        raise Unreadable
    delivered = entry["report_status"] == "SUCCESS"
    said, code = _meaning(entry.get("errmsg"), delivered=delivered)
    at = _moment(entry.get("user_receive_time"), now)
    return Receipt(said, at, "tencent", reference=theirs, code=code)


def of_simulator(entry: Mapping[str, Any], now: datetime) -> Receipt:
    """{message_id, delivered}: for programs that try out what becomes of a receipt."""
    ours = _reference(entry.get("message_id"))
    if not isinstance(entry.get("delivered"), bool) or not ours:
        raise Unreadable
    said, code = _meaning(None, delivered=entry["delivered"])
    return Receipt(said, now, "simulator", message_id=ours, code=code)


READERS: Final[Mapping[str, Reader]] = {
    "aliyun": of_aliyun,
    "tencent": of_tencent,
    "simulator": of_simulator,
}
"""Provider → what reads one of its receipts."""


def read_all(provider: str, entries: Iterable[object], now: datetime) -> Iterator[Receipt]:
    """Those of a provider's entries that can be read; the others are counted."""
    for entry in entries:
        try:
            yield READERS[provider](entry if isinstance(entry, dict) else {}, now)
        except Unreadable:
            LOST.labels(provider, "unreadable").inc()


def read_tokens(text: str) -> Mapping[str, str]:
    """Read `aliyun=…,tencent=…`: provider → secret; SettingsError naming every fault, no secret."""
    tokens: dict[str, str] = {}
    faults: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        provider, _, token = part.partition("=")
        if not part:
            continue
        if provider not in READERS:
            faults.append(f"a provider is one of {', '.join(READERS)}")
        elif len(token) < TOKEN_SHORTEST:
            faults.append(f"{provider}: at least {TOKEN_SHORTEST} characters")
        tokens[provider] = token
    if faults:
        raise SettingsError("\n".join(f"TIAOJIE_RECEIPT_TOKENS: {each}" for each in faults))
    return tokens


def _reference(value: object) -> str | None:
    """A reference as it can stand in a query: text of a sensible length, or none."""
    return value if isinstance(value, str) and 0 < len(value) <= _REFERENCE_LONGEST else None


def _meaning(code: object, *, delivered: bool) -> tuple[Said, str | None]:
    if delivered:
        return "delivered", None
    word = code.upper() if isinstance(code, str) else ""
    for beginning, meaning in _REFUSED.items():
        if word.startswith(beginning):
            return meaning
    return "temporary_failure", "undelivered"


def _moment(value: object, now: datetime) -> datetime:
    """When it happened, told in mainland time; now, if that cannot be."""
    try:
        told = datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=MAINLAND_TIME)
    except ValueError:
        return now
    return told.astimezone(now.tzinfo) if now - _OLDEST <= told <= now else now
