"""Web applications to compare with, under the same gunicorn configuration.

`bare_insert` and `bare_find` are what any Flask service with MongoDB must at least do; `tutorial`
is how it is commonly written; `bare_json` and `bare_orjson` what Flask costs where nothing is done.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import orjson
import pika
from flask import Flask, Response, request

from services.intake.application import Application
from services.intake.settings import IntakeSettings
from shared.broker import parameters
from shared.contracts.schema import read
from shared.store import connect

QUEUE = "bench.tutorial"
ANSWER = "BENCH_ANSWER"
"""The variable that holds what `bare_json` and `bare_orjson` answer, as JSON."""


def bare_insert() -> Flask:
    """orjson.loads and one durable insert_one, nothing else."""
    app, database = _app()
    collection = database["bare"]

    def submit() -> Response:
        document = orjson.loads(request.get_data(cache=False))
        collection.insert_one(document)
        answer = orjson.dumps({"id": str(document["_id"])})
        return Response(answer, 201, content_type="application/json")

    app.add_url_rule("/v1/applications", view_func=submit, methods=["POST"])
    return app


def tutorial() -> Flask:
    """A schema built per request, insert_one, a connection to the broker and a confirmed publish."""
    app, database = _app()
    collection = database["tutorial"]
    amqp = parameters(IntakeSettings.load().amqp_url)

    def submit() -> tuple[dict[str, Any], int]:
        document = read(Application(), request.get_json(), datetime.now(UTC).date())
        collection.insert_one(document)
        number = str(document.pop("_id"))
        connection = pika.BlockingConnection(amqp)
        channel = connection.channel()
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.confirm_delivery()
        properties = pika.BasicProperties(delivery_mode=2)
        channel.basic_publish("", QUEUE, orjson.dumps(document), properties, mandatory=True)
        connection.close()
        return {"id": number}, 201

    app.add_url_rule("/v1/applications", view_func=submit, methods=["POST"])
    return app


def bare_find() -> Flask:
    """One find_one of the very document, and orjson of it."""
    app, database = _app("query")
    collection = database["progress"]

    def progress(number: str) -> Response:
        document = collection.find_one({"_id": number})
        return Response(orjson.dumps(document), content_type="application/json")

    app.add_url_rule("/v1/progress/<number>", view_func=progress)
    return app


def bare_json() -> Flask:
    """A Flask view that looks nothing up: a lookup's answer, without its value of the path, by
    Flask's own JSON, in as many bytes."""
    app, _ = _app()
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    answer = orjson.loads(os.environ[ANSWER])

    def progress(number: str) -> dict[str, Any]:
        return {**answer, "serial_number": number}

    app.add_url_rule("/v1/progress/<number>", view_func=progress)
    return app


def bare_orjson() -> Flask:
    """The same by orjson."""
    app, _ = _app()
    answer = orjson.loads(os.environ[ANSWER])

    def progress(number: str) -> Response:
        body = orjson.dumps({**answer, "serial_number": number})
        return Response(body, content_type="application/json")

    app.add_url_rule("/v1/progress/<number>", view_func=progress)
    return app


def _app(service: str = "floor") -> tuple[Flask, Any]:
    app = Flask("floor", static_folder=None)
    app.add_url_rule("/readyz", view_func=lambda: "ready")
    return app, connect(IntakeSettings.load(), service)
