from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.batching import Batcher
from shared.errors import Transient


def test_everybody_gets_their_own_result() -> None:
    batcher = Batcher[int, int](lambda items: [item * 2 for item in items])
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(batcher.submit, range(500))) == [n * 2 for n in range(500)]


def test_calls_that_wait_together_share_one_act() -> None:
    first_is_in, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def act(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        if len(sizes) == 1:
            first_is_in.set()
            assert go_on.wait(5)
        return list(items)

    batcher = Batcher[int, int](act)
    with ThreadPoolExecutor(11) as pool:
        leader = pool.submit(batcher.submit, 0)
        assert first_is_in.wait(5)
        rest = [pool.submit(batcher.submit, n) for n in range(1, 11)]
        while len(batcher._waiting) < 10:
            pass
        go_on.set()
        assert [leader.result(5), *(r.result(5) for r in rest)] == list(range(11))
    assert sizes == [1, 10]


def test_no_act_gets_more_than_the_limit() -> None:
    sizes: list[int] = []

    def act(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        return list(items)

    batcher = Batcher[int, int](act, limit=3)
    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(batcher.submit, range(60))) == list(range(60))
    assert max(sizes) <= 3


def test_an_exception_among_the_results_reaches_only_its_caller() -> None:
    def act(items: Sequence[int]) -> list[int | BaseException]:
        return [KeyError(item) if item == 3 else item for item in items]

    batcher = Batcher[int, int](act)
    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(batcher.submit, n) for n in range(8)]
    assert [o.result() for n, o in enumerate(outcomes) if n != 3] == [0, 1, 2, 4, 5, 6, 7]
    assert isinstance(outcomes[3].exception(), KeyError)


def test_an_act_that_raises_fails_its_batch_and_the_next_one_works() -> None:
    turns = iter([RuntimeError("down"), None])

    def act(items: Sequence[int]) -> list[int]:
        fault = next(turns)
        if fault:
            raise fault
        return list(items)

    batcher = Batcher[int, int](act)
    with pytest.raises(RuntimeError):
        batcher.submit(1)
    assert batcher.submit(2) == 2


def test_a_caller_does_not_wait_for_ever_behind_a_slow_act() -> None:
    go_on = threading.Event()

    def act(items: Sequence[int]) -> list[int]:
        go_on.wait(5)
        return list(items)

    batcher = Batcher[int, int](act, limit=1, timeout=0.05)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(batcher.submit, 1)
        while not batcher._led:
            pass
        with pytest.raises(Transient):
            batcher.submit(2)
        go_on.set()
        assert leader.result(5) == 1


def test_under_load_a_batch_waits_for_company_and_one_who_comes_alone_does_not() -> None:
    first_is_in, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def act(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        if len(sizes) == 1:
            first_is_in.set()
            assert go_on.wait(5)
        return list(items)

    batcher = Batcher[int, int](act, linger=1.0)
    with ThreadPoolExecutor(8) as pool:
        leader = pool.submit(batcher.submit, 0)  # the first comes alone: it is acted on at once
        assert first_is_in.wait(0.8)
        calls = [pool.submit(batcher.submit, n) for n in (1, 2)]
        while len(batcher._waiting) < 2:
            pass
        go_on.set()
        assert [leader.result(5), *(call.result(5) for call in calls)] == [0, 1, 2]
        calls = [pool.submit(batcher.submit, 3)]  # after a shared batch: there may be others
        while not batcher._led:
            pass
        calls += [pool.submit(batcher.submit, n) for n in (4, 5)]
        assert [call.result(5) for call in calls] == [3, 4, 5]
    assert sizes == [1, 2, 3]
