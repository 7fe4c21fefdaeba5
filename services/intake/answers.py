"""What intake answers, for its OpenAPI document: the JSON that `presenting` and the views make."""

from __future__ import annotations

from services.intake.evidence_refusal import REASONS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import STATUSES
from shared.contracts.payloads import DivisionRef, DueOn
from shared.contracts.vocabulary import FLAGS

FILE_STATES = ("awaited", "received", "refused")


class DeclaredFile(Shown):
    """A declared evidence file."""

    index = show.count("place among all declared files, those of supplements after the first ones")
    file_name = show.text("as declared", example="劳动合同.pdf")
    state = show.word("whether it has arrived", FILE_STATES)
    upload_url = show.text("where to PUT its bytes", uri=True)


class FileNow(DeclaredFile):
    """A declared evidence file and what became of it."""

    refusal = show.word("why it was refused last, null if it was not", REASONS, null=True)


class EarlierApplication(Shown):
    """An open application of the same parties for the same cause."""

    serial_number = show.serial_number()
    received_at = show.moment("when it was received")


class Links(Shown):
    """Where to go from here."""

    progress = show.text("how the case stands", uri=True)
    receipt = show.text("the printable receipt", uri=True)


class Acknowledgement(Shown):
    """The application is stored durably: what its holder keeps."""

    serial_number = show.serial_number()
    serial_number_display = show.text("in groups of four", example="2634 6268 8508 6477")
    query_code = show.text("the second factor; keep it secret", example="K7RM-2PXA")
    status = show.word("", ["submitted"])
    received_at = show.moment("when it was received")
    division = show.part(DivisionRef, "the place it was submitted to")
    flags = show.words(FLAGS, "how it was sorted")
    deadlines = show.parts(DueOn, "clocks that run from now")
    next_steps = show.parts(show.text("a sentence"), "what comes next, in the caller's language")
    attachments = show.parts(DeclaredFile, "files to be uploaded")
    possible_duplicates = show.parts(EarlierApplication, "likely the same matter, newest first")
    links = show.part(Links, "where to go from here")


class SupplementReceived(Shown):
    """The supplement is stored; its files may be uploaded."""

    serial_number = show.serial_number()
    status = show.word("of the case", STATUSES)
    received_at = show.moment("when the supplement was received")
    attachments = show.parts(FileNow, "all declared files")


class Withdrawn(Shown):
    """The application is taken back."""

    serial_number = show.serial_number()
    status = show.word("", ["withdrawn"])
    withdrawn_at = show.moment("when; the first time if it was asked twice")


class EvidenceReceived(Shown):
    """The file is stored, sealed and checked."""

    index = show.count("place among all declared files")
    file_name = show.text("as declared", example="劳动合同.pdf")
    state = show.word("", ["received"])
    sha256 = show.text("of the bytes, hexadecimal", pattern="^[0-9a-f]{64}$")
    size_bytes = show.count("bytes")
    content_type = show.text("by its content, not by its name", example="application/pdf")


class SavedDraft(Shown):
    """An unfinished application. Who has the id has the draft: it belongs into no log."""

    id = show.text("22 URL-safe characters", pattern="^[A-Za-z0-9_-]{22}$")
    application = show.anything("the body as it was saved")
    version = show.count("counts its changes from 1; also the ETag")
    expires_at = show.moment("when it is forgotten unless it is saved again")
