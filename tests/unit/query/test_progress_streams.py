"""A case as a stream of server-sent events, without any server or database around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.query.progress.streams import Stream
from shared import stopping
from shared.errors import Transient

NUMBER = "2634626885086477"
Heard = Callable[[str | None], None]


class Reader:
    """A stream and what happens to it: what it shows, who tells it of changes, what ended it."""

    def __init__(self, *states: bytes | None, **more: Any) -> None:
        self.states = list(states)
        self.listening: list[Heard] = []
        self.ends: list[str] = []
        self.reads = 0
        self.is_gone = False
        options = {"last_id": "", "seconds": 60.0, **more}
        self.stream = Stream(NUMBER, self._shown, self._subscribe, lambda: self.is_gone, **options)
        self.chunks: Iterator[bytes] = self.stream.chunks(
            lambda: self.ends.append("ended"), lambda: self.ends.append("hung up")
        )

    def _shown(self) -> bytes | None:
        self.reads += 1
        return self.states[0]

    def _subscribe(self, heard: Heard) -> Callable[[], None]:
        self.listening.append(heard)
        return lambda: self.listening.remove(heard)

    def change(self, state: bytes, number: str | None = NUMBER) -> None:
        self.states[:] = [state]
        for heard in self.listening:
            heard(number)


def fields(chunk: bytes) -> dict[str, str]:
    assert chunk.endswith(b"\n\n")
    return dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line)


def test_it_begins_with_when_to_come_back_and_the_state_now() -> None:
    reader = Reader(b'{"status":"submitted"}')
    assert 500 <= int(fields(next(reader.chunks))["retry"]) <= 3000
    first = fields(next(reader.chunks))
    assert (first["event"], first["data"]) == ("progress", '{"status":"submitted"}')
    assert first["id"]


def test_each_change_that_shows_is_sent_once() -> None:
    reader = Reader(b"1")
    next(reader.chunks)
    ids = [fields(next(reader.chunks))["id"]]
    reader.change(b"1")  # nothing of it can be seen
    reader.change(b"2", number=None)
    ids.append(fields(next(reader.chunks))["id"])
    reader.change(b"3")
    last = fields(next(reader.chunks))
    assert last["data"] == "3"
    assert len({*ids, last["id"]}) == 3


def test_a_change_of_another_case_is_not_even_read() -> None:
    reader = Reader(b"1", seconds=0.05)
    next(reader.chunks), next(reader.chunks)
    reader.change(b"2", number="2612345678901258")
    assert "retry" in fields(next(reader.chunks))
    assert reader.reads == 1


def test_a_reader_that_comes_back_is_sent_the_state_only_if_it_is_another() -> None:
    before = Reader(b"1")
    next(before.chunks)
    known = fields(next(before.chunks))["id"]
    same = Reader(b"1", last_id=known, seconds=0.05)
    assert [set(fields(chunk)) for chunk in same.chunks] == [{"retry"}, {"retry"}]
    another = Reader(b"2", last_id=known)
    next(another.chunks)
    assert fields(next(another.chunks))["data"] == "2"


def test_while_nothing_changes_comments_keep_the_connection() -> None:
    reader = Reader(b"1", heartbeat=0.01)
    next(reader.chunks), next(reader.chunks)
    assert next(reader.chunks) == b": \n\n"


def test_it_ends_by_itself_and_says_when_to_come_back() -> None:
    reader = Reader(b"1", seconds=0.02)
    *_, last = reader.chunks
    assert "retry" in fields(last)
    assert reader.ends == ["ended"]
    assert reader.listening == []


def test_it_ends_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_sources", [lambda: True])
    reader = Reader(b"1")
    assert [set(fields(chunk)) for chunk in reader.chunks] == [{"retry"}, {"retry"}]


def test_a_reader_that_leaves_is_hung_up_on_and_forgotten() -> None:
    reader = Reader(b"1")
    next(reader.chunks)
    reader.chunks.close()  # type: ignore[attr-defined]
    assert reader.ends == ["hung up", "ended"]
    assert reader.listening == []


def test_a_reader_that_left_while_nothing_changed_is_noticed() -> None:
    reader = Reader(b"1")
    next(reader.chunks), next(reader.chunks)
    reader.is_gone = True
    assert list(reader.chunks) == []
    assert reader.ends == ["hung up", "ended"]


def test_a_database_that_is_away_ends_it_well() -> None:
    reader = Reader(b"1")

    def away() -> bytes:
        raise Transient("away")

    reader.stream = Stream(NUMBER, away, reader._subscribe, lambda: False, "", 60.0)
    ended: list[str] = []
    chunks = list(reader.stream.chunks(lambda: ended.append("ended"), ended.clear))
    assert [set(fields(chunk)) for chunk in chunks] == [{"retry"}, {"retry"}]
    assert ended == ["ended"]


def test_while_a_read_model_is_rebuilt_there_is_nothing_to_send() -> None:
    reader = Reader(None, seconds=0.05)
    assert [set(fields(chunk)) for chunk in reader.chunks] == [{"retry"}, {"retry"}]
