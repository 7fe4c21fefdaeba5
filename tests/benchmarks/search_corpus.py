"""What is searched: the statutes as `make run` imports them, with a folder of others if told, and
30,000 articles to measure speed on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from services.query.policies.files import files_under, read_files
from services.query.policies.policy import Article, Policy, article_number, short_title
from services.query.policies.sources import read_statutes, statutes_path
from tests.benchmarks.judged import Cited

ARTICLES = 30_000


def library(folder: Path | None = None) -> list[Policy]:
    """The labour statutes of the package; with the Markdown law files of a folder that the
    package lacks, if one is named."""
    policies = list(read_statutes(statutes_path()).policies)
    if folder is not None:
        held = {short_title(policy.title) for policy in policies}
        brought = read_files(files_under([folder])).policies
        policies += [policy for policy in brought if short_title(policy.title) not in held]
    return policies


def articles(policies: Iterable[Policy]) -> Iterator[tuple[Cited, Policy, Article]]:
    """Every article with what it is cited as."""
    for policy in policies:
        title = short_title(policy.title)
        for article in policy.articles:
            yield Cited(title, article.number), policy, article


def thirty_thousand() -> list[Policy]:
    """All statutes of the package, of whatever field and status, 26,000 articles; the first of
    them again under other titles until there are 30,000. The last one is cut."""
    policies = list(_all_statutes())
    policies += [replace(policy, title=f"{policy.title}（又一）") for policy in policies]
    taken: list[Policy] = []
    room = ARTICLES
    for policy in policies:
        if room:
            taken.append(replace(policy, articles=policy.articles[:room]))
            room -= len(taken[-1].articles)
    return taken


def _all_statutes() -> Iterator[Policy]:
    address = f"file:{statutes_path()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        rows = database.execute(
            "SELECT laws.law_id, laws.law_name, issuing_body, article_no, articles.chapter,"
            " article_text FROM laws JOIN articles USING (law_id) ORDER BY law_id, id"
        ).fetchall()
    for law, group in groupby(rows, key=itemgetter(0, 1, 2)):
        numbered = [
            Article(article_number(label) or "", label, chapter or "", text or "")
            for _, _, _, label, chapter, text in group
        ]
        yield Policy(
            # The id is part of the title where versions of one law would have the same.
            title=f"{law[1]}（{law[0]}）",
            kind="law",
            issuer=law[2] or "",
            promulgated_on=None,
            effective_on=None,
            preamble="",
            articles=tuple(numbered),
        )
