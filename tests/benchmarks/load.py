"""HTTP load by wrk: distinct bodies or paths, every status counted."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import packages
from tests.benchmarks.figures import legs, paired_ratio
from tests.benchmarks.stand import LOAD, ROOT, Web, on_core

CONNECTIONS = 48
_UNPACKED = ROOT / ".venv" / "wrk"

_SCRIPT = """
local method, path, status_wanted, file = "{method}", "{path}", {status}, "{file}"
local requests, at = {{}}, 0
others = 0  -- global: `done` asks the threads for it
function init(args)
  for line in io.lines(file) do
    if method == "POST" then
      requests[#requests + 1] = wrk.format(method, path, {{["Content-Type"] = "application/json"}}, line)
    else
      requests[#requests + 1] = wrk.format(method, path .. line)
    end
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function response(status)
  if status ~= status_wanted then others = others + 1 end
end
local threads = {{}}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency, _)
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + (thread:get("others") or 0) end
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), refused,
    e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one leg of load saw; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    processor_us: float
    """Processor time of the process under test for one request, microseconds: what another
    process that takes time from its core changes least."""
    load_share: float
    """Part of its core the load generator used; near 1 it would be the bottleneck."""


class LoadFailure(RuntimeError):
    """Answers of another status, or connections that failed: the leg does not count."""


def drive(
    web: Web,
    lines: Sequence[str],
    folder: Path,
    *,
    method: str,
    path: str,
    status: int,
    seconds: int,
    connections: int = CONNECTIONS,
) -> Run:
    """Load on a web service for some seconds, each line of `lines` a body (POST) or the end of a path."""
    source, script = folder / "load.txt", folder / "load.lua"
    source.write_text("\n".join(lines))
    text = _SCRIPT.format(method=method, path=path, status=status, file=source)
    script.write_text(text)
    command = [wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
    before, used = os.times(), web.processor_seconds()
    with on_core(LOAD):
        done = subprocess.run(
            [*command, "--latency", "-s", str(script), web.url],
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
    after, used = os.times(), web.processor_seconds() - used
    found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if found is None:
        raise LoadFailure(done.stdout + done.stderr)
    requests, micros, p50, p99, refused, failed = map(int, found.groups())
    if refused or failed:
        raise LoadFailure(f"{refused} answers other than {status}, {failed} failed connections")
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return Run(
        per_second=requests / micros * 1e6,
        p50=p50 / 1e3,
        p99=p99 / 1e3,
        processor_us=used / requests * 1e6,
        load_share=spent / (micros / 1e6),
    )


def compared(ours: Sequence[Run], floor: Sequence[Run]) -> str:
    """Both sides of a ratio, for a note: every leg, and the processor time of one request."""
    a, b = ([run.per_second for run in runs] for runs in (ours, floor))
    x, y = (statistics.median(run.processor_us for run in runs) for runs in (ours, floor))
    p99 = statistics.median(run.p99 for run in ours)
    return f"{legs(a)} ÷ {legs(b)} /s, processor {x:.0f} ÷ {y:.0f} µs, p99 {p99:.0f} ms"


def ratio(ours: Sequence[Run], floor: Sequence[Run]) -> float:
    """Requests per second of ours ÷ the floor's, paired."""
    return paired_ratio([run.per_second for run in ours], [run.per_second for run in floor])


def wrk() -> str:
    """The load generator of this machine; installed, or unpacked without root, if missing."""
    found = shutil.which("wrk") or next(map(str, _UNPACKED.glob("**/bin/wrk")), None)
    if found:
        return found
    log = ROOT / ".data" / "logs" / "packages.log"
    if packages.is_root():
        packages.install(["wrk"], log)
        return "wrk"
    packages.unpack("wrk", _UNPACKED, log)
    return next(map(str, _UNPACKED.glob("**/bin/wrk")))
