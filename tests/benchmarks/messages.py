"""`python -m tests.benchmarks.messages`: recording and sending messages, figures of ADR 0009.

Real MongoDB, a real SMTP server in this process (so its work counts too), an SMS gateway that
accepts at once. Medians of alternating rounds.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any

import pymongo
from aiosmtpd.controller import Controller

from services.notify.channels import Accepted, Channel
from services.notify.channels.email import Email
from services.notify.domain import plan
from services.notify.people.indexes import INDEXES
from services.notify.people.messages import Document, to_document
from services.notify.people.sending import Sender
from services.notify.people.templates import Templates
from services.notify.settings import NotifySettings
from shared.sealing import Keyring, new_key
from tests import backend_source
from tests.builders.notices import NOW, a_person, an_event, some_recipients
from tests.builders.plain_sms import Sms

ROUNDS = 5
MESSAGES = 300
PORT = 18925


class Prompt:
    """An SMS gateway and an SMTP handler that accept everything."""

    def send(self, *_: Any) -> Accepted:
        return Accepted()

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802
        return "250 OK"


def recorded(keyring: Keyring, templates: Templates) -> list[Document]:
    documents = []
    recipients = some_recipients(a_person(email=None), a_person("agent", phone=None))
    for sequence in range(MESSAGES):
        planned = plan(an_event("application.submitted", sequence=sequence), recipients)
        assert isinstance(planned, list)
        documents += [to_document(m, templates, keyring, NOW) for m in planned]
    return documents


def main() -> None:
    keyring, templates = Keyring.parse(f"k1:{new_key()}"), Templates("https://tiaojie.example")
    smtp = NotifySettings(
        smtp_host="127.0.0.1",
        smtp_port=PORT,
        smtp_security="none",
        smtp_from="no-reply@tiaojie.example",
    )
    channels: dict[str, Channel] = {"sms": Sms(Prompt()), "email": Email(smtp)}
    figures: dict[str, list[float]] = {"record": [], "sms": [], "email": []}
    server = Controller(Prompt(), hostname="127.0.0.1", port=PORT)
    with backend_source.mongo() as url:
        client: pymongo.MongoClient[Document] = pymongo.MongoClient(url, tz_aware=True)
        database = client[f"benchmark_{secrets.token_hex(4)}"]
        database["messages"].create_indexes(INDEXES)
        server.start()
        try:
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                documents = recorded(keyring, templates)
                figures["record"].append((time.perf_counter() - begun) / len(documents))
                database["messages"].delete_many({})
                database["messages"].insert_many(documents)
                for name, channel in channels.items():
                    sender = Sender(
                        database["messages"],
                        {name: channel},
                        keyring,
                        clock=lambda: datetime.now(UTC),
                        lease_seconds=120,
                    )
                    begun = time.perf_counter()
                    sent = sender.send_due(MESSAGES)
                    figures[name].append(sent / (time.perf_counter() - begun))
                    sender.stop()
            assert database["messages"].count_documents({"status": "accepted"}) == 2 * MESSAGES
        finally:
            server.stop()
            client.drop_database(database.name)
    sys.stdout.write(
        f"plan, render, seal: {statistics.median(figures['record']) * 1e6:.0f} µs a message\n"
    )
    for name in channels:
        low, high = min(figures[name]), max(figures[name])
        median = statistics.median(figures[name])
        sys.stdout.write(f"{name}: {median:.0f}/s ({low:.0f}-{high:.0f}), 4 threads\n")


if __name__ == "__main__":
    main()
