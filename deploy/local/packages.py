"""Debian and Ubuntu packages: installed in the system as root, else unpacked into a folder.

Needs nothing but what every Debian and Ubuntu has, so that it also runs before there is a virtual
environment. Debian's rabbitmq-server would start a service of its own at installation; while we
install, that is refused by the usual means (policy-rc.d).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deploy.local.failures import LocalFailure

POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS = 900
NETWORK_HINT = "is this machine's package source reachable? `apt-get update` tells."


def is_root() -> bool:
    return os.geteuid() == 0


def has_apt() -> bool:
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def install(packages: Sequence[str], log: Path) -> None:
    """The packages are installed in the system; services they bring are not started. Needs root.

    Raises LocalFailure with the log of apt-get.
    """
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    with _services_stay_off():
        if _run(command, log):
            return
        # A machine just made has no package lists, an old one has outdated ones.
        if _run(["apt-get", "update"], log) and _run(command, log):
            return
    raise LocalFailure(
        f"apt-get could not install {' '.join(packages)}.", log=log, hint=NETWORK_HINT
    )


def unpack(
    package: str, folder: Path, log: Path, *, amend: Callable[[Path], None] = lambda _: None
) -> None:
    """The package and all it needs on this machine lie unpacked in `folder`. Needs no root.

    apt works with lists and a cache of its own; the system's state is only read. `amend` is called
    with the tree before it is put in place: the folder appears whole or not at all. Raises
    LocalFailure with the log of apt-get.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{package}-") as work:
        state, cache, root = Path(work, "state"), Path(work, "cache"), Path(work, "root")
        (state / "lists" / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        root.mkdir()
        apt = ["apt-get", "-y", "--no-install-recommends"]
        for option in (
            f"Dir::State={state}",
            "Dir::State::status=/var/lib/dpkg/status",
            f"Dir::Cache={cache}",
            "Debug::NoLocking=1",
        ):
            apt += ["-o", option]
        fetched = _run([*apt, "update"], log) and _run(
            [*apt, "--download-only", "install", package], log
        )
        archives = sorted((cache / "archives").glob("*.deb"))
        if not fetched or not archives:
            raise LocalFailure(f"apt-get could not fetch {package}.", log=log, hint=NETWORK_HINT)
        for archive in archives:
            if not _run(["dpkg", "-x", str(archive), str(root)], log):
                raise LocalFailure(f"{archive.name} could not be unpacked.", log=log)
        amend(root)
        root.rename(folder)


def _run(command: Sequence[str], log: Path) -> bool:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
            timeout=INSTALL_SECONDS,
            check=False,
        )
    return ended.returncode == 0


@contextlib.contextmanager
def _services_stay_off() -> Iterator[None]:
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
