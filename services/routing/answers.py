"""What routing answers, for its OpenAPI document: the JSON that `presenting` and the views make."""

from __future__ import annotations

from services.routing.assigning import REASONS
from services.routing.directory_bodies import ROTA_KINDS, SPECIALISMS
from services.routing.hints import WARNINGS
from services.routing.languages import LANGUAGES
from services.routing.mediation_bodies import EXTENSION_STATES
from services.routing.staff_answers import LeaveDays
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import COMMANDS, OUTCOMES, RULES, STATUSES
from shared.contracts.payloads import (
    DivisionRef,
    DueOn,
    MediatorRef,
    OrganisationRef,
    PartyFacts,
    PartyRef,
    Session,
)
from shared.contracts.questions import MEANS, PARTIES, QUESTION_STATES, QUESTIONS
from shared.contracts.vocabulary import (
    ATTENDANCE,
    CATEGORIES,
    FLAGS,
    JOINT_BODIES,
    ORGANISATION_KINDS,
    REFERRAL_STATUSES,
    REFERRALS,
    ROLES,
)


class CaseLine(Shown):
    """One line of a work list; nothing in it is personal."""

    serial_number = show.serial_number()
    serial_number_display = show.text("in groups of four", example="2634 6268 8508 6477")
    case_number = show.text(
        "from acceptance on, null before", null=True, example="济历劳人调〔2026〕第12号"
    )
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
    next_due_on = show.day("the first last day of a clock that is ours, null for none", null=True)
    overdue = show.flag("whether such a day has passed")


class WorkList(Shown):
    """A page of cases, oldest first or the nearest deadline first."""

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
    actor = show.text("subject of the token of staff, null for others", null=True)


class Consent(PartyRef):
    """A party's last word on whether it agrees to mediate."""

    answer = show.word("", QUESTIONS["consent"].answers)
    means = show.word("how it was given", MEANS)
    at = show.moment("when")


class AnswerGiven(PartyRef):
    """A party's answer to a question."""

    answer = show.text("a word of the kind of question, or the id of an option")
    means = show.word("how it was given", MEANS)
    at = show.moment("when")


class QuestionView(Shown):
    """What parties are or were asked."""

    id = show.text("within the case", example="q1")
    kind = show.word("kind of question", QUESTIONS)
    text = show.text("the question in the caller's language")
    to = show.parts(PartyRef, "who is asked")
    options = show.parts(MediatorRef, "who can be chosen, of a question `mediator`")
    about = show.text("id of the session or referral, null for the case", null=True)
    expires_on = show.day("last day for an answer, null for none", null=True)
    state = show.word("whether it is open", QUESTION_STATES)
    asked_at = show.moment("when it was asked")
    answers = show.parts(AnswerGiven, "those given so far, the last of each party")


class Attended(PartyRef):
    """Whether a party came."""

    attendance = show.word("", ATTENDANCE)


class SessionView(Session):
    """A session and what became of it."""

    status = show.word("", ("scheduled", "held", "cancelled"))
    attendance = show.parts(Attended, "once it was held")


class ProposalView(Shown):
    """A proposal for settlement on record; its terms are among the records."""

    number = show.count("counts from 1")
    by = show.text("whose proposal it was")
    at = show.moment("when")


class ExtensionView(Shown):
    """An extension that parties are asked for, agreed to or did not want."""

    until = show.day("the last day of mediation with it")
    state = show.word("what came of it; lapsed if an agreement came first", EXTENSION_STATES)


class SignatureView(Shown):
    """A signature or seal on the agreement."""

    signatory = show.word("", (*PARTIES, "mediator", "organisation"))
    index = show.count("of the party")
    means = show.word("how it was given", (*MEANS, "seal"))
    at = show.moment("when")


class AgreementView(Shown):
    """How far an agreement is; its words are among the records."""

    version = show.count("counts from 1 with each text")
    recorded_at = show.moment("when it was written down")
    perform_by = show.day("last day of performance, null if none was named", null=True)
    signatures = show.parts(SignatureView, "those of this version")
    effective_at = show.moment("null until all have signed", null=True)


class ReferralStep(Shown):
    """One step of a referral."""

    status = show.word("the status after it", REFERRAL_STATUSES)
    at = show.moment("when")


class ReferralView(Shown):
    """A referral that was offered."""

    id = show.text("within the case", example="r1")
    kind = show.word("kind of referral", REFERRALS)
    kind_text = show.text("in the caller's language")
    status = show.word("how far it is", REFERRAL_STATUSES)
    status_text = show.text("in the caller's language")
    to = show.parts(PartyRef, "who is referred")
    history = show.parts(ReferralStep, "its steps, oldest first")


class CaseWarning(Shown):
    """What the mediator should know."""

    code = show.word("", WARNINGS)
    text = show.text("in the caller's language")


class JointBody(Shown):
    """A body that keeps the station together with others."""

    code = show.word("which", JOINT_BODIES)
    text = show.text("its name and hotline, in the caller's language")


class SuggestedReferral(Shown):
    """A referral that may help now."""

    kind = show.word("kind of referral", REFERRALS)
    text = show.text("in the caller's language")


class RecordView(Shown):
    """Words of a step, opened."""

    command = show.word("the step; `answer` for a party's own words", (*COMMANDS, "answer"))
    at = show.moment("when")
    words = show.anything("as they were said with the command")


class CaseView(CaseLine):
    """One case with its history and the commands it accepts now."""

    claims = show.parts(Claim, "what is demanded")
    interpreter_language = show.text("a language a party needs, null for none", null=True)
    language = show.word("the applicant's", ["zh", "en"])
    reasons = show.parts(Reason, "of the last assignment by the rules")
    supplement_count = show.count("supplements of the applicant")
    represented_count = show.count("applicants who are represented by others")
    parties = show.parts(PartyFacts, "who takes part, by place in the application: no names")
    consents = show.parts(Consent, "who agreed to mediate, or declined")
    questions = show.parts(QuestionView, "everything asked, oldest first")
    accepted_at = show.moment("null before acceptance", null=True)
    sessions = show.parts(SessionView, "in the order in which they were set")
    proposals = show.parts(ProposalView, "oldest first")
    extension = show.part(ExtensionView, "the last one, null for none", null=True)
    agreement = show.part(AgreementView, "the last text, null for none", null=True)
    referrals = show.parts(ReferralView, "oldest first")
    outcome = show.word("how the case ended, null before it is closed", OUTCOMES, null=True)
    outcome_text = show.text("in the caller's language", null=True)
    closed_at = show.moment("null unless it is closed", null=True)
    warnings = show.parts(CaseWarning, "what to know before anything else")
    suggested_referrals = show.parts(SuggestedReferral, "what may help now")
    joint_bodies = show.parts(JointBody, "who can join a session at a women workers' station")
    records = show.parts(
        RecordView, "words of staff and parties; for the mediator and the organisation of the case"
    )
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
    offers_choice = show.flag("whether applicants choose among mediators proposed")
    case_number_prefix = show.text(
        "how its case numbers begin, null until one is stated or needed",
        null=True,
        example="济历劳人调",
    )
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
    leave = show.parts(LeaveDays, "when the mediator takes no new cases, by first day")


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
