"""The relay beside a blocking confirmed publish and an update for each document."""

from __future__ import annotations

from collections.abc import Iterator

from shared.broker import provision
from tests.benchmarks.figures import Figure, legs, paired_ratio, percentile
from tests.benchmarks.stand import Stand

ROUNDS = 3
OURS, FLOOR, COMMITS = 10_000, 1_000, 1_000
PROGRAM = "tests.benchmarks.relay_programs"


def measure(stand: Stand) -> Iterator[Figure]:
    """Events per second ÷ the floor's; commit → confirm at 50 commits a second."""
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    for _ in range(ROUNDS):
        for mode, count in (("ours", OURS), ("floor", FLOOR)):
            [[published, seconds]] = run(stand, mode, count)
            rates[mode].append(published / seconds)
    yield Figure(
        "relay ÷ blocking publish and update",
        paired_ratio(rates["ours"], rates["floor"]),
        at_least=10.0,
        note=f"{legs(rates['ours'])} against {legs(rates['floor'])} events/s",
    )
    broker, milliseconds = run(stand, "latency", COMMITS)
    yield Figure(
        "commit → confirmed, p99",
        percentile(milliseconds, 0.99),
        "ms",
        at_most=10.0,
        note=f"p50 {percentile(milliseconds, 0.5):.1f} ms; of it the broker's own "
        f"p50 {percentile(broker, 0.5):.1f}, p99 {percentile(broker, 0.99):.1f} ms",
    )


def run(stand: Stand, mode: str, count: int) -> list[list[float]]:
    """The numbers a program printed, by line."""
    with stand.vhost() as url:
        provision(url, "query", 200_000)
        told = {
            **stand.environment("bench_relay_"),
            "TIAOJIE_AMQP_URL": url,
            "TIAOJIE_LOG_LEVEL": "ERROR",
        }
        answer = stand.run(["-m", PROGRAM, mode, str(count)], told)
    return [[float(number) for number in line.split()] for line in answer.splitlines()]
