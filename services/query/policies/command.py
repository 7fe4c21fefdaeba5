"""`python -m services.query policies import PATH…`, `list`, `remove ID…`.

An import reports every file that could not be read by line and ends with status 1 if there was one;
what could be read is in the library then. Running it again changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.query.policies.importing import (
    Progress,
    Report,
    import_files,
    import_statutes,
    remove_policies,
)
from services.query.policies.library import Library
from services.query.policies.policy import KINDS
from services.query.policies.sources import Fault, Unreadable, statutes_path
from services.query.policies.stated import KEYS, Stated, stated
from shared.civil_time import today
from shared.errors import Refused
from shared.store import connect

if TYPE_CHECKING:
    from pymongo.database import Database

    from services.query.settings import QuerySettings

ARGUMENTS: Final[Sequence[tuple[str, Mapping[str, Any]]]] = (
    ("action", {"choices": ("import", "list", "remove")}),
    ("paths", {
        "nargs": "*", "metavar": "PATH",
        "help": "files and folders (.md .html .docx .txt) to import; ids to remove",
    }),
    ("--statutes", {"action": "store_true", "help": "import those of the statutes package too"}),
    ("--json", {"action": "store_true", "help": "report as JSON"}),
    *((f"--{key}", {"help": f"{text.zh}: {text.en}", "metavar": key.upper()})
      for key, text in KEYS.items()),
)  # fmt: skip


def run(settings: QuerySettings, parsed: argparse.Namespace) -> None:
    database: Database[dict[str, Any]] = connect(settings, "query")
    if parsed.action == "list":
        _list(database)
    elif parsed.action == "remove":
        count = remove_policies(database, parsed.paths)
        print(f"{count} removed")
        sys.exit(0 if count == len(set(parsed.paths)) else 1)
    else:
        _import(database, parsed)


def _import(database: Database[dict[str, Any]], parsed: argparse.Namespace) -> None:
    if not parsed.paths and not parsed.statutes:
        print("policies import: state a PATH or --statutes", file=sys.stderr)
        sys.exit(2)
    reports = []
    try:
        given = _given(parsed)
        if parsed.statutes:
            reports.append(import_statutes(database, statutes_path()))
        if parsed.paths:
            with _bar() as show:
                paths = [Path(path) for path in parsed.paths]
                reports.append(import_files(database, paths, given, show))
    except Unreadable as fault:
        print(f"policies import: {fault.message.zh} / {fault.message.en}", file=sys.stderr)
        sys.exit(2)
    except Refused as refusal:
        print(f"policies import: {refusal.detail and refusal.detail.en}", file=sys.stderr)
        sys.exit(2)
    for report in reports:
        if parsed.json:
            sys.stdout.buffer.write(orjson.dumps(report_json(report)) + b"\n")
        else:
            print(*_lines(report), sep="\n")
    if any(report.faults for report in reports):
        sys.exit(1)


def _given(parsed: argparse.Namespace) -> Stated:
    options = ((key, getattr(parsed, key)) for key in KEYS)
    return stated((key, value, 0) for key, value in options if value is not None)


def _list(database: Database[dict[str, Any]]) -> None:
    day = today()
    for policy in Library(database).policies():
        kind = KINDS[policy.kind].en
        print(f"{policy.id}  {kind}  {policy.status_on(day)}  {len(policy.articles)} articles")


def report_json(report: Report) -> dict[str, Any]:
    """A report as JSON; faults and notes with both languages."""
    told = asdict(report)
    told["faults"] = [_fault_json(fault) for fault in report.faults]
    told["notes"] = [_fault_json(note) for note in report.notes]
    return told


def _fault_json(fault: Fault) -> dict[str, Any]:
    message = {"zh": fault.message.zh, "en": fault.message.en}
    return {"file": fault.file, "line": fault.line, "code": fault.code, "message": message}


def _lines(report: Report) -> list[str]:
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, "
        f"{len(report.unchanged)} unchanged, {len(report.kept)} kept as another source has them, "
        f"{len(report.faults)} could not be read"
    )
    return [
        counts,
        *(f"  {fault}" for fault in report.faults),
        *(f"  {note}" for note in report.notes),
        *(f"  {title}: not in the statutes package" for title in report.absent),
    ]


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on stderr if that is a terminal."""
    from tqdm import tqdm  # only this command needs it

    with tqdm(unit="file", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
