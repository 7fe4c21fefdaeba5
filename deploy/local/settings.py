"""Settings of the local system, beside those that every service has."""

from __future__ import annotations

import dataclasses
import os

from shared.settings import PREFIX, Settings, SettingsError, setting

SERVICES = ("intake", "routing", "notify", "query")
WORKERS_AT_MOST = 5
DISPATCHERS_AT_MOST = 4
"""A service's block of ten ports: its web processes share the first, workers have the last five;
between them notify's dispatchers."""

# Distance from the gateway's port. Erlang needs two ports of its own.
OFFSETS = {
    "intake": 10,
    "routing": 20,
    "notify": 30,
    "query": 40,
    "mongo": 70,
    "amqp": 72,
    "amqp_management": 73,
    "amqp_names": 74,
    "amqp_distribution": 75,
}


def _port(name: str, what: str) -> int:
    doc = f"Port of {what}; 0 for {PREFIX}PORT + {OFFSETS[name]}."
    port: int = setting(0, doc)
    return port


def _count(what: str) -> int:
    count: int = setting(1, f"Number of {what}, run locally.")
    return count


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalSettings(Settings):
    """Where the local system listens and how many processes it has."""

    environment: str = setting(
        "development", "The local system is for development.", choices=("development",)
    )
    public_url: str = setting("", "The gateway's address, used in links; empty: by its port.")
    backends: str = setting(
        "",
        "Where back-ends come from: `url`, `containers`, `processes`; empty: the first that is there.",
        choices=("", "url", "containers", "processes"),
    )
    demo_directory_seed: int = setting(
        1, "Seed of the invented organisations and mediators the local system begins with; 0: none."
    )
    port: int = setting(8000, "Port of the gateway; all other ports follow from it.")
    intake_port: int = _port("intake", "intake (its workers: + 5 to + 9)")
    routing_port: int = _port("routing", "routing (its workers: + 5 to + 9)")
    notify_port: int = _port(
        "notify", "notify (its dispatchers: + 1 to + 4, its workers: + 5 to + 9)"
    )
    query_port: int = _port("query", "query (its workers: + 5 to + 9)")
    mongo_port: int = _port("mongo", "the local MongoDB")
    amqp_port: int = _port("amqp", "the local RabbitMQ")
    amqp_management_port: int = _port("amqp_management", "RabbitMQ's management pages")
    amqp_names_port: int = _port("amqp_names", "Erlang's name server (epmd)")
    amqp_distribution_port: int = _port("amqp_distribution", "Erlang's own traffic")
    intake_web: int = _count("intake's web processes")
    routing_web: int = _count("routing's web processes")
    notify_web: int = _count("notify's web processes")
    query_web: int = _count("query's web processes")
    intake_workers: int = _count("intake's workers, 5 at most")
    routing_workers: int = _count("routing's workers, 5 at most")
    notify_workers: int = _count("notify's workers, 5 at most")
    query_workers: int = _count("query's workers, 5 at most")
    notify_dispatchers: int = _count("notify's dispatchers of webhooks, 4 at most")

    def port_of(self, name: str) -> int:
        """The port of a service or back-end, `gateway` included."""
        if name == "gateway":
            return self.port
        own: int = getattr(self, f"{name}_port")
        return own or self.port + OFFSETS[name]

    def worker_ports(self, service: str) -> tuple[int, ...]:
        """One port for the health of each worker."""
        first = self.port_of(service) + WORKERS_AT_MOST
        return tuple(range(first, first + self.workers(service)))

    def dispatcher_ports(self) -> tuple[int, ...]:
        """One port for the health of each dispatcher."""
        first = self.port_of("notify") + 1
        return tuple(range(first, first + self.notify_dispatchers))

    def web_processes(self, service: str) -> int:
        return int(getattr(self, f"{service}_web"))

    def workers(self, service: str) -> int:
        return int(getattr(self, f"{service}_workers"))

    @property
    def gateway_url(self) -> str:
        return self.public_url or f"http://localhost:{self.port}"


def load() -> LocalSettings:
    """The settings from the environment. Raises SettingsError naming each that cannot be used."""
    settings = LocalSettings.load()
    faults = [
        f"{PREFIX}{service.upper()}_WORKERS: 0 to {WORKERS_AT_MOST}"
        for service in SERVICES
        if not 0 <= settings.workers(service) <= WORKERS_AT_MOST
    ]
    faults += [
        f"{PREFIX}{service.upper()}_WEB: 1 or more"
        for service in SERVICES
        if settings.web_processes(service) < 1
    ]
    if not 0 <= settings.notify_dispatchers <= DISPATCHERS_AT_MOST:
        faults.append(f"{PREFIX}NOTIFY_DISPATCHERS: 0 to {DISPATCHERS_AT_MOST}")
    if settings.backends == "url" and not urls_are_given():
        faults.append(f"{PREFIX}BACKENDS=url needs {PREFIX}MONGO_URL and {PREFIX}AMQP_URL")
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def urls_are_given() -> bool:
    """Whether the environment names both back-ends."""
    return f"{PREFIX}MONGO_URL" in os.environ and f"{PREFIX}AMQP_URL" in os.environ
