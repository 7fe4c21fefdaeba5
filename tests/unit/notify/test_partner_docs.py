"""The tables of docs/partners.md say what the code does; tests/flow runs its commands."""

from __future__ import annotations

import re

import pytest

from deploy.partner_pages import partner_events_page
from services.notify.partners import (
    amqp,
    endings,
    feed_api,
    lane_documents,
    replies,
    subscription_bodies,
    subscriptions_api,
)
from services.notify.partners.deliveries import STATUSES
from services.notify.partners.schedule import DELIVERY, HANDSHAKE
from services.notify.settings import NotifySettings
from shared.contracts.events import EVENTS
from shared.contracts.partner_events import OFFERED
from shared.errors import PROBLEMS
from tests.house.sources import ROOT

PAGE = (ROOT / "docs" / "partners.md").read_text("utf-8")
DEFAULTS = {f.name: f.default for f in NotifySettings.__dataclass_fields__.values()}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table with this in its first line, the heading left out."""
    (table,) = re.findall(
        rf"^\| {re.escape(heading)}.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE
    )
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def elapsed(seconds: float) -> str:
    """`2 h 35 min`."""
    whole, minutes = int(seconds) // 3600, int(seconds) % 3600 // 60
    parts = [f"{whole} h"] * bool(whole) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts) or (f"{int(seconds)} s" if seconds else "0")


def test_the_retries_are_those_of_the_schedule():
    ((first, *times),) = rows("attempt")
    assert first == "after"
    told = [elapsed(each - each % 60 if each >= 60 else each) for each in DELIVERY.elapsed()]
    assert times == told
    pauses = [elapsed(each) for each in HANDSHAKE.seconds]
    assert f"{', '.join(pauses[:-1])} and\n{pauses[-1]}" in PAGE


def test_every_limit_is_the_one_that_holds():
    said = dict(rows("| |"))
    assert said == {
        "events are kept, and can be replayed": f"{DEFAULTS['partner_event_days']:.0f} days",
        "subscriptions of a channel": str(subscriptions_api.MOST_OF_A_CHANNEL),
        "event types, divisions of a subscription": (
            f"{subscription_bodies.TYPES_MOST}, {subscription_bodies.DIVISIONS_MOST}"
        ),
        "calls at a time, by default and at most": (
            f"{lane_documents.CONCURRENCY}, {subscription_bodies.CONCURRENCY_MOST}"
        ),
        "calls a second, at most": (
            f"what you say in `max_per_second`, up to {subscription_bodies.PER_SECOND_MOST}"
        ),
        "time for an answer": f"{DEFAULTS['partner_timeout_seconds']:.0f} s",
        "size of an answer": f"{replies.BODY_MOST // 1024} KiB",
        "events of one replay by id": str(subscription_bodies.REPLAYED_MOST),
        "events of a page of the feed": f"{feed_api.PAGE_USUAL}, at most {feed_api.PAGE_MOST}",
        "waiting and streaming readers of a channel": str(DEFAULTS["feed_readers_of_channel"]),
        "queues of a channel": str(amqp.MOST_OF_A_CHANNEL),
        "a queue, by default and at most": (
            f"{amqp.MAX_LENGTH_USUAL:,} events for {amqp.TTL_DAYS_USUAL} days, "
            f"{amqp.MAX_LENGTH_MOST:,} for {amqp.TTL_DAYS_MOST}"
        ),
    }
    assert f"**{DEFAULTS['partner_pause_hours']:.0f} hours**" in PAGE
    assert f"`wait` ({feed_api.WAIT_MOST} seconds at most)" in PAGE
    assert f"after {DEFAULTS['feed_stream_seconds'] / 60:.0f} minutes" in PAGE


def test_every_way_a_call_can_end_is_explained():
    declared = re.findall(r"^([a-z_]+) {2,}\S", str(endings.__doc__), re.MULTILINE)
    told = {code for cells in rows("`error`") for code in re.findall(r"`([a-z_]+)`", cells[0])}
    assert told == set(declared)
    for status in STATUSES:
        assert f"`{status}`" in PAGE


def test_every_error_that_is_named_is_one_of_ours():
    for status, codes, _ in rows("status"):
        for code in re.findall(r"`([a-z_]+)`", codes):
            assert PROBLEMS[code].status == int(status), code


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_a_link_leads_somewhere(target):
    path, _, anchor = target.partition("#")
    if target.startswith("https://"):
        return
    if path:
        assert (ROOT / "docs" / path).exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_the_catalogue_has_every_event_and_only_fields_that_go_out():
    page = partner_events_page()
    assert re.findall(r"^## ([a-z_]+\.[a-z_]+)$", page, re.MULTILINE) == list(OFFERED)
    for name, fields in OFFERED.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert f"`{EVENTS[name].type}`" in section
        told = [f.replace("[]", "") for f in re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)]
        for field in fields:
            assert field in told, (name, field)
        for field in told:
            assert any(
                field == each or field.startswith(f"{each}.") or each.startswith(f"{field}.")
                for each in fields
            ), (name, field)
