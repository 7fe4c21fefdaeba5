"""`python -m deploy.contracts [--check]`: write the generated contracts and reference pages.

OpenAPI of each service exactly as it is served, AsyncAPI, a JSON Schema for each event, the diagram
of a case's life, and the reference pages of the documentation. With `--check` nothing is written:
differences are shown and the exit status is 1. The same code always gives the same bytes.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from deploy import reference_pages
from deploy.local.settings import SERVICES
from shared.contracts import asyncapi, lifecycle
from shared.contracts.events import EVENTS
from shared.contracts.partner_asyncapi import partner_event_schema
from shared.contracts.partner_events import OFFERED
from shared.sealing import new_key

DOCS = Path(__file__).parents[1] / "docs"
GENERATED = ("contracts/**/*.json", "contracts/**/*.mmd")
"""Files in DOCS that are all ours: what is there and not generated is out of date."""

SHOWN_LINES = 40
"""Lines of one file's difference that are shown."""


def documents() -> dict[str, str]:
    """{path below docs/: content} of everything that is generated."""
    return {
        **{f"contracts/openapi/{s}.json": as_json(served_openapi(s)) for s in SERVICES},
        "contracts/asyncapi.json": as_json(asyncapi.build()),
        **{
            f"contracts/events/{event.name}.v{event.version}.json": as_json(
                asyncapi.event_schema(event)
            )
            for event in EVENTS.values()
        },
        **{
            f"contracts/partner-events/{name}.v{EVENTS[name].version}.json": as_json(
                partner_event_schema(name)
            )
            for name in OFFERED
        },
        "contracts/lifecycle.mmd": lifecycle.diagram(),
        **reference_pages.pages(),
    }


def served_openapi(service: str) -> Any:
    """The document a service answers with at `/<service>/openapi.json`."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        app = create_app(service, Path(folder))
        return app.test_client().get(f"/{service}/openapi.json").json


def create_app(service: str, data_dir: Path) -> Any:
    """The service's application with keys of the moment, for looking at, not for requests."""
    settings = importlib.import_module(f"services.{service}.settings")
    settings_class = getattr(settings, f"{service.capitalize()}Settings")
    app: Any = importlib.import_module(f"services.{service}.app")
    return app.create_app(
        settings_class(
            data_dir=data_dir,
            mongo_url="mongodb://127.0.0.1:1/?replicaSet=none",
            oidc_issuer="https://issuer.invalid",
            oidc_jwks="https://issuer.invalid/jwks.json",
            sealing_keys=f"a:{new_key()}",
            contact_keys=f"c:{new_key()}",
            record_keys=f"r:{new_key()}",
            hashing_key=new_key(),
        )
    )


def as_json(document: Any) -> str:
    """One form for the same content: sorted, indented, with a last newline."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Bring the folder up to date; the paths that were written or removed."""
    changed = [path for path in out_of_date(wanted, folder) if path not in wanted]
    for path in changed:
        (folder / path).unlink()
    for path, content in wanted.items():
        file = folder / path
        if not file.exists() or file.read_text("utf-8") != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, "utf-8")
            changed.append(path)
    return changed


def out_of_date(wanted: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The paths whose content is not as wanted, or that should not be there."""
    for path in sorted({*wanted, *_generated_before(folder)}):
        file = folder / path
        if path not in wanted or not file.exists() or file.read_text("utf-8") != wanted[path]:
            yield path


def differences(wanted: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Lines that show how the folder differs from what is wanted, in unified form."""
    for path in out_of_date(wanted, folder):
        file = folder / path
        if path not in wanted:
            yield f"{path}: nothing generates this file any more"
            continue
        there = file.read_text("utf-8") if file.exists() else ""
        lines = list(
            difflib.unified_diff(
                there.splitlines(),
                wanted[path].splitlines(),
                f"docs/{path} (there)",
                f"docs/{path} (generated)",
                lineterm="",
                n=2,
            )
        )
        yield from lines[:SHOWN_LINES]
        if len(lines) > SHOWN_LINES:
            yield f"… and {len(lines) - SHOWN_LINES} more lines of {path}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or with `--check` compare; exit status 1 when something was not as generated."""
    parser = argparse.ArgumentParser(prog="python -m deploy.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, show, write nothing")
    if parser.parse_args(arguments).check:
        shown = list(differences(documents(), DOCS))
        for line in shown:
            sys.stdout.write(f"{line}\n")
        if shown:
            sys.stderr.write("\nThe generated contracts are out of date: make contracts\n")
        return 1 if shown else 0
    for path in write(documents(), DOCS):
        sys.stdout.write(f"docs/{path}\n")
    return 0


def _generated_before(folder: Path) -> Iterator[str]:
    for pattern in GENERATED:
        for file in folder.glob(pattern):
            yield file.relative_to(folder).as_posix()


if __name__ == "__main__":
    sys.exit(main())
