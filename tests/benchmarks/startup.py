"""How long a process takes from nothing to ready, and what it then holds in memory."""

from __future__ import annotations

import statistics
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from deploy.local.ports import LOOPBACK, free_ports
from shared import serial
from tests.benchmarks.figures import Figure
from tests.benchmarks.intake import bodies
from tests.benchmarks.stand import Stand, children, ready, resident
from tests.system import SERVICES

ROUNDS = 3
PREFIX = "bench_start_"
FIRST_REQUESTS = {
    "intake": ("POST", "/v1/applications"),
    "routing": ("GET", "/v1/cases"),
    "notify": ("GET", "/v1/messages"),
    "query": ("GET", f"/v1/progress/{serial.new_serial(2026, '1' * 12)}"),
}


def measure(stand: Stand) -> Iterator[Figure]:
    """Spawn → ready on one core, and the memory at rest after one request."""
    for service in SERVICES:
        stand.run(["-m", f"services.{service}", "provision"], stand.environment(PREFIX))
    for service in SERVICES:
        for kind in ("web", "worker"):
            started = [start(stand, service, kind) for _ in range(ROUNDS)]
            yield Figure(
                f"cold start {service} {kind}",
                statistics.median(seconds for seconds, _ in started),
                "s",
                at_most=2.0,
            )
            held = started[-1][1]
            note = f"sum {sum(held):.0f} with gunicorn's master {held[0]:.0f}" if held[1:] else ""
            yield Figure(f"memory {service} {kind}", held[-1], "MiB", at_most=150.0, note=note)


def start(stand: Stand, service: str, kind: str) -> tuple[float, list[float]]:
    """Seconds to ready, and the resident MiB of the process and its children, in that order."""
    [port] = free_ports(1)
    told = stand.environment(PREFIX)
    if kind == "web":
        arguments = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        told |= {"TIAOJIE_SERVICE": service, "TIAOJIE_WEB_PORT": str(port)}
    else:
        arguments = ["-m", f"services.{service}", "worker"]
        told |= {"TIAOJIE_WORKER_PORT": str(port)}
    with stand.vhost() as url:
        if kind == "worker":
            told["TIAOJIE_AMQP_URL"] = url
            stand.run(["-m", f"services.{service}", "provision"], told)
        began = time.perf_counter()
        with stand.process(f"start-{service}-{kind}", arguments, told) as process:
            if not ready(port, "/readyz"):
                raise RuntimeError(process.program.log.read_text()[-2000:])
            seconds = time.perf_counter() - began
            if kind == "web":
                first_request(service, port)
            time.sleep(1)
            held = [resident(pid) for pid in (process.pid, *children(process.pid))]
    return seconds, held


def first_request(service: str, port: int) -> None:
    """One request of the kind the service is there for; that it may be refused is no matter."""
    method, path = FIRST_REQUESTS[service]
    body = bodies()[0].encode() if method == "POST" else None
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{port}{path}",
        body,
        {"Content-Type": "application/json"},
        method=method,
    )
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as refused:
        if refused.code not in {401, 404}:
            raise
