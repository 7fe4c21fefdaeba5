"""The services as they are put together, for the house tests to look at; nothing is started."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flask import Flask

from deploy.contracts import create_app
from deploy.reference_pages import settings_of
from shared import web
from shared.runner import Handlers
from shared.sealing import new_key
from shared.web import Route


@dataclass(frozen=True)
class Built:
    """A service's web application and the routes it was declared with."""

    app: Flask
    routes: Sequence[Route]


@cache
def built(service: str) -> Built:
    declared: list[Route] = []

    def remember(
        name: str, settings: Any, routes: Sequence[Route], *rest: Any, **more: Any
    ) -> Flask:
        declared.extend(routes)
        return web.create_app(name, settings, routes, *rest, **more)

    module = importlib.import_module(f"services.{service}.app")
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(module, "create_web_app", remember),
    ):
        app = create_app(service, Path(folder))
    return Built(app, tuple(declared))


@cache
def handler_table(service: str) -> Handlers:
    """What the service's worker does with which event."""
    module: Any = importlib.import_module(f"services.{service}.app")
    settings = settings_of(service)(
        mongo_url="mongodb://127.0.0.1:1/?replicaSet=none",
        sealing_keys=f"a:{new_key()}",
        contact_keys=f"c:{new_key()}",
        record_keys=f"r:{new_key()}",
        hashing_key=new_key(),
    )
    table: Handlers = module.create_worker(settings).handlers
    return table
