"""The whole local system as a list of programs: a pure function of settings, keys and back-ends."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local import mongodb, rabbitmq
from deploy.local.keys import OPERATOR, PARTNERS, Keys
from deploy.local.ports import LOOPBACK
from deploy.local.programs import Program
from deploy.local.settings import SERVICES, LocalSettings

ROOT = Path(__file__).resolve().parents[2]
GUNICORN_CONFIG = ROOT / "deploy" / "gunicorn.conf.py"
CADDYFILE = ROOT / "deploy" / "gateway" / "Caddyfile"
VHOST = "tiaojie"
LOGS = {"intake": ("intake_audit",)}
"""Databases that a service may add to and read only: its append-only logs."""
# Stopping goes the other way: the gateway first, so that requests under way still find their
# service, and services before their back-ends.
SERVICE_RANK, GATEWAY_RANK = 30, 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Addresses:
    """What each service is told about the back-ends, by service; how notify makes queues for
    partners, and where these find them."""

    mongo: Mapping[str, str]
    amqp: Mapping[str, str]
    amqp_management: str = ""
    partner_amqp: str = ""


def given_addresses(mongo_url: str, amqp_url: str) -> Addresses:
    """Back-ends of someone else: every service gets the URLs as they were given."""
    return Addresses(
        mongo=dict.fromkeys(SERVICES, mongo_url), amqp=dict.fromkeys(SERVICES, amqp_url)
    )


def own_addresses(settings: LocalSettings, keys: Keys) -> Addresses:
    """Back-ends of this run: each service has accounts of its own."""
    mongo_port, amqp_port = settings.port_of("mongo"), settings.port_of("amqp")
    passwords = keys.passwords
    return Addresses(
        mongo={
            name: mongodb.url(mongo_port, user=name, password=passwords[name]) for name in SERVICES
        },
        amqp={name: rabbitmq.url(amqp_port, name, passwords[name], VHOST) for name in SERVICES},
        amqp_management=(
            f"http://{PARTNERS}:{passwords[PARTNERS]}@{LOOPBACK}:{settings.port_of('amqp_management')}"
        ),
        partner_amqp=f"amqp://{LOOPBACK}:{amqp_port}",
    )


def mongo_accounts(settings: LocalSettings, keys: Keys) -> tuple[mongodb.Account, ...]:
    """One account per service, with rights on its own database only; intake's appends to its audit
    log besides."""
    return tuple(
        mongodb.Account(
            name=name,
            password=keys.passwords[name],
            database=settings.mongo_prefix + name,
            logs=tuple(settings.mongo_prefix + log for log in LOGS.get(name, ())),
        )
        for name in SERVICES
    )


def rabbit_users(keys: Keys) -> tuple[rabbitmq.User, ...]:
    """One user per service, who reaches the common exchanges and the service's own queues.

    The operator administers; and so must the account that makes users for partners, which notify
    has beside its own: RabbitMQ knows no lesser right.
    """
    return (
        *(
            rabbitmq.User(
                name=name, password=keys.passwords[name], vhost=VHOST, tags=("administrator",)
            )
            for name in (OPERATOR, PARTNERS)
        ),
        *(
            rabbitmq.User(
                name=name,
                password=keys.passwords[name],
                vhost=VHOST,
                reach=rf"^(|tiaojie\.(events|dead|{_own_names(name)}(\..*)?))$",
            )
            for name in SERVICES
        ),
    )


def _own_names(service: str) -> str:
    """What a service's queues and exchanges are called behind `tiaojie.`; partners' are notify's."""
    return "(notify|partner)" if service == "notify" else service


def rabbit_ports(settings: LocalSettings) -> rabbitmq.Ports:
    return rabbitmq.Ports(
        amqp=settings.port_of("amqp"),
        management=settings.port_of("amqp_management"),
        epmd=settings.port_of("amqp_names"),
        distribution=settings.port_of("amqp_distribution"),
    )


def service_environment(
    service: str, settings: LocalSettings, keys: Keys, addresses: Addresses
) -> dict[str, str]:
    """What a process of the service is told: its own addresses and keys and nobody else's."""
    return {
        "TIAOJIE_ENVIRONMENT": settings.environment,
        "TIAOJIE_DATA_DIR": str(settings.data_dir),
        "TIAOJIE_PUBLIC_URL": settings.gateway_url,
        "TIAOJIE_MONGO_URL": addresses.mongo[service],
        "TIAOJIE_AMQP_URL": addresses.amqp[service],
        "TIAOJIE_LISTEN_HOST": LOOPBACK,
        "TIAOJIE_TRUSTED_PROXIES": "1",  # the gateway
        **_of_one_service(settings, keys, addresses)[service],
    }


def _of_one_service(
    settings: LocalSettings, keys: Keys, addresses: Addresses
) -> Mapping[str, Mapping[str, str]]:
    """Only intake opens applications, only intake and notify open contact data,
    only intake and routing the words of records.
    """
    contacts = {"TIAOJIE_CONTACT_KEYS": keys.contact_keys}
    records = {"TIAOJIE_RECORD_KEYS": keys.record_keys}
    hashing = {"TIAOJIE_HASHING_KEY": keys.hashing_key}
    return {
        "intake": {
            "TIAOJIE_SEALING_KEYS": keys.sealing_keys,
            **contacts,
            **records,
            **hashing,
            "TIAOJIE_SUBMISSIONS_PER_ADDRESS": "60",
            "TIAOJIE_SUBMISSIONS_PER_PHONE": "10",
        },
        "routing": {
            **records,
            **hashing,
            "TIAOJIE_DEMO_DIRECTORY_SEED": str(settings.demo_directory_seed),
        },
        "notify": {
            **contacts,
            **hashing,
            "TIAOJIE_QUIET_HOURS": "",  # whoever tries it at night wants to see the message
            # example receivers run on this machine
            "TIAOJIE_PARTNER_ALLOW_LOOPBACK": str(settings.environment == "development").lower(),
            **_partners_queues(addresses),
        },
        "query": {**hashing, "TIAOJIE_IMPORT_STATUTES": "true"},
    }


