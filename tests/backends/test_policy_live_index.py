"""The search index of a process over a real MongoDB: built, woken, kept when a build fails."""

import threading
import time
from datetime import date

import pymongo
import pytest

from services.query.policies.sources import read_statutes, statutes_path
from services.query.search import live_index
from services.query.search.index import SearchIndex
from services.query.search.live_index import LiveIndex
from services.query.search.question import Filters
from shared.errors import Transient
from tests.builders.ferry_policies import a_policy, store
from tests.waiting import eventually

TODAY = date(2026, 11, 21)
NEVER = 600.0
"""Seconds between two looks at the stamp, when only the change stream is to wake."""


def found(live, question="摆渡"):
    return {
        hit.policy.title for hit in live.current().search(question, Filters(), today=TODAY).hits
    }


def test_an_index_that_has_begun_is_there_before_the_first_search(database):
    store(database, a_policy())
    live = LiveIndex(database)
    live.begin()
    eventually(lambda: live._index is not None)
    assert found(live) == {"渡口条例"}


def test_an_import_wakes_the_index_without_waiting_for_the_clock(database):
    live = LiveIndex(database, check_seconds=NEVER)
    assert found(live) == set()
    store(database, a_policy())
    eventually(lambda: found(live) == {"渡口条例"})
    store(database, a_policy("新渡口条例"))
    eventually(lambda: found(live) == {"渡口条例", "新渡口条例"})


def test_what_the_change_stream_does_not_tell_the_clock_does(database, monkeypatch):
    monkeypatch.setattr(live_index, "STAMPS", "nobody writes here")
    live = LiveIndex(database, check_seconds=0.05)
    assert found(live) == set()
    store(database, a_policy())
    eventually(lambda: found(live) == {"渡口条例"})


def test_many_first_searches_at_once_share_one_build(database, monkeypatch):
    store(database, a_policy())
    builds = []
    build = SearchIndex.build

    def counted(policies):
        policies = list(policies)
        if policies:  # indexes of earlier tests follow databases that are gone
            builds.append(len(policies))
        return build(policies)

    monkeypatch.setattr(live_index.SearchIndex, "build", counted)
    live = LiveIndex(database)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(found(live))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [{"渡口条例"}] * 8
    assert builds == [1]


def test_a_build_that_fails_leaves_the_old_index_and_is_tried_again(database, monkeypatch):
    monkeypatch.setattr(live_index, "LONGEST_PAUSE_SECONDS", 0.1)
    store(database, a_policy())
    live = LiveIndex(database, check_seconds=0.05)
    assert found(live) == {"渡口条例"}
    failed = live_index.BUILDS.labels("failed")._value.get

    before = failed()
    database["policies"].insert_one({"_id": "no policy"})
    store(database, a_policy("新渡口条例"))
    eventually(lambda: failed() > before + 1)
    assert found(live) == {"渡口条例"}
    database["policies"].delete_one({"_id": "no policy"})
    eventually(lambda: found(live) == {"渡口条例", "新渡口条例"})


def test_searches_go_on_while_the_index_is_built_anew(database):
    store(database, a_policy())
    live = LiveIndex(database)
    assert found(live) == {"渡口条例"}
    old = live._index
    store(database, *read_statutes(statutes_path()).policies)
    answers_of_the_old = 0
    while live._index is old:
        assert found(live) == {"渡口条例"}
        answers_of_the_old += 1
    assert answers_of_the_old > 10
    assert "中华人民共和国劳动合同法" in found(live, "劳动合同")


def test_without_mongodb_a_first_search_is_transient_and_bounded(monkeypatch):
    monkeypatch.setattr(live_index, "FIRST_BUILD_SECONDS", 0.2)
    client = pymongo.MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=100)
    live = LiveIndex(client["nowhere"])
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(Transient):
            found(live)
    assert time.monotonic() - started < 8
    client.close()
