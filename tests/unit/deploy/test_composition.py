"""What the local system consists of, told from settings, keys and back-ends alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.local import composition
from deploy.local.keys import OPERATOR, PARTNERS, Keys
from deploy.local.settings import SERVICES, LocalSettings, load
from services.intake import audit
from shared.settings import SettingsError

KEYS = Keys(
    sealing_keys="dev1:sealing",
    contact_keys="dev1:contact",
    record_keys="dev1:record",
    hashing_key="hashing",
    cluster_key="cluster",
    passwords={name: f"password-of-{name}" for name in (OPERATOR, PARTNERS, *SERVICES)},
)


def local_settings(**changes) -> LocalSettings:
    return LocalSettings(data_dir=Path("/data"), **changes)


def programs_of(settings: LocalSettings) -> dict[str, composition.Program]:
    addresses = composition.own_addresses(settings, KEYS)
    found = composition.service_programs(settings, KEYS, addresses)
    return {program.name: program for program in found}


def test_every_service_has_one_web_program_and_as_many_workers_as_asked_for() -> None:
    names = programs_of(local_settings(routing_workers=3, query_workers=0))
    assert set(names) == {
        *("intake-web", "routing-web", "notify-web", "query-web"),
        *("intake-worker-1", "routing-worker-1", "routing-worker-2", "routing-worker-3"),
        "notify-worker-1",
        "notify-dispatcher-1",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_its_own_accounts_and_no_others(service: str) -> None:
    for program in programs_of(local_settings()).values():
        told = " ".join(program.environment.values())
        own = program.name.startswith(service)
        assert (f"password-of-{service}" in told) == own


def test_no_service_may_administer_the_broker() -> None:
    for program in programs_of(local_settings()).values():
        assert f"password-of-{OPERATOR}" not in " ".join(program.environment.values())


def test_only_notify_may_make_queues_for_partners() -> None:
    for program in programs_of(local_settings()).values():
        told = " ".join(program.environment.values())
        assert (f"password-of-{PARTNERS}@" in told) == program.name.startswith("notify")


def test_only_intake_can_open_applications_and_only_notify_besides_can_open_contacts() -> None:
    told = {
        key: {
            name.split("-")[0]
            for name, p in programs_of(local_settings()).items()
            if key in p.environment
        }
        for key in ("TIAOJIE_SEALING_KEYS", "TIAOJIE_CONTACT_KEYS")
    }
    assert told == {
        "TIAOJIE_SEALING_KEYS": {"intake"},
        "TIAOJIE_CONTACT_KEYS": {"intake", "notify"},
    }


def test_given_urls_are_passed_on_as_they_are() -> None:
    addresses = composition.given_addresses("mongodb://elsewhere/", "amqp://elsewhere/")
    settings = local_settings()
    environment = composition.service_environment("query", settings, KEYS, addresses)
    assert environment["TIAOJIE_MONGO_URL"] == "mongodb://elsewhere/"
    assert environment["TIAOJIE_AMQP_URL"] == "amqp://elsewhere/"


def test_one_setting_moves_all_ports_and_none_is_used_twice() -> None:
    usual = composition.ports_in_use(local_settings(), own_backends=True)
    moved = composition.ports_in_use(local_settings(port=9000), own_backends=True)
    assert [port - 1000 for port in moved] == list(usual)
    # gateway, four services, four workers, a dispatcher, MongoDB and four of RabbitMQ
    assert len(usual) == 15


def test_with_most_workers_ports_still_do_not_meet() -> None:
    most = dict.fromkeys((f"{service}_workers" for service in SERVICES), 5)
    settings = local_settings(**most, notify_dispatchers=4)
    assert len(composition.ports_in_use(settings, own_backends=True)) == 14 + 16 + 4


def test_each_port_names_the_setting_that_moves_it() -> None:
    ports = composition.ports_in_use(local_settings(intake_workers=2), own_backends=True)
    assert ports[8000] == "TIAOJIE_PORT"
    assert ports[8010] == ports[8015] == ports[8016] == "TIAOJIE_INTAKE_PORT"
    assert ports[8070] == "TIAOJIE_MONGO_PORT"
    assert ports[8072] == "TIAOJIE_AMQP_PORT"


def test_a_database_account_reaches_the_services_own_database_only() -> None:
    accounts = composition.mongo_accounts(local_settings(), KEYS)
    assert {account.name: account.database for account in accounts} == {
        name: f"tiaojie_{name}" for name in SERVICES
    }


def test_the_audit_log_is_a_database_that_only_intake_may_add_to() -> None:
    accounts = composition.mongo_accounts(local_settings(), KEYS)
    assert {a.name: a.logs for a in accounts if a.logs} == {
        "intake": (f"tiaojie_intake{audit.DATABASE}",)
    }


@pytest.mark.parametrize(
    "name,reached",
    [
        ("tiaojie.events", True),
        ("tiaojie.dead", True),
        ("tiaojie.intake", True),
        ("tiaojie.intake.dead", True),
        ("", True),  # the default exchange
        ("tiaojie.routing", False),
        ("tiaojie.routing.dead", False),
        ("tiaojie.intakes", False),
        ("partner.1", False),
    ],
)
def test_a_broker_account_reaches_its_own_queues_and_the_common_exchanges(
    name: str, reached: bool
) -> None:
    users = {user.name: user for user in composition.rabbit_users(KEYS)}
    assert bool(re.search(users["intake"].reach, name)) == reached


@pytest.mark.parametrize(
    "name,reached",
    [
        ("tiaojie.notify", True),
        ("tiaojie.partner", True),
        ("tiaojie.partner.dropped", True),
        ("tiaojie.intake", False),
    ],
)
def test_partners_exchange_and_queues_are_notifys(name: str, reached: bool) -> None:
    users = {user.name: user for user in composition.rabbit_users(KEYS)}
    assert bool(re.search(users["notify"].reach, name)) == reached
    assert not re.search(users["routing"].reach, "tiaojie.partner")


def test_readiness_is_asked_of_every_program() -> None:
    settings = local_settings(notify_workers=2, notify_dispatchers=2)
    assert set(composition.ready_urls(settings)) == set(programs_of(settings))


def test_all_unusable_settings_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIAOJIE_INTAKE_WORKERS", "6")
    monkeypatch.setenv("TIAOJIE_QUERY_WEB", "0")
    monkeypatch.setenv("TIAOJIE_NOTIFY_DISPATCHERS", "5")
    monkeypatch.setenv("TIAOJIE_BACKENDS", "url")
    monkeypatch.delenv("TIAOJIE_MONGO_URL", raising=False)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value).splitlines() == [
        "TIAOJIE_INTAKE_WORKERS: 0 to 5",
        "TIAOJIE_QUERY_WEB: 1 or more",
        "TIAOJIE_NOTIFY_DISPATCHERS: 0 to 4",
        "TIAOJIE_BACKENDS=url needs TIAOJIE_MONGO_URL and TIAOJIE_AMQP_URL",
    ]
