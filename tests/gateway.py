"""The real gateway before a running system, as `make run` has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.composition import CADDYFILE
from deploy.local.ports import answers, free_ports
from tests.system import SERVICES, System


@contextmanager
def before(system: System, folder: Path) -> Iterator[str]:
    """Its address."""
    (port,) = free_ports(1)
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_BIND": "127.0.0.1",
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        **{f"{name.upper()}_UPSTREAM": f"127.0.0.1:{system.ports[name]}" for name in SERVICES},
    }
    caddy = str(Path(sys.executable).with_name("caddy"))
    log = folder / "gateway.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [caddy, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
            env=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            assert answers(port, within_seconds=30), log.read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
