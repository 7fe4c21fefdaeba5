"""`python -m deploy.local run|prepare|clean|partner-demo`: what the Makefile calls."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping

from deploy.local import containers, leftovers, machine, rabbitmq
from deploy.local.failures import LocalFailure
from deploy.local.partner_demo import demo
from deploy.local.run import Stopped, choose_backends, run
from deploy.local.settings import LocalSettings, load
from deploy.local.terminal import Terminal
from shared.settings import SettingsError


def prepare(settings: LocalSettings, terminal: Terminal) -> None:
    """What `run` and the tests would otherwise install when they need it is installed."""
    if choose_backends(settings) != "processes":
        return
    logs = settings.data_dir / "logs"
    with terminal.step("MongoDB") as step:
        machine.provide_mongodb(step, logs)
        step.result = "there"
    with terminal.step("RabbitMQ") as step:
        found = machine.provide_rabbitmq(step, logs)
        step.result = "there" if found.root == rabbitmq.SYSTEM_ROOT else "there, in .venv"


def clean(settings: LocalSettings, terminal: Terminal) -> None:
    """All local data is gone: databases, queues, keys, logs."""
    data_dir = settings.data_dir.resolve()
    with terminal.step("Data folder") as step:
        if leftovers.find(str(data_dir)):
            raise LocalFailure(
                "The system is running with this data folder.", hint="stop it first (Ctrl-C)."
            )
        containers.remove_volumes(data_dir)
        if data_dir.exists():
            shutil.rmtree(data_dir)
        step.result = "removed"


COMMANDS: Mapping[str, Callable[[LocalSettings, Terminal], None]] = {
    "run": run,
    "prepare": prepare,
    "clean": clean,
    "partner-demo": demo,
}


def main(arguments: list[str]) -> int:
    """Exit status 0; 1 when something a person can mend failed; 2 for unusable settings."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m deploy.local {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    terminal = Terminal()
    try:
        COMMANDS[arguments[0]](load(), terminal)
    except SettingsError as error:
        terminal.error(f"These settings cannot be used:\n{error}")
        return 2
    except LocalFailure as failure:
        terminal.error(str(failure))
        return 1
    except (Stopped, KeyboardInterrupt):
        terminal.line()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
