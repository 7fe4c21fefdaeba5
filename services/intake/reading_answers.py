"""What intake shows of an application and of its readers, for its OpenAPI document."""

from __future__ import annotations

from services.intake.answers import FILE_STATES
from services.intake.audit import PURPOSES
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import STATUSES
from shared.contracts.payloads import DivisionRef
from shared.contracts.vocabulary import ROLES


class Said(Shown):
    """A statement that was added to the application."""

    received_at = show.moment("when it was received")
    statement = show.text("the words, null if only files were declared", null=True)


class DeclaredEvidence(Shown):
    """A declared evidence file, as staff see it."""

    index = show.count("place among all declared files, those of supplements after the first ones")
    file_name = show.text("as declared; three asterisks while masked", example="劳动合同.pdf")
    kind = show.text("kind of evidence", example="labour_contract")
    state = show.word("whether it has arrived", FILE_STATES)
    size_bytes = show.count("bytes, null if not declared", null=True)


class OwnApplication(Shown):
    """The application as one of its parties may see it; masked unless asked for more."""

    serial_number = show.serial_number()
    status = show.word("of the case", STATUSES)
    status_text = show.text("the same for people")
    received_at = show.moment("when it was received")
    division = show.part(DivisionRef, "the place it was submitted to")
    party = show.text("which side asks: applicant, respondent")
    index = show.count("its place on that side, null if others represent it", null=True)
    masked = show.flag("whether personal values are masked")
    application = show.anything("the body as it was submitted, as far as it is this party's to see")
    supplements = show.parts(Said, "what was added, in its order")


class StaffApplication(Shown):
    """The application as the staff of its case see it; the read is in the audit log."""

    serial_number = show.serial_number()
    status = show.word("of the case", STATUSES)
    status_text = show.text("the same for people")
    received_at = show.moment("when it was received")
    purpose = show.word("what it is read for, as in the audit log", PURPOSES)
    masked = show.flag("whether personal values are masked")
    application = show.anything("the body as it was submitted, with contacts as they are now")
    supplements = show.parts(Said, "what was added, in its order")
    files = show.parts(DeclaredEvidence, "all declared files")


class AuditEntry(Shown):
    """One read. Nothing in it is personal."""

    id = show.text("sortable by time")
    number = show.count("counts the reads of one application from 1, without gaps")
    at = show.moment("when")
    subject = show.text("who: the token's subject")
    role = show.word("in which role", ROLES)
    organisation = show.text("of which organisation, null if the token names none", null=True)
    serial_number = show.serial_number()
    what = show.text("what was read", example="attachments/0")
    purpose = show.word("what for", PURPOSES)
    unmasked = show.flag("whether it was shown without masks")
    correlation_id = show.text("names the request in the logs")
    previous_hash = show.text("of the read before of the same application, empty for the first")
    hash = show.text("keyed, of this entry and the hash before")


class AuditPage(Shown):
    """Reads, newest first."""

    items = show.parts(AuditEntry, "")
    next = show.text("`after` of the next page, null on the last", null=True)
