"""What intake answers, for its OpenAPI document: the JSON that `presenting` and the views make."""

from __future__ import annotations

from services.intake.evidence_refusal import REASONS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.lifecycle import STATUSES
from shared.contracts.payloads import DivisionRef, DueOn
from shared.contracts.questions import MEANS, PARTIES, QUESTIONS
from shared.contracts.vocabulary import DOCUMENTS, FLAGS

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
    page = show.text("the same as a page for people, where the receipt's QR code leads", uri=True)
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
    history_hash = show.text("where the case's history begins", pattern="^[0-9a-f]{64}$")


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


class PossibleAnswer(Shown):
    """One of the answers to a question."""

    answer = show.text("what to send", example="agree")
    text = show.text("for people", example="同意")


class OpenQuestion(Shown):
    """Something the caller is asked."""

    id = show.text("within the case", example="q2")
    kind = show.word("", QUESTIONS)
    text = show.text("the question, for people", example="是否同意通过调解解决争议")
    about = show.text("what it is about, for people; null where the question says it", null=True)
    about_id = show.text("id of the session or referral, or its kind", null=True)
    answers = show.parts(PossibleAnswer, "the possible ones")
    expires_on = show.day("last day to answer", null=True)
    answered = show.text("what the caller answered last, on its way to the case", null=True)


class Questions(Shown):
    """What a party is asked now."""

    serial_number = show.serial_number()
    status = show.word("of the case", STATUSES)
    party = show.word("who the caller is", PARTIES)
    index = show.count("its place; null for somebody represented by others", null=True)
    items = show.parts(OpenQuestion, "in the order in which they were asked")


class AnswerRecorded(Shown):
    """The answer is stored durably and on its way to the case."""

    serial_number = show.serial_number()
    question = show.text("its id within the case", example="q2")
    kind = show.word("", QUESTIONS)
    party = show.word("who answered", PARTIES)
    index = show.count("its place")
    answer = show.text("what was answered", example="agree")
    answer_text = show.text("for people", example="同意")
    means = show.word("how", MEANS)
    answered_at = show.moment("when; the first time if the same was answered twice")
    what_follows = show.text("for people")


class MaskedContact(Shown):
    """A party's own contact: its addresses masked, its wishes as they are followed."""

    phone = show.text("", null=True, example="138******11")
    email = show.text("", null=True, example="z***@example.com")
    correspondence_address = show.text("", null=True, example="山东省***")
    push_device = show.text("", null=True, example="***")
    preferred_contact = show.text("as stated", null=True, example="email")
    language = show.word("that messages are written in", ["zh", "en"])
    notify = show.flag("whether messages are sent at all; they are in the inbox anyway")
    large_print = show.flag("whether e-mails come in large letters")


class OwnContact(Shown):
    """How the party can be reached from now on."""

    serial_number = show.serial_number()
    party = show.word("who the caller is", PARTIES)
    index = show.count("its place; null for somebody represented by others", null=True)
    contact = show.part(MaskedContact, "as it is now")


class PhoneCodeSent(Shown):
    """A code is on its way, if the phone can receive it."""

    verification = show.text("names this request", pattern="^[A-Za-z0-9_-]{22}$")
    expires_at = show.moment("until when the code is good")


class PhoneProof(Shown):
    """The phone is proven."""

    proof = show.text("for the header X-Phone-Proof of submissions")
    expires_at = show.moment("until when it is good")


class DocumentFile(Shown):
    """A document in one form."""

    format = show.word("ask for it with `?format=`", ("pdf", "html"))
    size_bytes = show.count("")
    sha256 = show.text("of the file, also its ETag", pattern="^[0-9a-f]{64}$")


class IssuedDocument(Shown):
    """A document of the case."""

    id = show.text("within the application")
    kind = show.word("", DOCUMENTS)
    title = show.text("for people", example="受理通知书")
    number = show.count("counts documents of its kind, from 1")
    issued_at = show.moment("when it was put in the file")
    sha256 = show.text("of the PDF", pattern="^[0-9a-f]{64}$")
    history_hash = show.text("of the step of the case that it is about")
    url = show.text("where it can be read", uri=True)
    files = show.parts(DocumentFile, "its forms")


class Documents(Shown):
    """The documents of a case, in the order in which they were issued."""

    serial_number = show.serial_number()
    items = show.parts(IssuedDocument, "those that the caller may read")
