"""Partners' own queues over HTTP: credentials made, shown without the password, changed, revoked.

A change is written first and then carried out at the broker; when the broker is away the answer is
503, and the change is carried out as soon as it is back, or by the same request again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from flask import Response

from services.notify.partners import amqp
from services.notify.partners.amqp_answers import (
    AmqpCredentials,
    AmqpCredentialsList,
    NewAmqpCredentials,
)
from services.notify.partners.amqp_bodies import (
    AmqpCredentialsChange,
    NewAmqpCredentialsBody,
    changed_state,
    must_be_bindable,
    new_state,
    opened_alert,
)
from services.notify.partners.amqp_settling import Settling
from services.notify.partners.amqp_store import Credentials, Depth, depths
from services.notify.partners.cursors import cursor_of
from services.notify.partners.exchange import position_of_exchange
from services.notify.partners.own import asker, channel_for, channel_of_asker, must_own
from services.notify.people.addresses import masked
from shared.asking import caller, json_bytes
from shared.civil_time import today
from shared.commands import Decide, carry_out
from shared.contracts.partner_events import PARTNER_EXCHANGE, PARTNER_SERVICE
from shared.contracts.schema import parse_json, read
from shared.errors import Refused, Transient
from shared.sealing import Keyring
from shared.settings import SettingsError
from shared.store import Document
from shared.web import Answer, Route


@dataclass(frozen=True, slots=True)
class Offer:
    """Where partners find the broker; no addresses: it is not offered."""

    addresses: tuple[str, ...]

    @classmethod
    def of(cls, stated: str, vhost: str, *, development: bool) -> Offer:
        """From the setting; the virtual host is put to addresses without a path. SettingsError for
        one that is not encrypted, which only development may have."""
        addresses = []
        for each in filter(None, map(str.strip, stated.split(","))):
            parts = urlsplit(each)
            if parts.scheme != "amqps" and not (development and parts.scheme == "amqp"):
                raise SettingsError("TIAOJIE_PARTNER_AMQP_URL: amqps:// outside development")
            path = parts.path if len(parts.path) > 1 else f"/{quote(vhost, safe='')}"
            addresses.append(urlunsplit((parts.scheme, parts.netloc, path, "", "")))
        return cls(tuple(addresses))

    @property
    def tls(self) -> bool:
        return all(each.startswith("amqps:") for each in self.addresses)

    def with_account(self, user: str, password: str) -> list[str]:
        account = f"{quote(user, safe='')}:{quote(password, safe='')}@"
        return [each.replace("://", f"://{account}", 1) for each in self.addresses]


@dataclass(frozen=True, slots=True)
class PartnerQueues:
    """What the views work with; made once per process by `app`."""

    credentials: Credentials
    settling: Settling | None
    offer: Offer
    keyring: Keyring
    amqp_url: str

    def make(self) -> Answer:
        principal = asker()
        body = read(NewAmqpCredentialsBody(), parse_json(json_bytes()), today())
        channel = channel_for(body)
        key, password, at = amqp.new_id(), amqp.Password.draw(), datetime.now(UTC)
        wanted = new_state(body, key, principal.divisions, self.keyring)
        must_be_bindable(wanted)
        settling = self._offered()
        state = amqp.created(wanted, channel, password, at)
        document = self.credentials.insert(key, state, at=at, trace=caller().trace)
        made = settling.settle(document)
        if made is None or made["status"] != "active":
            raise Transient("amqp_management: taken back meanwhile")
        return self._with_password(made, password, status=201)

    def listed(self) -> dict[str, Any]:
        found = self.credentials.listed(channel_of_asker())
        there = depths(self.amqp_url, [document["_id"] for document in found])
        return {"items": [self._shown(each, there) for each in found]}

    def shown(self, credentials: str) -> dict[str, Any]:
        document = self._own(credentials)
        return self._shown(document, depths(self.amqp_url, [credentials]))

    def change(self, credentials: str) -> dict[str, Any]:
        document = self._own(credentials)
        body = read(AmqpCredentialsChange(), parse_json(json_bytes()), today())
        changes = changed_state(body, document, asker().divisions, self.keyring)
        must_be_bindable({**document, **changes})
        changed = self._carried_out(credentials, lambda s, at: amqp.changed(s, changes, at))
        return self._shown(changed, depths(self.amqp_url, [credentials]))

    def rotate(self, credentials: str) -> Answer:
        self._own(credentials)
        password = amqp.Password.draw()
        changed = self._carried_out(
            credentials, lambda s, at: amqp.with_new_password(s, password, at)
        )
        if changed["password_hash"] != password.hash:
            raise Transient("contended", retry_after=1)  # somebody else's is newer
        return self._with_password(changed, password, status=200)

    def revoke(self, credentials: str) -> Response:
        self._own(credentials)
        self._carried_out(credentials, amqp.revoked)
        return Response(status=204)

    def _own(self, credentials: str) -> Document:
        asker()
        document = self.credentials.read(credentials)
        if document is None:
            raise Refused("not_found")
        must_own(document["channel"])
        return document

    def _carried_out(self, credentials: str, decide: Decide) -> Document:
        """The document after a decision that the broker has followed."""
        settling = self._offered()
        document = carry_out(
            self.credentials.aggregates,
            credentials,
            decide,
            source=PARTNER_SERVICE,
            trace=caller().trace,
        )
        if not document.get("unsettled"):
            return document
        settled = settling.settle(document)
        if settled is None or settled["status"] != document["status"]:
            raise Refused("not_found")
        return settled

    def _offered(self) -> Settling:
        if self.settling is None or not self.offer.addresses:
            raise Refused("amqp_not_offered")
        return self.settling

    def _with_password(self, document: Document, password: amqp.Password, status: int) -> Answer:
        key = document["_id"]
        position = position_of_exchange(self.credentials.collection.database)
        shown = {
            **self._shown(document, depths(self.amqp_url, [key])),
            "password": password.words,
            "connection_urls": self.offer.with_account(key, password.words),
            "feed_cursor": cursor_of(position),
        }
        headers = {"Location": f"/v1/amqp-credentials/{key}"} if status == _CREATED else {}
        return Answer(shown, status, headers)

    def _shown(self, document: Document, there: Mapping[str, Depth]) -> dict[str, Any]:
        key = document["_id"]
        depth = there.get(key)
        email = opened_alert(self.keyring, key, document["alert_sealed"])
        return {
            "id": key,
            "channel": document["channel"],
            "urls": list(self.offer.addresses),
            "tls": self.offer.tls,
            "user": key,
            "queue": amqp.queue_name(key),
            "exchange": PARTNER_EXCHANGE,
            "event_types": document["event_types"],
            "divisions": document["divisions"],
            "description": document["description"],
            "alert_email": masked("email", email) if email else None,
            "language": document["language"],
            "limits": {
                "max_length": document["max_length"],
                "message_ttl_days": document["message_ttl_days"],
                "max_connections": amqp.MAX_CONNECTIONS,
                "max_channels": amqp.MAX_CHANNELS,
            },
            "depth": {
                "waiting": depth.waiting if depth else None,
                "consumers": depth.consumers if depth else None,
            },
            "dropped": _dropped(document["dropped"]),
            "settled": not document.get("unsettled", False),
            "created_at": document["created_at"].isoformat(),
            "updated_at": document["updated_at"].isoformat(),
        }


_CREATED: Final = 201


def _dropped(dropped: Mapping[str, Any]) -> dict[str, Any]:
    position = dropped["from_position"]
    since, latest = dropped["since"], dropped["latest_at"]
    return {
        "count": dropped["count"],
        "total": dropped["total"],
        "oldest_dropped_at": since.isoformat() if since else None,
        "latest_dropped_at": latest.isoformat() if latest else None,
        "cursor": cursor_of(position - 1) if position else None,
    }


_BODY: Final = ("malformed_json", "body_too_large", "unsupported_media_type", "validation_failed")


def routes(queues: PartnerQueues) -> Sequence[Route]:
    """Everything a partner does about queues of its own."""
    path = "/v1/amqp-credentials/{credentials}"
    return (
        Route(
            "POST", "/v1/amqp-credentials", queues.make,
            "A queue of one's own, with a user that may read it; the password is shown this once",
            body=NewAmqpCredentialsBody, answer=NewAmqpCredentials, status=_CREATED,
            answer_headers=("Location",), refusals=(*_BODY, "not_found", "amqp_not_offered", "too_many_queues"),
        ),
        Route(
            "GET", "/v1/amqp-credentials", queues.listed,
            "Own queues, what they hold and what they lost", answer=AmqpCredentialsList,
            refusals=("not_found",),
        ),
        Route(
            "GET", path, queues.shown, "One queue, what it holds and what it lost",
            answer=AmqpCredentials, refusals=("not_found",),
        ),
        Route(
            "PATCH", path, queues.change, "Other events for a queue; what it holds stays in it",
            body=AmqpCredentialsChange, answer=AmqpCredentials,
            refusals=(*_BODY, "not_found", "amqp_not_offered"),
        ),
        Route(
            "POST", f"{path}/rotate-password", queues.rotate,
            "Another password at once; connections with the old one are closed",
            answer=NewAmqpCredentials, refusals=("not_found", "amqp_not_offered"),
        ),
        Route(
            "DELETE", path, queues.revoke,
            "Revoke the user, close its connections, delete the queue with all it holds",
            status=204, refusals=("not_found", "amqp_not_offered"),
        ),
    )  # fmt: skip
