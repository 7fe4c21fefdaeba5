"""Every kind of document that is issued, and what a renderer is given to print it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.intake.document_agreement import agreement, agreement_draft
from services.intake.document_matter import Matter
from services.intake.document_notices import (
    acceptance_notice,
    consent_invitation,
    refusal_notice,
    session_invitation,
    supplement_request,
)
from services.intake.document_parts import Sheet, told
from services.intake.document_records import failure_certificate, referral_letter, session_record
from shared import serial
from shared.contracts.sources import SOURCES
from shared.errors import Language, Text

KINDS: Final[Mapping[str, Callable[[Matter], Sheet]]] = {
    "supplement_request": supplement_request,
    "consent_invitation": consent_invitation,
    "acceptance_notice": acceptance_notice,
    "refusal_notice": refusal_notice,
    "session_invitation": session_invitation,
    "session_record": session_record,
    "agreement_draft": agreement_draft,
    "agreement": agreement,
    "failure_certificate": failure_certificate,
    "referral_letter": referral_letter,
}
"""Kind → its words. The receipt, made on demand from the application, is not among them."""

LABELS: Final[Mapping[str, Text]] = {
    "serial_number": Text("流水号", "Serial number"),
    "case_number": Text("案号", "Case number"),
    "sources": Text("依据", "Rules"),
    "phone": Text("联系电话", "Phone"),
    "history_hash": Text("案件记录校验值", "Hash of the case history"),
    "scan": Text("扫码查看进度", "Scan for progress"),
}
_TRANSLATION: Final = Text(
    "以下英文译文仅供参考，以中文文本为准。",
    "English translation for reference only; the Chinese text prevails.",
)


def composed(kind: str, matter: Matter, history_hash: str, public_url: str) -> dict[str, Any]:
    """The document as renderers print it: JSON-ready, every word in it chosen.

    {title, languages: [of the sheets], sheets: [{language, title, numbers, addressee, parts,
    closing, sources, note}], proof: {url, hash, phone, organisation, labels}}. A sheet in English
    follows the Chinese one where the application's language is English.
    """
    sheet = KINDS[kind](matter)
    languages: list[Language] = ["zh", "en"] if matter.language == "en" else ["zh"]
    return printable(
        sheet,
        languages,
        serial_number=matter.serial_number,
        case_number=matter.case_number,
        history_hash=history_hash,
        public_url=public_url,
        issuer=(matter.organisation, matter.phone),
    )


def printable(
    sheet: Sheet,
    languages: list[Language],
    *,
    serial_number: str,
    history_hash: str,
    public_url: str,
    issuer: tuple[Text, str],
    case_number: str | None = None,
) -> dict[str, Any]:
    """What `composed` gives, of any sheet."""
    numbers = [(LABELS["serial_number"], serial.display(serial_number))]
    if case_number:
        numbers.append((LABELS["case_number"], case_number))
    first = languages[0]
    organisation, phone = issuer
    return {
        "title": sheet.title.to(first),
        "subject": f"{LABELS['serial_number'].to(first)} {serial.display(serial_number)}",
        "author": organisation.to(first),
        "sheets": [
            _sheet(sheet, numbers, language, is_translation=position > 0)
            for position, language in enumerate(languages)
        ],
        "proof": {
            "url": f"{public_url}/progress/{serial_number}",
            "scan": LABELS["scan"].to(first),
            "rows": [
                [LABELS["serial_number"].to(first), serial.display(serial_number)],
                [organisation.to(first), f"{LABELS['phone'].to(first)} {phone}"],
                [LABELS["history_hash"].to(first), history_hash],
            ],
        },
    }


def _sheet(
    sheet: Sheet, numbers: list[tuple[Text, str]], language: Language, *, is_translation: bool
) -> dict[str, Any]:
    closing = sheet.closing
    return {
        "language": language,
        "note": _TRANSLATION.to(language) if is_translation else "",
        "title": sheet.title.to(language),
        "numbers": [[label.to(language), number] for label, number in numbers],
        "addressee": sheet.addressee.to(language) if sheet.addressee else "",
        "parts": told(sheet.parts, language),
        "closing": {
            "issuer": closing.issuer.to(language),
            "day": closing.day.to(language),
            "seal": closing.seal.to(language),
        },
        "sources_label": LABELS["sources"].to(language),
        "sources": _by_law([SOURCES[code].to(language) for code in sheet.sources]),
    }


def _by_law(sources: list[str]) -> list[str]:
    """Articles of one law behind its name once: 《劳动争议调解仲裁法》第十四条、第十五条."""
    laws: dict[str, list[str]] = {}
    for source in sources:
        law, mark, article = source.partition("》" if "》" in source else ", ")
        laws.setdefault(law + mark, []).append(article)
    return [law + ("、" if "》" in law else ", ").join(articles) for law, articles in laws.items()]
