"""The import rules of pyproject.toml hold, and notice what breaks them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.house.sources import PRODUCT, ROOT

PLANTED = {
    "services/routing/domain.py": "import pymongo\n",
    "services/notify/api.py": "import services.intake.domain\n",
    "shared/serial.py": "import services.query\n",
    "deploy/local/ports.py": "import services.intake.app\n",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contracts() -> list[dict[str, object]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_the_import_rules_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_import_rule_notices_what_breaks_it(tmp_path):
    for package in PRODUCT:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, line in PLANTED.items():
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(line)
    done = lint(tmp_path)
    assert done.returncode == 1
    for contract in contracts():
        assert f"{contract['name']} BROKEN" in done.stdout
