"""What the back-ends need of this machine, installed when it is missing.

With root it comes from the system's packages; without, the same packages are unpacked beside the
virtual environment, where `make clean` keeps them and `make distclean` removes them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deploy.local import mongodb, packages, rabbitmq
from deploy.local.failures import LocalFailure
from deploy.local.terminal import Step

OTHER_WAYS = "or set TIAOJIE_MONGO_URL and TIAOJIE_AMQP_URL to back-ends that are elsewhere."


def provide_mongodb(step: Step, logs: Path) -> None:
    """mongod can run: the library it lacks on a bare machine is there."""
    if mongodb.can_run():
        return
    step.note = f"fetching {mongodb.LIBRARY} for MongoDB"
    _provide(mongodb.LIBRARY, mongodb.UNPACKED_LIBRARY, logs / "packages.log")
    if not mongodb.can_run():
        raise LocalFailure(
            "mongod cannot run on this machine.",
            hint=f"`{mongodb.binary()} --version` tells what it lacks; {OTHER_WAYS}",
        )


def provide_rabbitmq(step: Step, logs: Path) -> rabbitmq.Installation:
    """The RabbitMQ of this machine, installed now if there is none."""
    found = rabbitmq.find()
    if found is None:
        step.note = "fetching rabbitmq-server"
        folder, log = rabbitmq.UNPACKED_ROOT, logs / "packages.log"
        _provide("rabbitmq-server", folder, log, amend=rabbitmq.make_relocatable)
        found = rabbitmq.find()
    if found is None:
        raise LocalFailure("RabbitMQ was installed but is not complete.", hint=OTHER_WAYS)
    return found


def _provide(
    package: str, folder: Path, log: Path, *, amend: Callable[[Path], None] = lambda _: None
) -> None:
    if not packages.has_apt():
        raise LocalFailure(
            f"{package} is missing, and this system has no apt-get to install it with.",
            hint=f"install it in the way of this system, {OTHER_WAYS}",
        )
    if packages.is_root():
        packages.install([package], log)
    else:
        packages.unpack(package, folder, log, amend=amend)
