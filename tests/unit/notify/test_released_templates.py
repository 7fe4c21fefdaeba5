"""What the worker makes of released wordings, without a database."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from services.notify.people.templates import LOOK_SECONDS, Templates
from shared.errors import BackendAway, Transient

NAME = "case.withdrawn/sms.zh"
VALUES = {"party": "applicant", "serial_number": "2634"}


class Shelf:
    """Releases in memory, which counts how often it is asked and can be away."""

    def __init__(self, **texts):
        self.kept = {f"{NAME}.{version}": text for version, text in texts.items()}
        self.asked = 0
        self.fetched = []
        self.away = None

    def ids(self):
        self.asked += 1
        if self.away:
            raise self.away
        return frozenset(self.kept)

    def texts(self, ids):
        self.fetched += ids
        return {each: self.kept[each] for each in ids}


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def looking(shelf, clock):
    templates = Templates("https://tiaojie.example", releases=shelf, clock=clock)
    templates.look()
    return templates


def read(templates):
    rendered = templates.render("case.withdrawn", "sms", "zh", VALUES)
    assert rendered.template == NAME
    return rendered.version, rendered.text


def test_the_newest_release_counts_and_everything_else_is_of_the_files(clock):
    templates = looking(Shelf(v2="二{{ serial_number }}", v10="十{{ serial_number }}"), clock)
    assert read(templates) == (10, "十2634")
    assert templates.newest[NAME] == 10
    other = templates.render("case.withdrawn", "sms", "en", VALUES)
    assert (other.template, other.version) == ("case.withdrawn/sms.en", 1)


def test_a_release_is_seen_after_some_seconds_with_one_look_for_all_batches_between(clock):
    shelf = Shelf()
    templates = looking(shelf, clock)
    assert read(templates)[0] == 1
    shelf.kept[f"{NAME}.v2"] = "新"
    for _ in range(100):
        templates.look()
    assert read(templates)[0] == 1
    assert shelf.asked == 1
    clock.now += LOOK_SECONDS
    templates.look()
    assert read(templates) == (2, "新")
    assert shelf.asked == 2


def test_only_what_is_new_is_fetched(clock):
    shelf = Shelf(v2="二")
    templates = looking(shelf, clock)
    for _ in range(5):
        clock.now += LOOK_SECONDS
        templates.look()
    assert (shelf.asked, shelf.fetched) == (6, [f"{NAME}.v2"])


@pytest.mark.parametrize("away", [BackendAway("mongodb"), Transient("mongodb: OperationFailure")])
def test_while_the_database_cannot_be_asked_what_is_known_goes_on_counting(clock, away):
    shelf = Shelf(v2="二")
    templates = looking(shelf, clock)
    shelf.away = away
    clock.now += LOOK_SECONDS
    templates.look()
    assert read(templates) == (2, "二")
    shelf.away = None
    shelf.kept[f"{NAME}.v3"] = "三"
    clock.now += LOOK_SECONDS
    templates.look()
    assert read(templates) == (3, "三")


def test_nothing_is_planned_before_the_first_look_and_the_next_batch_looks_again(clock):
    shelf = Shelf(v2="二")
    shelf.away = BackendAway("mongodb")
    templates = Templates("", releases=shelf, clock=clock)
    with pytest.raises(BackendAway):
        templates.look()
    shelf.away = None
    templates.look()
    assert read(templates)[0] == 2


def test_a_release_that_needs_what_this_program_does_not_give_is_passed_over(clock):
    written = io.StringIO()
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    try:
        templates = looking(Shelf(v2="二", v3="{{ mediator }}", v4="{{ a.b }}"), clock)
    finally:
        structlog.configure(**before)
    assert read(templates) == (2, "二")
    assert written.getvalue().count("template_unusable") == 2


def test_a_newer_file_counts_before_an_older_release_and_a_release_before_its_own_number(
    clock, tmp_path
):
    folder = tmp_path / "case.withdrawn"
    folder.mkdir()
    for version in (1, 3):
        (folder / f"sms.zh.v{version}.txt").write_text(f"文件{version}", "utf-8")
    shelf = Shelf(v2="发布2")
    templates = Templates("", tmp_path, releases=shelf, clock=clock)
    templates.look()
    assert read(templates) == (3, "文件3")
    shelf.kept[f"{NAME}.v3"] = "发布3"
    clock.now += LOOK_SECONDS
    templates.look()
    assert read(templates) == (3, "发布3")


def test_a_release_that_is_gone_after_a_restore_counts_no_more(clock):
    shelf = Shelf(v2="二", v3="三")
    templates = looking(shelf, clock)
    del shelf.kept[f"{NAME}.v3"]
    clock.now += LOOK_SECONDS
    templates.look()
    assert read(templates) == (2, "二")


def test_threads_share_a_look_and_none_waits_for_another(clock):
    shelf = Shelf(v2="二")
    templates = looking(shelf, clock)
    inside, go_on = threading.Event(), threading.Event()
    plain = shelf.ids

    def slowly():
        inside.set()
        assert go_on.wait(20)
        return plain()

    shelf.ids = slowly
    clock.now += LOOK_SECONDS
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(templates.look)
        assert inside.wait(20)
        templates.look()  # returns at once
        assert read(templates) == (2, "二")
        go_on.set()
        first.result(20)


def test_of_many_threads_at_the_beginning_none_reads_before_the_first_look(clock):
    shelf = Shelf(v2="二")
    templates = Templates("", releases=shelf, clock=clock)
    together = threading.Barrier(8)

    def plan(_):
        together.wait(20)
        templates.look()
        return read(templates)[0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(plan, range(8))) == {2}
    assert shelf.asked == 1
