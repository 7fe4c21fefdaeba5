"""Which provider is asked first follows from what was measured, and from nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.health import (
    PROBE_SECONDS,
    PROBES,
    WINDOW_SECONDS,
    Health,
)

NAMES = ("aliyun", "tencent", "third")


def health(*bad: str, now: float = 0.0) -> Health:
    """Of these providers each attempt named went badly."""
    made = Health(NAMES)
    for name in bad:
        made.observe(name, now, bad=True)
    return made


def test_the_settings_say_the_order_while_nothing_is_known():
    assert health().order(0) == NAMES


def test_two_failures_are_no_measure():
    assert health("aliyun", "aliyun").order(0) == NAMES


def test_a_provider_of_which_all_fails_is_asked_last():
    assert health(*["aliyun"] * 3).order(1) == ("tencent", "third", "aliyun")


def test_fifteen_in_a_hundred_are_too_many_and_fourteen_are_not():
    for bad, rests in ((14, False), (15, True)):
        one = Health(NAMES)
        for number in range(100):
            one.observe("aliyun", number, bad=number >= 100 - bad)
        assert one.rests("aliyun") is rests


def test_what_was_ten_minutes_ago_is_forgotten():
    one = health("aliyun", "aliyun")
    one.observe("aliyun", WINDOW_SECONDS + 1, bad=True)
    assert not one.rests("aliyun")


def test_a_resting_provider_is_probed_with_one_message_now_and_then():
    one = health(*["aliyun"] * 3)
    assert one.order(PROBE_SECONDS)[0] == "aliyun"
    assert one.order(PROBE_SECONDS)[0] == "tencent"
    assert one.order(2 * PROBE_SECONDS - 1)[0] == "tencent"
    assert one.order(2 * PROBE_SECONDS)[0] == "aliyun"


def test_it_has_its_place_again_after_some_good_probes_in_a_row():
    one = health(*["aliyun"] * 3)
    probes = [False, True, *[False] * PROBES]
    changes = [one.observe("aliyun", 100 + n, bad=bad) for n, bad in enumerate(probes)]
    assert changes == [False] * (len(probes) - 1) + [True]
    assert one.order(200) == NAMES
    assert one.bad_share("aliyun") == 0


def test_when_all_rest_somebody_is_asked_all_the_same():
    one = health(*[name for name in NAMES for _ in range(3)])
    assert one.order(1) == one.order(PROBE_SECONDS * 2) == NAMES


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.floats(0, 300)), max_size=120))
def test_whatever_happens_each_provider_is_asked_once_and_rests_only_for_a_reason(happened):
    one, now = Health(NAMES), 0.0
    bad = dict.fromkeys(NAMES, 0)
    for name, went_badly, pause in happened:
        now += pause
        order = one.order(now)
        assert sorted(order) == sorted(NAMES)
        rested = one.rests(name)
        changed = one.observe(name, now, bad=went_badly)
        assert changed is (rested is not one.rests(name))
        bad[name] += went_badly
        assert 0 <= one.bad_share(name) <= 1
    for name in NAMES:
        assert not one.rests(name) or bad[name] >= 3
