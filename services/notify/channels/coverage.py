"""Which wordings a vendor has no approved text for: `python -m services.notify approved-texts`.

Every wording that counts now is filled for each of its readers, as usual and with those values left
out that may be missing, and looked for among the approved texts as a message would be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.notify.channels import OursToMend
from services.notify.channels.approved import VENDORS, ApprovedTexts, read_approved
from services.notify.people.samples import described, samples
from services.notify.people.templates import Templates
from services.notify.people.wordings import Wordings
from services.notify.settings import NotifySettings
from shared.store import connect

if TYPE_CHECKING:
    from argparse import Namespace

    from shared.errors import Language


def lacking(templates: Templates, texts: ApprovedTexts) -> Iterator[tuple[str, str]]:
    """(`<wording>/sms.<language>.v<n>`, the first of its messages that no text is) of each wording
    of text messages that is not wholly covered."""
    languages: tuple[Language, ...] = ("zh", "en")
    for name, version in sorted(templates.newest.items()):
        wording, _, rest = name.partition("/")
        for language in languages:
            if rest == f"sms.{language}":
                words = _not_found(templates, texts, wording, language)
                if words is not None:
                    yield f"{name}.v{version}", words


def tell(settings: NotifySettings, _: Namespace) -> None:
    """Print what is lacking at each vendor in use, a line each."""
    templates = Templates(settings.public_url, releases=Wordings(connect(settings, "notify")))
    templates.look()
    codes = read_approved(settings.sms_template_codes) if settings.sms_template_codes else {}
    used = [name for name in settings.sms_provider_names if name in VENDORS]
    for vendor in used or VENDORS:
        signature = getattr(settings, f"{vendor}_sms_signature")
        missing = list(lacking(templates, ApprovedTexts(vendor, codes.get(vendor, {}), signature)))
        for name, words in missing:
            sys.stdout.write(f"{vendor}\t{name}\t{words}\n")
        sys.stdout.write(f"{vendor}: {len(missing)} wordings lack an approved text\n")


def _not_found(
    templates: Templates, texts: ApprovedTexts, wording: str, language: Language
) -> str | None:
    known = described(wording)
    if known is None:
        return None
    for sample in samples(known, language):
        words = templates.render(wording, "sms", language, sample.values).text
        try:
            texts.find(words)
        except OursToMend:
            return words
    return None