def _partners_queues(addresses: Addresses) -> Mapping[str, str]:
    """Nothing for a broker of someone else: its environment says who may administer it."""
    told = {
        "TIAOJIE_AMQP_MANAGEMENT_URL": addresses.amqp_management,
        "TIAOJIE_PARTNER_AMQP_URL": addresses.partner_amqp,
    }
    return {name: value for name, value in told.items() if value}


def service_programs(
    settings: LocalSettings, keys: Keys, addresses: Addresses
) -> tuple[Program, ...]:
    """Web processes and workers of all services and the dispatchers of webhooks; started once their
    provisioning is done."""
    return tuple(
        program
        for service in SERVICES
        for program in (
            _web(service, settings, service_environment(service, settings, keys, addresses)),
            *_workers(service, settings, service_environment(service, settings, keys, addresses)),
        )
    ) + _dispatchers(settings, service_environment("notify", settings, keys, addresses))


def _web(service: str, settings: LocalSettings, environment: dict[str, str]) -> Program:
    return Program(
        name=f"{service}-web",
        argv=(sys.executable, "-m", "gunicorn", "--config", str(GUNICORN_CONFIG)),
        log=settings.data_dir / "logs" / f"{service}-web.log",
        environment={
            **environment,
            "TIAOJIE_SERVICE": service,
            "TIAOJIE_WEB_PORT": str(settings.port_of(service)),
            "TIAOJIE_WEB_PROCESSES": str(settings.web_processes(service)),
            "TIAOJIE_METRICS_DIR": str(settings.data_dir / "metrics" / service),
        },
        stop_seconds=settings.stop_timeout_seconds + 5,
        rank=SERVICE_RANK,
        autostart=False,
    )


def _workers(
    service: str, settings: LocalSettings, environment: dict[str, str]
) -> tuple[Program, ...]:
    return tuple(
        _background(service, "worker", number, settings, environment=environment, port=port)
        for number, port in enumerate(settings.worker_ports(service), start=1)
    )


def _dispatchers(settings: LocalSettings, environment: dict[str, str]) -> tuple[Program, ...]:
    return tuple(
        _background("notify", "dispatcher", number, settings, environment=environment, port=port)
        for number, port in enumerate(settings.dispatcher_ports(), start=1)
    )


def _background(
    service: str,
    command: str,
    number: int,
    settings: LocalSettings,
    *,
    environment: dict[str, str],
    port: int,
) -> Program:
    """A process without web server: what it is told, and where it tells how it is."""
    name = f"{service}-{command}-{number}"
    return Program(
        name=name,
        argv=(sys.executable, "-m", f"services.{service}", command),
        log=settings.data_dir / "logs" / f"{name}.log",
        environment={**environment, "TIAOJIE_WORKER_PORT": str(port)},
        stop_seconds=settings.stop_timeout_seconds + 5,
        rank=SERVICE_RANK,
        autostart=False,
    )


def gateway_program(settings: LocalSettings) -> Program:
    """The reverse proxy before all services."""
    upstreams = {
        f"{service.upper()}_UPSTREAM": f"{LOOPBACK}:{settings.port_of(service)}"
        for service in SERVICES
    }
    return Program(
        name="gateway",
        argv=(
            str(Path(sys.executable).with_name("caddy")),
            *("run", "--config", str(CADDYFILE), "--adapter", "caddyfile"),
        ),
        log=settings.data_dir / "logs" / "gateway.log",
        environment={
            **upstreams,
            "GATEWAY_PORT": str(settings.port),
            "GATEWAY_BIND": settings.listen_host,
            "XDG_CONFIG_HOME": str(settings.data_dir / "gateway"),
            "XDG_DATA_HOME": str(settings.data_dir / "gateway"),
        },
        stop_seconds=15.0,
        rank=GATEWAY_RANK,
    )


def ready_urls(settings: LocalSettings) -> Mapping[str, str]:
    """By program: the address that answers 200 when it can work."""
    urls = {}
    for service in SERVICES:
        urls[f"{service}-web"] = f"http://{LOOPBACK}:{settings.port_of(service)}/{service}/readyz"
        for number, port in enumerate(settings.worker_ports(service), start=1):
            urls[f"{service}-worker-{number}"] = f"http://{LOOPBACK}:{port}/readyz"
    for number, port in enumerate(settings.dispatcher_ports(), start=1):
        urls[f"notify-dispatcher-{number}"] = f"http://{LOOPBACK}:{port}/readyz"
    return urls


def ports_in_use(settings: LocalSettings, *, own_backends: bool) -> Mapping[int, str]:
    """Every port this run listens on, with the setting that moves it."""
    names = ["gateway", *SERVICES]
    if own_backends:
        names += ["mongo", "amqp", "amqp_management", "amqp_names", "amqp_distribution"]
    ports = {
        settings.port_of(name): "TIAOJIE_PORT"
        if name == "gateway"
        else f"TIAOJIE_{name.upper()}_PORT"
        for name in names
    }
    for service in SERVICES:
        for port in settings.worker_ports(service):
            ports[port] = f"TIAOJIE_{service.upper()}_PORT"
    for port in settings.dispatcher_ports():
        ports[port] = "TIAOJIE_NOTIFY_PORT"
    return ports
