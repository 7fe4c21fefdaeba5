"""The stored policies: one version, the version of a day, all versions, and who refers to whom.

Every read is bounded by the client's time-outs; MongoDB away is Transient, an unknown id or article
number `not_found`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from services.query.policies.policy import (
    COLLECTION,
    STAMP,
    STAMPS,
    Article,
    Policy,
    article_number,
    from_document,
    slug_of,
)
from shared.errors import FieldError, Refused, Text
from shared.store import backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

REFERRED_BY_MOST = 100
"""So many articles that refer to one are shown; of the civil procedure law's most quoted there are
some twenty."""

_DATED_ID = re.compile(r"(.+)-(\d{4}-\d{2}-\d{2})")
_CITATIONS = "citations"
_LIGHT = {"preamble": 0, "articles.text": 0, "articles.heading": 0, _CITATIONS: 0}


class Mention(NamedTuple):
    """An article that refers to another."""

    policy: Policy
    article: Article


class Library:
    """What is stored of policies, to be read."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database

    def policy(self, policy_id: str, today: date, as_of: date | None = None) -> Policy:
        """The version of this id, or the one that holds `as_of`; of an id without a date the one
        that holds today, the latest if none does.
        """
        if as_of is None:
            stored = self._stored({"_id": policy_id})
            if stored:
                return stored[0]
        versions = self.versions(policy_id)
        for policy in reversed(versions):
            if policy.holds_on(as_of or today):
                return policy
        if as_of is None and not _DATED_ID.fullmatch(policy_id):
            return versions[-1]
        raise _none_then(versions, as_of or today)

    def article(
        self, policy_id: str, written: str, today: date, as_of: date | None = None
    ) -> tuple[Policy, Article]:
        """An article by its number, however it is written (47, 四十七, 第四十七条)."""
        policy = self.policy(policy_id, today, as_of)
        number = article_number(written)
        for article in policy.articles:
            if article.number == number:
                return policy, article
        message = Text("没有这一条", "No such article")
        raise Refused(
            "not_found",
            Text("该文件没有这一条", "The policy has no such article"),
            errors=[FieldError("/number", "unknown_article", message)],
        )

    def versions(self, policy_id: str) -> tuple[Policy, ...]:
        """All versions of the policy that an id or a title names, the earliest first."""
        dated = _DATED_ID.fullmatch(policy_id)
        found = self._stored(_of_title(dated[1] if dated else policy_id))
        named = next((policy for policy in found if policy.id == policy_id), None)
        if not found or (dated and not named):
            raise Refused("not_found", Text("没有这份政策文件", "There is no such policy"))
        kin = [p for p in found if p.region == (named or found[0]).region]
        return tuple(sorted(kin, key=lambda p: str(p.promulgated_on or "")))

    def named(self, titles: Iterable[str], day: date) -> dict[str, Policy]:
        """Of each title the version that holds that day, else the latest; without its texts."""
        conditions = [_of_title(title) for title in sorted(set(titles))]
        found = self._stored({"$or": conditions}, _LIGHT) if conditions else []
        chosen: dict[str, Policy] = {}
        for policy in sorted(found, key=lambda p: (p.holds_on(day), str(p.promulgated_on or ""))):
            chosen[policy.slug] = policy
        return chosen

    def referring(self, policy: Policy, number: str) -> list[Mention]:
        """The articles that refer to an article, of other policies only in their latest version;
        REFERRED_BY_MOST at most.
        """
        wanted = {"to": policy.slug, "article": number}
        latest = {"$or": [{"superseded_by": None}, {"_id": policy.id}]}
        mentions = []
        with backend_errors():
            query = {_CITATIONS: {"$elemMatch": wanted}, **latest}
            light = {name: shown for name, shown in _LIGHT.items() if name != _CITATIONS}
            for document in self._database[COLLECTION].find(query, light).sort("_id"):
                other = from_document(document)
                if other.slug == policy.slug and other.id != policy.id:
                    continue
                by = {c["by"] for c in document[_CITATIONS] if c | wanted == c}
                mentions += [Mention(other, a) for a in other.articles if a.number in by]
        return mentions[:REFERRED_BY_MOST]

    def policies(self) -> Iterator[Policy]:
        with backend_errors():
            for document in self._database[COLLECTION].find({}, {_CITATIONS: 0}, batch_size=50):
                yield from_document(document)

    def revision(self) -> int:
        """Grows with every import that changed something; 0 before the first."""
        with backend_errors():
            stamp = self._database[STAMPS].find_one({"_id": STAMP})
        return int(stamp["revision"]) if stamp else 0

    def ensure_indexes(self) -> None:
        with backend_errors():
            keys = [(f"{_CITATIONS}.to", 1), (f"{_CITATIONS}.article", 1)]
            self._database[COLLECTION].create_index(keys, name="citations")

    def _stored(
        self, query: dict[str, Any], fields: dict[str, int] | None = None
    ) -> Sequence[Policy]:
        with backend_errors():
            shown = fields or {_CITATIONS: 0}
            return [from_document(d) for d in self._database[COLLECTION].find(query, shown)]


def _of_title(title: str) -> dict[str, Any]:
    """The versions of a title, by the index of the ids."""
    return {"_id": {"$regex": rf"^{re.escape(slug_of(title))}(-\d{{4}}-\d{{2}}-\d{{2}})?$"}}


def _none_then(versions: Sequence[Policy], day: date) -> Refused:
    known = "、".join(f"{p.begins_on or '?'}–{p.ends_on or ''}" for p in versions)
    message = Text("该日没有有效的版本", "No version was in force that day")
    return Refused(
        "not_found",
        Text(
            f"{day} 没有有效的版本；库中各版本的有效期间：{known}",
            f"No version was in force on {day}; those of the library were: {known}",
        ),
        errors=[FieldError("/as_of", "no_version_then", message)],
    )
