"""What routing answers, for its OpenAPI document: the JSON that `presenting` and the views make."""

from __future__ import annotations

from services.routing.assigning import REASONS
from services.routing.directory_bodies import ROTA_KINDS, SPECIALISMS
from services.routing.languages import LANGUAGES
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import COMMANDS, RULES, STATUSES
from shared.contracts.payloads import DivisionRef, DueOn, MediatorRef, OrganisationRef
from shared.contracts.vocabulary import CATEGORIES, FLAGS, ORGANISATION_KINDS, ROLES


class CaseLine(Shown):
    """One line of a work list; nothing in it is personal."""

    serial_number = show.serial_number()
    serial_number_display = show.text("in groups of four", example="2634 6268 8508 6477")
    version = show.count("to be named in If-Match; also the ETag")
    status = show.word("where the case stands", STATUSES)
    status_text = show.text("in the caller's language")
    received_at = show.moment("when the application was received")
    updated_at = show.moment("when the status last changed")
    division = show.part(DivisionRef, "the place it was submitted to")
    category = show.word("kind of dispute", CATEGORIES)
    cause = show.text("cause in detail, null if none was chosen", null=True)
    flags = show.words(FLAGS, "how it was sorted")
    organisation = show.part(OrganisationRef, "who has the case, null for nobody", null=True)
    mediator = show.part(MediatorRef, "who has the case, null for nobody", null=True)
    deadlines = show.parts(DueOn, "clocks that run")


class WorkList(Shown):
    """A page of cases, oldest first."""

    items = show.parts(CaseLine, "cases the caller may see")
    next = show.text("`after` of the next page, null on the last one", null=True)


class Claim(Shown):
    """What is demanded."""

    claim_type = show.text("kind of claim", example="wage_arrears")
    amount_cny = show.number("CNY, null if it is not money", null=True)


class Reason(Shown):
    """Why the case went where it went."""

    code = show.word("", REASONS)
    text = show.text("in the caller's language")


class HistoryLine(Shown):
    """One step of the case."""

    command = show.word("what was done", COMMANDS)
    status = show.word("the status after it", STATUSES)
    at = show.moment("when")
    by = show.word("whose decision it was", (RULES, *ROLES))


class CaseView(CaseLine):
    """One case with its history and the commands it accepts now."""

    claims = show.parts(Claim, "what is demanded")
    interpreter_language = show.text("a language a party needs, null for none", null=True)
    language = show.word("the applicant's", ["zh", "en"])
    reasons = show.parts(Reason, "of the last assignment by the rules")
    supplement_count = show.count("supplements of the applicant")
    history = show.parts(HistoryLine, "all steps, oldest first")
    allowed_commands = show.parts(show.text("a command"), "commands that people may give now")


class OrganisationView(Shown):
    """An organisation of the directory with its load."""

    id = show.text("also in paths", example="org-370102")
    version = show.count("to be named in If-Match; also the ETag")
    kind = show.word("kind of organisation", ORGANISATION_KINDS)
    name = show.text("full name")
    phone = show.text("public phone")
    address = show.text("public address")
    divisions = show.parts(DivisionRef, "places it serves")
    categories = show.words(CATEGORIES, "disputes it takes; empty for all")
    active = show.flag("whether it takes new cases")
    capacity = show.count("places of its active mediators together")
    open_cases = show.count("places taken")
    mediators = show.count("active mediators")


class OrganisationPage(Shown):
    """Organisations by id."""

    items = show.parts(OrganisationView, "those the caller may see")
    next = show.text("`after` of the next page, null on the last one", null=True)


class RotaView(Shown):
    """When a mediator takes new cases."""

    kind = show.word("stationed on weekdays, or on call", ROTA_KINDS)
    weekdays = show.parts(show.count("1 is Monday"), "days on duty; none for who is on call")


class MediatorView(Shown):
    """A mediator with the load; of conflicts of interest only how many are known."""

    id = show.text("the subject of the person's tokens", example="med-370102-01")
    version = show.count("to be named in If-Match; also the ETag")
    organisation = show.text("id of the organisation")
    name = show.text("shown to the parties")
    capacity = show.count("open cases at a time at most")
    open_cases = show.count("open cases now")
    rota = show.part(RotaView, "when the mediator takes new cases")
    divisions = show.parts(DivisionRef, "places; empty for all of the organisation")
    specialisms = show.words(SPECIALISMS, "disputes and parties the mediator is best for")
    languages = show.words(LANGUAGES, "ISO 639 codes")
    active = show.flag("whether the mediator takes new cases")
    conflict_count = show.count("persons and employers the mediator may not decide about")
    last_assigned_at = show.moment("null before the first case", null=True)


class MediatorPage(Shown):
    """Mediators by id."""

    items = show.parts(MediatorView, "those the caller may see")
    next = show.text("`after` of the next page, null on the last one", null=True)


class RotaLine(RotaView):
    """Whether a mediator takes new cases on the day."""

    mediator = show.part(MediatorRef, "who")
    version = show.count("to be named in If-Match of a change")
    on_duty = show.flag("on this day")
    next_on_duty = show.day("the first day on duty from this one on, null for none", null=True)


class RotaOfDay(Shown):
    """The active mediators of one organisation on one day."""

    organisation = show.text("id of the organisation")
    on = show.day("the day")
    items = show.parts(RotaLine, "its active mediators, by id")
