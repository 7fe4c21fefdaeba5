"""What other people's clients see: the example receiver in Node, and encrypted connections."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.notify.partners.amqp_api import Offer
from services.notify.partners.exchange import PartnerExchange
from services.notify.partners.log import EventLog
from shared.settings import SettingsError
from tests import node
from tests.builders.partner_log import logged, many
from tests.builders.partner_queues import PATH, WANTED, Stand
from tests.builders.tls import an_authority, encrypted
from tests.house.sources import ROOT
from tests.waiting import eventually

EXAMPLE = ROOT / "docs" / "examples" / "partners" / "amqp-node"
PROBES = Path(__file__).with_name("partner_amqp_probes.mjs")


class Receiver:
    """The example as a process; what it prints, as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()
        for stream, to in ((process.stdout, self.printed), (process.stderr, self.said)):
            threading.Thread(target=_copy, args=(stream, to), daemon=True).start()

    def events(self, number: int) -> list[dict[str, Any]]:
        return [json.loads(self.printed.get(timeout=20)) for _ in range(number)]

    def says(self) -> str:
        return self.said.get(timeout=20)


def _copy(stream: Any, to: queue.SimpleQueue[str]) -> None:
    for line in stream:
        to.put(line.strip())
    stream.close()


@contextmanager
def receiving(made: dict[str, Any], *, url: str = "", **environment: str) -> Iterator[Receiver]:
    node.install(EXAMPLE)
    told = {"AMQP_URL": url or made["connection_urls"][0], "QUEUE": made["queue"], **environment}
    process = subprocess.Popen(
        [node.NODE, str(EXAMPLE / "receive.mjs")],
        env={**node.environment(), **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Receiver(process)
    finally:
        process.kill()
        process.wait(10)


def publish(stand: Stand, number: int) -> list[str]:
    database = stand.web.database
    wanted = logged(database, *many(number))
    exchange = PartnerExchange(database, EventLog(database), stand.vhost_url)
    eventually(lambda: exchange.turn() > 0)
    exchange.stop()
    return wanted


def test_the_example_in_node_receives_and_acknowledges_every_event(stand: Stand) -> None:
    made = stand.make()
    wanted = publish(stand, 60)  # more than it takes in hand at a time
    with receiving(made) as receiver:
        assert receiver.says() == "receiving"
        events = receiver.events(60)
        assert [event["id"] for event in events] == wanted
        assert {event["type"] for event in events} == {"cn.tiaojie.case.accepted.v1"}
        assert all(event["cursor"] for event in events)
        depth = {"waiting": 0, "consumers": 1}
        eventually(lambda: stand.shown(made["id"])["depth"] == depth)
    eventually(lambda: stand.shown(made["id"])["depth"] == {"waiting": 0, "consumers": 0})


def test_the_example_ends_when_its_credentials_are_revoked(stand: Stand) -> None:
    made = stand.make()
    with receiving(made) as receiver:
        assert receiver.says() == "receiving"
        path = f"{PATH}/{made['id']}"
        assert stand.web.call("DELETE", path, headers=stand.partner).status_code == 204
        assert "ACCESS_REFUSED" in receiver.says()
        assert receiver.process.wait(20) == 1  # it tried again and was refused


def test_a_client_in_node_can_do_nothing_but_read_its_own_queue(stand: Stand) -> None:
    node.install(EXAMPLE)
    mine, other = stand.make(), stand.make()
    told = {
        "AMQP_URL": mine["connection_urls"][0],
        "QUEUE": mine["queue"],
        "OTHER_QUEUE": other["queue"],
        "EXCHANGE": mine["exchange"],
        "EXAMPLE": str(EXAMPLE),
    }
    done = subprocess.run(
        [node.NODE, str(PROBES)],
        env={**node.environment(), **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "read its own queue": "allowed",
        "read another queue": 403,
        "publish to its own queue": 403,
        "publish an event": 403,
        "declare a queue": 403,
        "declare an exchange": 403,
        "bind its queue to everything": 403,
        "delete its queue": 403,
    }


# --- encrypted connections -----------------------------------------------------------------------


def test_a_client_in_node_reads_over_tls_whose_certificate_it_checks(
    mongo_url: str, stand: Stand, tmp_path: Path
) -> None:
    authority, certificate = an_authority(tmp_path)
    broker_port = urlsplit(stand.vhost_url).port
    assert broker_port
    with encrypted(broker_port, certificate) as port:
        web = stand.web.beside(partner_amqp_url=f"amqps://localhost:{port}")
        made = web.call("POST", PATH, WANTED, headers=stand.partner).get_json()
        assert made["tls"] is True
        assert made["connection_urls"][0].startswith("amqps://amqp_")
        wanted = publish(stand, 3)
        with receiving(made, NODE_EXTRA_CA_CERTS=str(authority)) as receiver:
            assert [event["id"] for event in receiver.events(3)] == wanted
        with receiving(made) as receiver:  # who does not know the authority does not connect
            assert "certificate" in receiver.says()


def test_the_management_interface_is_called_over_tls_and_its_certificate_checked(
    stand: Stand, mongo_url: str, tmp_path: Path
) -> None:
    authority, certificate = an_authority(tmp_path)
    parts = urlsplit(stand.management_url)
    assert parts.port
    with encrypted(parts.port, certificate) as port:
        over_tls = f"https://{parts.username}:{parts.password}@localhost:{port}"
        known = stand.web.beside(amqp_management_url=over_tls, amqp_management_ca=str(authority))
        unknown = stand.web.beside(amqp_management_url=over_tls)
        assert unknown.call("POST", PATH, WANTED, headers=stand.partner).status_code == 503
        assert known.call("POST", PATH, WANTED, headers=stand.partner).status_code == 201


def test_in_production_partners_are_given_encrypted_addresses_alone() -> None:
    told = Offer.of(
        "amqps://a.example:5671, amqps://b.example:5671/own", "tiao/jie", development=False
    )
    assert told.addresses == ("amqps://a.example:5671/tiao%2Fjie", "amqps://b.example:5671/own")
    assert told.tls
    for plain in ("amqp://a.example", "amqps://a.example,amqp://b.example", "http://a.example"):
        with pytest.raises(SettingsError):
            Offer.of(plain, "/", development=False)
    assert Offer.of("", "/", development=False).addresses == ()
    assert not Offer.of("amqp://127.0.0.1", "/", development=True).tls
