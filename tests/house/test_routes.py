"""Every route says who may call it and what it does; there are no others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from shared.contracts.policy import EVERYONE, POLICY
from shared.contracts.vocabulary import ROLES
from shared.errors import PROBLEMS
from shared.web import Route
from tests.house.services import built
from tests.house.sources import SERVICES

PROBES = ("healthz", "readyz", "metrics")


def faults(routes: Iterable[Route]) -> Iterator[str]:
    """What a declaration lacks: a row of the policy table, a summary, a problem it names, a path of
    its own."""
    seen: set[tuple[str, str]] = set()
    for route in routes:
        name = f"{route.method} {route.path}"
        if name not in POLICY:
            yield f"{name}: no row in the policy table"
        if not route.summary.strip():
            yield f"{name}: no summary"
        yield from (f"{name}: unknown problem {s}" for s in route.refusals if s not in PROBLEMS)
        if (route.method, route.path) in seen:
            yield f"{name}: declared twice"
        seen.add((route.method, route.path))


def undeclared(app: Flask, service: str, routes: Iterable[Route]) -> set[str]:
    """Rules of the application that are neither declared routes nor probes nor documentation."""
    known = {f"{route.method} {route.path}" for route in routes}
    known |= {f"{prefix}/{name}" for prefix in ("", f"/{service}") for name in PROBES}
    known |= {"openapi", "swagger_ui.show"}
    return {rule.endpoint for rule in app.url_map.iter_rules()} - known


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_has_an_access_rule_a_summary_and_known_problems(service):
    assert list(faults(built(service).routes)) == []


def test_every_row_of_the_policy_table_is_a_route_of_one_service():
    served = [f"{r.method} {r.path}" for service in SERVICES for r in built(service).routes]
    assert sorted(served) == sorted(POLICY)


def test_every_row_names_known_roles_and_lets_somebody_in():
    for operation, rule in POLICY.items():
        assert set(rule.roles) <= set(ROLES), operation
        assert rule.roles, operation


@pytest.mark.parametrize("service", SERVICES)
def test_an_application_answers_on_declared_routes_probes_and_documentation_only(service):
    found = built(service)
    assert found.routes
    assert undeclared(found.app, service, found.routes) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_declared_route_is_served_with_its_method(service):
    found = built(service)
    served = {rule.endpoint: rule.methods for rule in found.app.url_map.iter_rules()}
    for route in found.routes:
        assert route.method in served[f"{route.method} {route.path}"]


@pytest.mark.parametrize("service", SERVICES)
def test_making_an_application_connects_to_nothing(service, monkeypatch):
    attempts: list[object] = []

    def connect(_self, address, *_):
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    running = set(threading.enumerate())
    built.__wrapped__(service)
    assert set(threading.enumerate()) - running == set()  # nor begins to in the background
    assert attempts == []


def test_the_rules_notice_a_route_that_breaks_them(monkeypatch):
    route = Route("GET", "/v1/planted", dict, "Planted")
    assert list(faults([route])) == ["GET /v1/planted: no row in the policy table"]
    monkeypatch.setitem(POLICY, "GET /v1/planted", EVERYONE)
    assert list(faults([route])) == []
    assert list(faults([replace(route, summary=" ")])) == ["GET /v1/planted: no summary"]
    assert list(faults([replace(route, refusals=("odd",))])) == [
        "GET /v1/planted: unknown problem odd"
    ]
    assert list(faults([route, route])) == ["GET /v1/planted: declared twice"]


def test_a_rule_that_was_not_declared_is_noticed():
    app = Flask("planted")
    app.add_url_rule("/back-door", endpoint="back-door", view_func=lambda: "")
    assert undeclared(app, "intake", []) == {"back-door", "static"}
