"""How a service's web processes run: `TIAOJIE_SERVICE=intake gunicorn --config this-file`.

Everything comes from the environment. Threads serve requests (gthread: the best median and by far
the best tail in our measurements); a web process holds nothing that the next one could miss.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import struct
from pathlib import Path
from typing import Any

_service = os.environ["TIAOJIE_SERVICE"]
_host = os.environ.get("TIAOJIE_LISTEN_HOST", "127.0.0.1")
_metrics = os.environ.get("TIAOJIE_METRICS_DIR", "")
_stop_seconds = float(os.environ.get("TIAOJIE_STOP_TIMEOUT_SECONDS", "20"))

if _metrics:  # read by prometheus_client when it is imported, so before the application is
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics

wsgi_app = f"services.{_service}.app:create_app()"
bind = f"{_host}:{os.environ.get('TIAOJIE_WEB_PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("TIAOJIE_WEB_PROCESSES", "1"))
threads = int(os.environ.get("TIAOJIE_WEB_THREADS", "32"))
# Connections beyond the threads wait in the kernel, at most this many.
backlog = 1024
worker_connections = 1000
# Longer than any call to a back-end; a worker that hangs is replaced.
timeout = 60
graceful_timeout = int(_stop_seconds)
# Longer than the gateway keeps an idle connection, so that the gateway is the one that closes it.
keepalive = 100
# Longest silence of a client in the middle of a request, and longest time it takes nothing of an
# answer, seconds: it occupies a thread.
stall_seconds = 30
# A heartbeat file on a disk that stalls would look like a hanging worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# The gateway keeps the access log; a second one would only repeat it.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 16380
# Only the gateway on the same machine is believed about the caller's address.
forwarded_allow_ips = os.environ.get("TIAOJIE_GATEWAY_ADDRESSES", "127.0.0.1")


def on_starting(server: Any) -> None:  # noqa: ARG001
    """Forget the metrics of processes that are gone."""
    if _metrics:
        shutil.rmtree(_metrics, ignore_errors=True)
        Path(_metrics).mkdir(parents=True)


def when_ready(server: Any) -> None:
    """Connections inherit the listener's limits on silence, either way; gunicorn itself sets none
    for bodies, and none for a client that does not read what it asked for."""
    limit = struct.pack("ll", int(stall_seconds), int(stall_seconds % 1 * 1_000_000))
    for listener in server.LISTENERS:
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, direction, limit)
    server.log.error_log.addFilter(_is_no_silent_client)


def _is_no_silent_client(record: logging.LogRecord) -> bool:
    """gunicorn takes a client that fell silent for a fault of its own."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def post_worker_init(worker: Any) -> None:
    """Requests that last see when their process is to stop, and end by themselves; what the
    application wants to have at hand before it is asked is begun.
    """
    from shared import stopping

    stopping.seen_by(lambda: not worker.alive)
    for begin in worker.wsgi.extensions.get("begin", ()):
        begin()


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    """Gauges of a process that ended no longer count."""
    if _metrics:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
