"""Several providers: one message, handed over once, by the first that can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    NotNow,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.channels.failover import Failover
from services.notify.people.messages import Body
from shared.errors import BackendAway

BODY = Body("+8613800000011", "", "【调解】您好。")
CODE = Body("+8613800000011", "", "【调解】验证码：493817。", urgent=True)


@dataclass
class Provider:
    """One that answers as told, then accepts; `fences` says whether it came to handing over."""

    name: str
    answers: list[Any] = field(default_factory=list)
    takes_keys: bool = False
    fences: bool = True
    asked: list[str] = field(default_factory=list)

    def send(
        self, _to: str, _text: str, reference: str, handing_over: Callable[[], None]
    ) -> Accepted:
        self.asked.append(reference)
        answer = self.answers.pop(0) if self.answers else Accepted(f"{self.name}-1")
        if self.fences:
            handing_over()
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class HeldInMemory:
    """Which provider has it; `away` like a database."""

    kept: dict[str, str] = field(default_factory=dict)
    away: bool = False

    def holder(self, reference: str) -> str | None:
        return self.kept.get(reference)

    def hold(self, reference: str, provider: str) -> None:
        if self.away:
            raise BackendAway("mongodb")
        self.kept[reference] = provider


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Limits:
    """None, unless it is full or slow."""

    full: bool = False
    slow: tuple[str, ...] = ()
    given_back: list[bool] = field(default_factory=list)

    def admit(self, _reference: str, _to: str, *, urgent: bool) -> None:
        if self.full and not urgent:
            raise NotNow("number_limit", 30)

    def pace(self, provider: str, *, urgent: bool) -> None:  # noqa: ARG002
        if provider in self.slow:
            raise NotNow("rate_limit", 3)

    def give_back(self, *, urgent: bool) -> None:
        self.given_back.append(urgent)


def failover(*providers: Provider, held: HeldInMemory | None = None, **options: Any) -> Failover:
    options.setdefault("limits", Limits())
    return Failover(providers, held=held or HeldInMemory(), **options)


def send(channel: Failover, reference: str = "m1", body: Body = BODY) -> tuple[Accepted, int]:
    """The answer, and how often the message was fenced."""
    fences: list[int] = []
    return channel.send(reference, body, lambda: fences.append(1)), len(fences)


def refused(channel: Failover, reference: str = "m1") -> NotSent:
    with pytest.raises(NotSent) as refusal:
        send(channel, reference)
    return refusal.value


def test_the_first_provider_takes_it_and_is_named():
    first, second = Provider("aliyun"), Provider("tencent")
    accepted, fenced = send(failover(first, second, reports=["aliyun"]))
    assert accepted == Accepted("aliyun-1", "aliyun", receipt=True)
    assert (fenced, second.asked) == (1, [])


@pytest.mark.parametrize(
    "failure", [TryLater("connection"), OursToMend("balance"), NotNow("vendor_limit", 60)]
)
def test_what_was_not_handed_over_goes_to_the_next_in_the_same_attempt(failure):
    first, second = Provider("aliyun", [failure]), Provider("tencent")
    accepted, fenced = send(failover(first, second))
    assert (accepted.provider, accepted.receipt, fenced) == ("tencent", False, 1)


@pytest.mark.parametrize(
    "failure", [RefusedForGood("number_invalid"), HandedOverUnknown("timeout")]
)
def test_a_refusal_of_the_message_and_an_unknown_answer_end_it(failure):
    first, second = Provider("aliyun", [failure]), Provider("tencent")
    error = refused(failover(first, second))
    assert error is failure
    assert (error.provider, second.asked) == ("aliyun", [])


@pytest.mark.parametrize(
    "first, second, kept",
    [
        (OursToMend("balance"), TryLater("connection"), "connection"),
        (TryLater("connection"), OursToMend("balance"), "connection"),
        (OursToMend("balance"), NotNow("vendor_limit", 60), "vendor_limit"),
        (NotNow("rate", 60), NotNow("sooner", 5), "sooner"),
        (OursToMend("balance"), OursToMend("account"), "balance"),
    ],
)
def test_if_nobody_took_it_the_kindest_failure_counts(first, second, kept):
    channel = failover(Provider("aliyun", [first]), Provider("tencent", [second]))
    assert refused(channel).code == kept


def test_a_provider_that_fails_is_asked_last_and_probed_until_it_is_well():
    clock = Clock()
    first, second = Provider("aliyun", [TryLater("connection")] * 4), Provider("tencent")
    channel = failover(first, second, clock=clock)
    for number in range(5):
        send(channel, f"m{number}")
    assert (len(first.asked), len(second.asked)) == (3, 5)
    for number in range(5):
        clock.now += 20
        send(channel, f"p{number}")
    assert (len(first.asked), len(second.asked)) == (8, 6)
    assert send(channel)[0].provider == "aliyun", "back in its place"


def test_a_slow_provider_is_a_bad_one():
    clock = Clock()

    class Slow(Provider):
        def send(self, *given: Any) -> Accepted:
            clock.now += 6
            return super().send(*given)

    channel = failover(Slow("aliyun"), Provider("tencent"), clock=clock)
    providers = [send(channel, f"m{number}")[0].provider for number in range(4)]
    assert providers == ["aliyun", "aliyun", "aliyun", "tencent"]


def test_a_provider_that_accepts_what_never_arrives_is_asked_last():
    told = {"aliyun": (20, 40), "elsewhere": (40, 40)}
    channel = failover(Provider("aliyun"), Provider("tencent"), lateness=lambda: told)
    channel.review()
    assert send(channel)[0].provider == "tencent"
    told["aliyun"] = (0, 40)
    channel.review()
    assert send(channel)[0].provider == "aliyun"


def test_what_is_the_matter_with_one_message_does_not_speak_against_a_provider():
    answers = [OursToMend("no_approved_template"), RefusedForGood("number_invalid")] * 5
    first = Provider("aliyun", answers)
    channel = failover(first, Provider("tencent"))
    for number in range(10):
        if number % 2:
            refused(channel, f"m{number}")
        else:
            send(channel, f"m{number}")
    assert send(channel)[0].provider == "aliyun"


class Lost(Exception):
    """Somebody else has the message."""


def test_a_lost_message_is_sent_by_nobody_and_nobodys_fault():
    first, second = Provider("aliyun"), Provider("tencent")
    channel = failover(first, second)

    def lost() -> None:
        raise Lost

    for _ in range(5):
        with pytest.raises(Lost):
            channel.send("m1", BODY, lost)
    assert second.asked == []
    assert send(channel)[0].provider == "aliyun"


@pytest.mark.parametrize("fences, kind", [(True, HandedOverUnknown), (False, TryLater)])
def test_of_an_exception_nobody_declared_the_worst_is_believed(fences, kind):
    channel = failover(Provider("own", [KeyError("13800000011")], fences=fences))
    error = refused(channel)
    assert (type(error), error.code) == (kind, "KeyError")


# --- providers that take idempotency keys ------------------------------------------------------


def test_an_unknown_answer_of_a_provider_that_takes_keys_is_asked_again_there_and_nowhere_else():
    held = HeldInMemory()
    first = Provider("own", [HandedOverUnknown("timeout"), TryLater("connection")], takes_keys=True)
    second = Provider("tencent")
    channel = failover(first, second, held=held)
    error = refused(channel)
    assert isinstance(error, TryLater)
    assert (error.code, error.provider) == ("timeout", "own")
    assert isinstance(refused(channel), TryLater)
    assert send(channel)[0].provider == "own"
    assert (first.asked, second.asked) == (["m1"] * 3, [])


def test_if_it_cannot_be_kept_who_has_it_nobody_is_asked_again():
    first = Provider("own", [HandedOverUnknown("timeout")], takes_keys=True)
    error = refused(failover(first, held=HeldInMemory(away=True)))
    assert isinstance(error, HandedOverUnknown)


def test_a_provider_that_was_taken_away_leaves_its_message_uncertain():
    channel = failover(Provider("other", takes_keys=True), held=HeldInMemory({"m1": "own"}))
    assert (type(refused(channel)), refused(channel).code) == (HandedOverUnknown, "provider_gone")


def test_our_own_trouble_says_nothing_about_what_was_handed_over_before():
    own = Provider("own", [OursToMend("access")], takes_keys=True)
    error = refused(failover(own, held=HeldInMemory({"m1": "own"})))
    assert isinstance(error, HandedOverUnknown)


# --- limits ------------------------------------------------------------------------------------


def test_over_a_limit_nobody_is_asked_but_what_is_urgent_goes():
    first = Provider("aliyun")
    channel = failover(first, limits=Limits(full=True))
    assert refused(channel).code == "number_limit"
    assert first.asked == []
    assert send(channel, body=CODE)[0].provider == "aliyun"


def test_a_provider_that_is_given_enough_leaves_the_rest_to_the_next():
    limits = Limits(slow=("aliyun",))
    first, second = Provider("aliyun"), Provider("tencent")
    assert send(failover(first, second, limits=limits))[0].provider == "tencent"
    assert first.asked == []


def test_what_was_not_handed_over_does_not_count_towards_the_day():
    limits = Limits()
    refused(failover(Provider("aliyun", [TryLater("connection")]), limits=limits))
    for takes_keys in (False, True):
        answers = [HandedOverUnknown("timeout")]
        refused(failover(Provider("own", answers, takes_keys=takes_keys), limits=limits))
    send(failover(Provider("aliyun"), limits=limits))
    assert limits.given_back == [False]
