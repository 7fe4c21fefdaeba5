"""Invented policies about a ferry, for tests of the search."""

from datetime import date
from typing import Any

from pymongo.database import Database

from services.query.policies.policy import COLLECTION, STAMP, STAMPS, Article, Policy


def an_article(number: str = "1", text: str = "摆渡人每日摆渡不超过八小时。") -> Article:
    return Article(number, f"第{number}条", "", text)


def a_policy(title: str = "渡口条例", **changes: Any) -> Policy:
    fields: dict[str, Any] = {
        "kind": "administrative_regulation",
        "issuer": "渡口会",
        "promulgated_on": date(2020, 1, 1),
        "effective_on": date(2020, 2, 1),
        "preamble": "",
        "articles": (an_article(),),
    }
    return Policy(title=title, **(fields | changes))


def store(database: Database[dict[str, Any]], *policies: Policy) -> None:
    """As an import does: the policies, then the stamp."""
    for policy in policies:
        database[COLLECTION].replace_one({"_id": policy.id}, policy.to_document(), upsert=True)
    database[STAMPS].update_one({"_id": STAMP}, {"$inc": {"revision": 1}}, upsert=True)
