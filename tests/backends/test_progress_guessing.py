"""Guessing is hopeless: serial numbers, second factors, and what the answers to wrong ones tell."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.query.handlers import HANDLERS
from shared.sealing import Hasher, QueryCodes
from shared.serial import RANDOM_DIGITS, draw
from shared.throttle import LIMITS
from tests.builders.histories import HANDED, NUMBER
from tests.builders.parties import CODE, FIRST_CODE, LAST4, learn, submitted
from tests.web import Web, problem

CASES_A_YEAR = 4_300_000
"""All labour disputes of the country in 2024, if every one came here."""

DAY = 86_400


def tries_a_day(purpose: str, *, of_network: bool = False) -> float:
    """What the limits of a purpose leave to one address, or one network of them, in a day."""
    own = [limit for limit in LIMITS[purpose] if limit.of_network == of_network]
    return min(limit.attempts * max(DAY / limit.seconds, 1) for limit in own)


def odds() -> dict[str, float]:
    """What patience brings to somebody with one address."""
    density = CASES_A_YEAR / 10**RANDOM_DIGITS
    tries = tries_a_day("unknown_serial_per_address")
    digits, codes = tries_a_day("digits_per_serial"), tries_a_day("wrong_code_per_serial")
    return {
        "days_until_some_case_of_this_year_is_met": 1 / (tries * density),
        "days_of_a_network": 1 / (tries_a_day("unknown_serial_per_address", of_network=True) * density),
        "years_until_one_named_case_is_met": 10**RANDOM_DIGITS / tries / 365,
        "chance_a_day_of_the_last_four_digits": digits / 10**4,
        "years_until_a_query_code_is_met": len(QueryCodes.ALPHABET) ** QueryCodes.LENGTH / codes / 365,
    }  # fmt: skip


def test_the_limits_leave_no_hope(capsys: pytest.CaptureFixture[str]) -> None:
    told = odds()
    with capsys.disabled():
        print("".join(f"\n  {name}: {value:,.4g}" for name, value in told.items()))  # noqa: T201 - says the odds
    assert told["days_until_some_case_of_this_year_is_met"] > 700
    assert told["days_of_a_network"] > 70
    assert told["years_until_one_named_case_is_met"] > 5_000_000
    assert told["chance_a_day_of_the_last_four_digits"] <= 0.002
    assert told["years_until_a_query_code_is_met"] > 200_000


def test_an_attempt_to_guess_serial_numbers_is_stopped_before_it_meets_one(query: Web) -> None:
    """Right check digits throughout; a thousand cases are there, more than a day's share of luck."""
    chance = random.Random(1)
    numbers = [draw(2026, chance.randrange) for _ in range(1000)]
    events = [submitted(query, number) for number in numbers]
    query.runner(HANDLERS).apply([event.to_json() for event in events])
    answered = []
    while 429 not in answered:
        guess = draw(2026, chance.randrange)
        answered.append(query.call("GET", f"/v1/progress/{guess}").status_code)
        assert len(answered) < 100
    assert set(answered) == {404, 429}
    assert len(answered) - 1 == LIMITS["unknown_serial_per_address"][0].attempts
    for path in (f"/v1/progress/{numbers[0]}", f"/progress/{numbers[0]}", f"/v1/progress/{numbers[0]}/stream"):  # fmt: skip
        assert query.call("GET", path).status_code == 429
    assert (
        query.call("GET", f"/v1/progress/{numbers[0]}", address="198.51.100.9").status_code == 200
    )


# --- wrong second factors ----------------------------------------------------------------------

WRONG: Mapping[str, dict[str, str]] = {
    "a wrong code": {"query_code": "ABCDEFGH"},
    "another wrong code": {"query_code": "2222-2222"},
    "no code at all": {"query_code": "查询码"},
    "the code of a respondent who does not know yet": {"query_code": FIRST_CODE},
    "a right code that has expired": {"query_code": CODE},
    "wrong digits": {"phone_last4": "9999"},
    "other wrong digits": {"phone_last4": "0000"},
}


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The purposes of all keyed hashes that are made."""
    purposes: list[str] = []
    of_hasher = Hasher.hash

    def counted(self: Hasher, purpose: str, value: str) -> str:
        purposes.append(purpose)
        return of_hasher(self, purpose, value)

    monkeypatch.setattr(Hasher, "hash", counted)
    return purposes


def commands(web: Web) -> list[str]:
    """What the database was asked since the last time, the throttle's turn of each second left out."""
    profile = web.database["system.profile"]
    web.database.command("profile", 0)
    asked = [
        f"{entry['op']} {entry['ns'].partition('.')[2]} {next(iter(entry['command']))}"
        for entry in profile.find({"ns": {"$regex": r"\.(progress|throttle)$"}}).sort("ts")
        if "aggregate" not in entry["command"]
    ]
    profile.drop()
    web.database.command("profile", 2)
    return asked


