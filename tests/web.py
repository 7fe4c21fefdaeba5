"""The web applications of the services against a real database, without any server in between."""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from bson import encode
from flask import Flask
from pymongo import MongoClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from shared.devissuer import DevelopmentIssuer
from shared.runner import Runner
from shared.sealing import Hasher, identity_hash, new_key
from shared.store import connect
from tests.conformance import Conforming

PROBLEM_JSON = "application/problem+json"
AWAY = "mongodb://127.0.0.1:1/?replicaSet=rs0&connectTimeoutMS=200"
"""A database nobody listens for."""


@dataclass(frozen=True)
class Web:
    """One service's application and what stands behind it."""

    name: str
    app: Flask
    settings: Any
    database: Database[dict[str, Any]]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        address: str = "203.0.113.7",
    ) -> TestResponse:
        """One request: bytes go as they are, anything else as JSON."""
        extra: dict[str, Any] = {}
        if body is not None:
            raw = isinstance(body, bytes)
            extra = {
                "data": body if raw else orjson.dumps(body),
                "content_type": "application/octet-stream" if raw else "application/json",
            }
        return self.app.test_client().open(
            path,
            method=method,
            headers=dict(headers or {}),
            environ_base={"REMOTE_ADDR": address},
            **extra,
        )

    def beside(self, **settings: Any) -> Web:
        """Another process of the same service on the same database."""
        return made(self.name, replace(self.settings, **settings))

    def token(self, role: str, *, id_number: str = "", **claims: Any) -> dict[str, str]:
        """The header of somebody who is logged in."""
        if id_number:
            hasher = Hasher.parse(self.settings.hashing_key)
            claims["id_number_hash"] = identity_hash(hasher, id_number)
        return {
            "Authorization": f"Bearer {DevelopmentIssuer(self.settings).token(role=role, **claims)}"
        }

    def runner(self, handlers: Any) -> Runner:
        return Runner(self.name, self.database, handlers, tries=3)

    def dump(self) -> bytes:
        """Everything the database holds, as it is stored."""
        return b"".join(
            name.encode() + b"".join(encode(d) for d in self.database[name].find())
            for name in self.database.list_collection_names()
        )

    def count(self) -> dict[str, int]:
        """Documents of every collection that holds any, the throttle's counters left out."""
        names = set(self.database.list_collection_names()) - {"throttle"}
        counted = {name: self.database[name].count_documents({}) for name in sorted(names)}
        return {name: number for name, number in counted.items() if number}


@contextmanager
def running(service: str, mongo_url: str, folder: Path, **settings: Any) -> Iterator[Web]:
    """A provisioned service on a fresh database, dropped afterwards."""
    kind = importlib.import_module(f"services.{service}.settings")
    chosen = {
        "environment": "development",
        "data_dir": folder,
        "mongo_url": mongo_url,
        "mongo_prefix": f"test_{secrets.token_hex(6)}_",
        "sealing_keys": f"k1:{new_key()}",
        "contact_keys": f"c1:{new_key()}",
        "record_keys": f"r1:{new_key()}",
        "hashing_key": new_key(),
        **settings,
    }
    opened = len(_clients)
    web = made(service, getattr(kind, f"{service.capitalize()}Settings")(**chosen))
    module = importlib.import_module(f"services.{service}.app")
    with patch.object(module, "connect", return_value=web.database):
        module.provision(web.settings)
    try:
        yield web
    finally:
        for name in (web.database.name, f"{web.database.name}_audit"):
            web.database.client.drop_database(name)
        while len(_clients) > opened:
            _clients.pop().close()


def made(service: str, settings: Any) -> Web:
    """The application of these settings; nothing is provisioned."""
    module = importlib.import_module(f"services.{service}.app")
    database = connect(settings, service)
    _clients.append(database.client)
    with patch.object(module, "connect", return_value=database):
        app = module.create_app(settings)
    app.test_client_class = Conforming
    return Web(service, app, settings, database)


_clients: list[MongoClient[dict[str, Any]]] = []
"""Those to be closed: a process would keep its own to its end."""


def problem(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, which is whole and of that status and code."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == PROBLEM_JSON
    body: dict[str, Any] = orjson.loads(response.data)
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:tiaojie:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "instance" in body
    for error in body.get("errors", ()):
        assert set(error) == {"pointer", "code", "message"}
    return body
