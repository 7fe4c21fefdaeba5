"""The virtual environment from the lock files: `python3 -m deploy.local.environment`.

Runs under the machine's own Python with nothing but its standard library. A stamp remembers which
lock files were installed; while they are the same, there is nothing to do.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local import packages
from deploy.local.failures import LocalFailure
from deploy.local.terminal import Step, Terminal

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "installed-locks"
LOG = ROOT / os.environ.get("TIAOJIE_DATA_DIR", ".data") / "logs" / "setup.log"
LOCKS = (("requirements.lock", ()), ("requirements-local.lock", ("--no-deps",)))
LEAST_PYTHON = (3, 11)


def main() -> int:
    terminal = Terminal()
    try:
        with terminal.step("Python packages") as step:
            prepare(step)
    except LocalFailure as failure:
        terminal.error(str(failure))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def prepare(step: Step) -> None:
    """.venv holds exactly what the lock files say. Raises LocalFailure."""
    if sys.version_info < LEAST_PYTHON:
        raise LocalFailure(
            f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed.",
            hint="install it and name it: make PYTHON=python3.11 …",
        )
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        step.result = "as locked"
        return
    STAMP.unlink(missing_ok=True)
    if not _has_pip_of_this_python():
        _make_environment(step)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    for lock, options in LOCKS:
        _install(lock, options, step)
    STAMP.write_text(wanted)
    step.result = "installed from the lock files"


def _has_pip_of_this_python() -> bool:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return PYTHON.exists() and (FOLDER / "lib" / version / "site-packages" / "pip").exists()


def fingerprint() -> str:
    """Changes with the lock files, the Python version and the place of the environment."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {FOLDER}".encode())
    for lock, _ in LOCKS:
        digest.update((ROOT / lock).read_bytes())
    return digest.hexdigest()


def _make_environment(step: Step) -> None:
    """An empty environment with pip. Debian's python3 has no pip for it: then pip comes from the
    Debian package that carries it as a wheel, unpacked, so that no root is needed.
    """
    step.note = "making .venv"
    if importlib.util.find_spec("ensurepip"):
        _call([sys.executable, "-m", "venv", "--clear", str(FOLDER)])
        return
    if not packages.has_apt():
        raise LocalFailure(
            "This Python cannot make virtual environments: it has no ensurepip.",
            hint="install the package of your system that adds venv to Python; then again.",
        )
    _call([sys.executable, "-m", "venv", "--clear", "--without-pip", str(FOLDER)])
    step.note = "fetching pip"
    unpacked = FOLDER / "pip-package"
    packages.unpack("python3-pip-whl", unpacked, LOG)
    wheel = next(unpacked.glob("usr/share/python-wheels/pip-*.whl"))
    pip = [str(PYTHON), str(wheel / "pip"), "install", "--no-index", "--no-deps", str(wheel)]
    _call(pip)
    shutil.rmtree(unpacked)


def _call(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise LocalFailure(
            f"The virtual environment could not be made:\n{ended.stderr or ended.stdout}",
            hint="remove the folder .venv and try again.",
        )


def _install(lock: str, options: tuple[str, ...], step: Step) -> None:
    total = sum("==" in line for line in (ROOT / lock).read_text().splitlines())
    command = [
        *(str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input"),
        *("--disable-pip-version-check", "--progress-bar", "off"),
        *options,
        *("-r", str(ROOT / lock)),
    ]
    seen = 0
    with (
        LOG.open("a") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        ) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            if line.startswith("Collecting "):
                seen += 1
                step.note = f"{seen} of {total}: {line.split()[1].split('==')[0]}"
            elif line.startswith("Installing collected"):
                step.note = f"installing {total} packages"
    if pip.returncode:
        raise LocalFailure(
            f"pip could not install {lock}.",
            log=LOG,
            hint="is this machine's package index reachable? `pip download pip` tells.",
        )


if __name__ == "__main__":
    sys.exit(main())