def test_wrong_factors_are_answered_with_the_same_words_after_the_same_work(
    query: Web, hashed: list[str]
) -> None:
    learn(query, HANDED)
    past = datetime.now(UTC) - timedelta(days=1)
    work: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for name, factor in WRONG.items():
        query.database.throttle.delete_many({})
        expires = past if "expired" in name else datetime.now(UTC) + timedelta(days=1)
        query.database.progress.update_one({}, {"$set": {"query_code_expires_at": expires}})
        fresh = query.beside()  # a process that remembers no failures
        fresh.call("GET", f"/v1/progress/{NUMBER}")  # and has made its connections
        commands(query)
        hashed.clear()
        body = {"serial_number": NUMBER, **factor}
        answer = problem(fresh.call("POST", "/v1/progress/lookups", body), 403, "query_code_wrong")
        words[name] = {k: v for k, v in answer.items() if k != "instance"}
        work[name] = (len(hashed), commands(query))
    assert len({str(each) for each in words.values()}) == 1, words
    for kind, hashes, updates in (("code", 3, 3), ("digits", 2, 3)):
        of_kind = [each for name, each in work.items() if kind in name]
        assert len({str(each) for each in of_kind}) == 1, work
        (count, asked), *_ = of_kind
        assert count == hashes  # of the factor, and of what it is counted under
        assert len(asked) == 1 + updates, asked  # the case, and a count a window


def test_the_work_for_a_wrong_code_does_not_tell_how_many_respondents_there_are(
    query: Web, hashed: list[str]
) -> None:
    counts = set()
    for codes in ([], [FIRST_CODE], [FIRST_CODE] * 9):
        query.database.progress.drop()
        query.database.throttle.delete_many({})
        of = QueryCodes(Hasher.parse(query.settings.hashing_key))
        learn(query, HANDED, submission=submitted(query, respondent_code_hashes=[of.hash(NUMBER, c) for c in codes]))  # fmt: skip
        hashed.clear()
        asked = query.call("POST", "/v1/progress/lookups", {"serial_number": NUMBER, "query_code": "ABCDEFGH"})  # fmt: skip
        problem(asked, 403, "query_code_wrong")
        counts.add(hashed.count("query_code"))
    assert counts == {1}


def test_a_header_without_a_code_is_no_guess(query: Web) -> None:
    learn(query, HANDED)
    for _ in range(8):
        shown = query.call("GET", f"/v1/progress/{NUMBER}", headers={"X-Query-Code": ""})
        assert shown.get_json()["masked"] is True
    mine = query.call("GET", f"/v1/progress/{NUMBER}", headers={"X-Query-Code": CODE})
    assert mine.get_json()["masked"] is False


FACTORS = {"query_code": ("ABCDEFGH", CODE), "phone_last4": ("9999", LAST4)}


def tried(query: Web, factor: str, value: str) -> Any:
    return query.call("POST", "/v1/progress/lookups", {"serial_number": NUMBER, factor: value})


@pytest.mark.parametrize("factor", FACTORS)
def test_once_it_is_locked_a_right_factor_is_answered_as_a_wrong_one(
    query: Web, factor: str
) -> None:
    learn(query, HANDED)
    for _ in range(5):
        problem(tried(query, factor, FACTORS[factor][0]), 403, "query_code_wrong")
    told = []
    for value in FACTORS[factor]:
        answer = problem(tried(query, factor, value), 429, "too_many_attempts")
        told.append({k: v for k, v in answer.items() if k not in {"instance", "retry_after"}})
    assert told[0] == told[1]
    (other,) = FACTORS.keys() - {factor}
    assert tried(query, other, FACTORS[other][1]).status_code == 200, "which is counted apart"


def test_of_last_digits_tried_at_once_five_are_looked_at(query: Web) -> None:
    learn(query, HANDED)
    with ThreadPoolExecutor(16) as pool:
        answers = [
            *pool.map(lambda n: tried(query, "phone_last4", f"90{n:02}").status_code, range(16))
        ]
    assert sorted(answers) == [403] * 5 + [429] * 11


def test_right_digits_cost_nothing(query: Web) -> None:
    learn(query, HANDED)
    for _ in range(25):
        assert tried(query, "phone_last4", LAST4).status_code == 200
