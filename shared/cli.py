"""The commands every service has: worker, provision, dead-letters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared import broker, log
from shared.log import logger
from shared.setaside import SetAside
from shared.settings import Settings, SettingsError
from shared.store import connect
from shared.worker import Worker


@dataclass(frozen=True, slots=True)
class Command:
    """A command only one service has; one that needs no settings is run with None for them."""

    summary: str
    run: Callable[[Any, argparse.Namespace], None]
    arguments: Sequence[tuple[str, Mapping[str, Any]]] = ()
    needs_settings: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """What `python -m services.<name>` needs to know. `provision` makes indexes and reference
    data, idempotently; the topology is declared for every service alike."""

    name: str
    settings: type[Settings]
    create_worker: Callable[[Any], Worker]
    provision: Callable[[Any], None]
    commands: Mapping[str, Command] = field(default_factory=dict)


def main(service: Service, arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit status 0, or 2 with every unusable setting named."""
    parser = _parser(service)
    parsed = parser.parse_args(arguments)
    own = service.commands.get(parsed.command)
    if own is not None and not own.needs_settings:
        own.run(None, parsed)
        return 0
    try:
        settings = service.settings.load()
        worker = service.create_worker(settings) if parsed.command == "worker" else None
    except SettingsError as error:
        print(f"These settings cannot be used:\n{error}", file=sys.stderr)
        return 2
    if worker is not None:
        worker.run()
    elif parsed.command == "provision":
        _provision(service, settings)
    elif parsed.command == "dead-letters":
        return _dead_letters(service, settings, parsed)
    else:
        service.commands[parsed.command].run(settings, parsed)
    return 0


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m services.{service.name}", description=f"The {service.name} service."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("worker", help="consume, relay, recurring tasks; until SIGTERM")
    commands.add_parser("provision", help="make topology, indexes and reference data; idempotent")
    dead = commands.add_parser("dead-letters", help="messages set aside: list, show, replay")
    dead.add_argument("action", choices=("list", "show", "replay"))
    dead.add_argument("id", nargs="?", help="one message; `replay` without it takes all dead ones")
    for name, command in service.commands.items():
        own = commands.add_parser(name, help=command.summary)
        for argument, options in command.arguments:
            own.add_argument(argument, **options)
    return parser


def _provision(service: Service, settings: Settings) -> None:
    log.configure(settings, service.name, "provision")
    broker.provision(settings.amqp_url, service.name, settings.queue_max_length)
    SetAside(connect(settings, service.name), settings.message_tries).ensure_indexes()
    service.provision(settings)
    logger().info("provisioned")


def _dead_letters(service: Service, settings: Settings, parsed: argparse.Namespace) -> int:
    kept = SetAside(connect(settings, service.name), settings.message_tries)
    if parsed.action == "replay":
        print(f"{kept.replay(parsed.id)} message(s) will be tried again by the worker")
        return 0
    if parsed.action == "show":
        body = kept.body(parsed.id or "")
        if body is None:
            print("no such message", file=sys.stderr)
            return 1
        sys.stdout.buffer.write(body + b"\n")
        return 0
    print(f"{'state':8} {'tries':>5}  {'since':20} {'event':32} {'id':36} reason")
    for found in kept.listed():
        print(
            f"{found['state']:8} {found['attempts']:>5}  {found['first_at']:%Y-%m-%d %H:%M:%S}  "
            f"{found['event_name'] or 'unreadable':32} {found['_id']:36} {found['reason']}"
        )
    return 0
