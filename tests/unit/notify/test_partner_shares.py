"""Who gets a turn, a place, a share, an event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.notify.partners.catalogue import Filter
from services.notify.partners.pools import Pools
from services.notify.partners.shards import SHARDS, Holding, fair_share, shard_of
from services.notify.partners.subscribers import Subscribers

PLACES = {"healthy": 2, "suspect": 1, "failing": 1}


@given(st.integers(1, 100))
def test_shares_cover_all_shards_and_differ_by_rounding_alone(dispatchers: int) -> None:
    assert fair_share(dispatchers) * dispatchers >= SHARDS
    assert (fair_share(dispatchers) - 1) * dispatchers < SHARDS


def test_subscriptions_spread_over_all_shards() -> None:
    counts = [0] * SHARDS
    for number in range(3200):
        counts[shard_of(f"sub_{number:022}")] += 1
    assert min(counts) > 50
    assert max(counts) < 200


def test_a_holder_stops_before_its_lease_ends() -> None:
    holding = Holding(frozenset([1]), until=10.0)
    assert holding.may_send(9.4)
    assert not holding.may_send(9.5)


def test_lanes_take_turns_for_the_places_of_their_pool() -> None:
    pools: Pools[str] = Pools(PLACES)
    for name in ("a", "b", "c"):
        pools.wait(name, "healthy")
    taken = [(pools.next(), pools.take("healthy", 0.0)) for _ in range(2)]
    assert [name for name, _ in taken] == ["a", "b"]
    assert pools.next() is None
    pools.give_back(taken[0][1])
    assert pools.next() == "c"


def test_endpoints_in_trouble_never_take_the_places_of_healthy_ones() -> None:
    pools: Pools[str] = Pools(PLACES)
    for number in range(10):
        pools.wait(f"failing-{number}", "failing")
        pools.wait(f"suspect-{number}", "suspect")
    pools.take("failing", 0.0)
    pools.take("suspect", 0.0)
    assert pools.next() is None
    pools.wait("healthy", "healthy")
    assert pools.next() == "healthy"


def test_a_call_that_lasts_gives_its_healthy_place_back_after_a_second() -> None:
    pools: Pools[str] = Pools(PLACES)
    lasting, quick = pools.take("healthy", 0.0), pools.take("healthy", 0.9)
    pools.wait("next", "healthy")
    assert pools.next() is None
    assert pools.sweep(1.0)
    assert pools.next() == "next"
    assert pools.taken == {"healthy": 1, "suspect": 1, "failing": 0}
    for place in (lasting, quick, lasting):
        pools.give_back(place)
    assert set(pools.taken.values()) == {0}


@given(
    st.lists(
        st.tuples(
            st.frozensets(st.sampled_from("abc"), min_size=1),
            st.lists(st.sampled_from(["37", "3701", "370102", "11", "1101"]), max_size=3),
        ),
        max_size=8,
    ),
    st.sampled_from("abcd"),
    st.sampled_from(["", "37", "3701", "370102", "370102001", "110101", "9"]),
)
def test_exactly_those_who_want_an_event_are_found_each_once(wishes, name, division) -> None:
    subscribers: Subscribers[int] = Subscribers()
    filters = [Filter(names, tuple(divisions)) for names, divisions in wishes]
    for number, each in enumerate(filters):
        subscribers.add(number, each)
    wanted = [n for n, each in enumerate(filters) if each.wants(name, division)]
    assert sorted(subscribers.of(name, division)) == wanted
    for number, each in enumerate(filters):
        subscribers.remove(number, each)
        subscribers.remove(number, each)
    assert list(subscribers.of(name, division)) == []
