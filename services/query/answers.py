"""What query answers of the directory, for its OpenAPI document."""

from __future__ import annotations

from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.vocabulary import CATEGORIES, ORGANISATION_KINDS
from shared.divisions import LEVELS


class DivisionView(Shown):
    """An administrative division."""

    code = show.text("6 digits, of a township 9", pattern="^[0-9]{6}([0-9]{3})?$", example="370102")
    name = show.text("with all above it", example="山东省济南市历下区")
    short_name = show.text("alone", example="历下区")
    level = show.word("", LEVELS)
    parent = show.text("code of the division above, null for a province", null=True)


class Divisions(Shown):
    """Divisions in the order of their codes."""

    items = show.parts(DivisionView, "")


class OrganisationNearby(Shown):
    """A mediation organisation as the public sees it."""

    id = show.text("id", example="org-370102")
    name = show.text("full name")
    kind = show.word("kind of organisation", ORGANISATION_KINDS)
    kind_text = show.text("in the caller's language")
    divisions = show.parts(show.text("a code"), "codes of the places it serves")
    categories = show.words(CATEGORIES, "disputes it takes; empty for all")
    phone = show.text("public phone")
    address = show.text("public address")


class Organisations(Shown):
    """Organisations that serve a place, nearest first."""

    items = show.parts(OrganisationNearby, "")


class AsyncApi(show.Anything):
    """An AsyncAPI 3.0 document."""
