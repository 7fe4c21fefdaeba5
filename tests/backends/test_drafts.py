"""Drafts on a real MongoDB: kept, changed, gone, and unreadable to whoever has only the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import encode
from pymongo.database import Database

from services.intake import drafts
from shared.errors import Permanent, Refused
from shared.sealing import Keyring, new_key

KEYRING = Keyring.parse(f"k1:{new_key()}")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
BODY = {"applicant": {"name": "赵铁柱", "phone": "13800000011"}, "claims": [], "unknown": None}


@pytest.fixture
def collection(database: Database[dict[str, Any]]):
    drafts.ensure_indexes(database["drafts"])
    return database["drafts"]


def save(collection, body=BODY, now=NOW):
    return drafts.save(collection, KEYRING, drafts.new_draft_id(), body, now=now, days=30)


def refusal(act, *arguments, **keywords) -> str:
    with pytest.raises(Refused) as caught:
        act(*arguments, **keywords)
    return caught.value.slug


def test_a_saved_draft_comes_back_as_it_was(collection):
    saved = save(collection)
    assert drafts.load(collection, KEYRING, saved.id, now=NOW) == saved
    assert saved.body == BODY
    assert saved.version == 1
    assert saved.expires_at == NOW + timedelta(days=30)


def test_the_database_holds_neither_the_id_nor_a_readable_word(collection):
    saved = save(collection)
    stored = encode(collection.find_one({}))
    for secret in (saved.id, "赵铁柱", "13800000011", "applicant"):
        assert secret.encode() not in stored


def test_ids_are_128_random_bits(collection):
    ids = {drafts.new_draft_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(each) for each in ids} == {22}


def test_changing_a_draft_renews_its_life_and_counts_its_version(collection):
    saved = save(collection)
    later = NOW + timedelta(days=29)
    changed = drafts.replace(
        collection, KEYRING, saved.id, {"claims": [1]}, now=later, days=30, seen_version=1
    )
    assert changed.version == 2
    assert changed.expires_at == later + timedelta(days=30)
    assert drafts.load(collection, KEYRING, saved.id, now=NOW + timedelta(days=58)) == changed


def test_a_draft_changed_elsewhere_is_not_overwritten_by_whoever_saw_the_old_one(collection):
    saved = save(collection)
    again = {"now": NOW, "days": 30}
    drafts.replace(collection, KEYRING, saved.id, {"by": "phone"}, **again, seen_version=1)
    slug = refusal(
        drafts.replace, collection, KEYRING, saved.id, {"by": "pc"}, **again, seen_version=1
    )
    assert slug == "version_conflict"
    assert drafts.load(collection, KEYRING, saved.id, now=NOW).body == {"by": "phone"}
    drafts.replace(collection, KEYRING, saved.id, {"by": "pc"}, **again)
    assert drafts.load(collection, KEYRING, saved.id, now=NOW).version == 3


@pytest.mark.parametrize("unknown", ["", "x" * 22, "\ud800", "../../x", "mS3kYc0q1VdX5hJw7TzR2A"])
def test_an_unknown_draft_is_refused_alike_by_every_command(collection, unknown):
    save(collection)
    assert refusal(drafts.load, collection, KEYRING, unknown, now=NOW) == "draft_expired"
    assert refusal(drafts.delete, collection, unknown) == "draft_expired"
    for version in (None, 1):
        slug = refusal(
            drafts.replace, collection, KEYRING, unknown, {}, now=NOW, days=30, seen_version=version
        )
        assert slug == "draft_expired"


def test_an_expired_draft_is_gone_even_before_the_database_sweeps_it(collection):
    saved = save(collection)
    later = NOW + timedelta(days=30)
    assert refusal(drafts.load, collection, KEYRING, saved.id, now=later) == "draft_expired"
    slug = refusal(drafts.replace, collection, KEYRING, saved.id, {}, now=later, days=30)
    assert slug == "draft_expired"


def test_a_deleted_draft_leaves_nothing(collection):
    saved = save(collection)
    drafts.delete(collection, saved.id)
    assert collection.count_documents({}) == 0
    assert refusal(drafts.load, collection, KEYRING, saved.id, now=NOW) == "draft_expired"


def test_the_database_drops_expired_drafts_by_itself(collection):
    index = collection.index_information()["expires_at"]
    assert index["expireAfterSeconds"] == 0
    saved = save(collection)
    (stored,) = collection.find({})
    assert stored["expires_at"] == saved.expires_at


def test_a_body_moved_to_another_draft_does_not_open(collection):
    mine, theirs = save(collection), save(collection, {"name": "someone"})
    documents = {d["_id"]: d["sealed"] for d in collection.find({})}
    for key, sealed in zip(documents, reversed(documents.values()), strict=True):
        collection.update_one({"_id": key}, {"$set": {"sealed": sealed}})
    for draft in (mine, theirs):
        with pytest.raises(Permanent):
            drafts.load(collection, KEYRING, draft.id, now=NOW)


def test_a_draft_of_the_largest_size_is_kept(collection):
    body = {"facts": "工" * (1024 * 1024 // 3 - 20)}
    saved = save(collection, body)
    assert drafts.load(collection, KEYRING, saved.id, now=NOW).body == body
