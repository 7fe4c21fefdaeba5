"""Which providers of text messages have not approved a wording yet.

Mainland vendors send only texts that they examined before (`channels.approved`). A new wording is
released here at once, so whoever releases it must know whether the vendors will send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from services.notify.channels import OursToMend
from services.notify.channels.approved import VENDORS, ApprovedTexts, read_approved
from services.notify.settings import NotifySettings
from shared.errors import Text

_UNKNOWN: Final = Text(
    "短信内容有变：请先在各短信服务商处报备新模板，登记模板编号后再发布，否则服务商会拒绝发送",
    "The words of a text message change: have the new text approved by every provider and its code "
    "registered before you release it, or they will refuse to send it",
)


class Approvals:
    """The approved texts of the vendors in use; without any, a change is a change for all."""

    def __init__(self, texts: Mapping[str, ApprovedTexts]) -> None:
        self._texts = texts

    @classmethod
    def of(cls, settings: NotifySettings) -> Approvals:
        """SettingsError if the file of approved texts cannot be used."""
        used = [name for name in settings.sms_provider_names if name in VENDORS]
        path = settings.sms_template_codes
        codes = read_approved(path) if used and path else {}
        return cls(
            {
                name: ApprovedTexts(
                    name, codes.get(name, {}), getattr(settings, f"{name}_sms_signature")
                )
                for name in used
            }
        )

    def wanted(self, messages: Iterable[str], *, changed: bool) -> Text | None:
        """What is still to be approved before these text messages are sent; None if nothing is."""
        if not self._texts:
            return _UNKNOWN if changed else None
        read = list(messages)
        lacking = [
            vendor
            for vendor, texts in self._texts.items()
            if not all(_is_approved(texts, message) for message in read)
        ]
        if not lacking:
            return None
        return Text(
            f"以下短信服务商尚未报备这样的内容：{'、'.join(lacking)}。请先报备并登记模板编号，"
            "否则会拒绝发送",
            f"Not approved yet by: {', '.join(lacking)}. Have the text approved and its code "
            "registered first, or they will refuse to send it",
        )


def _is_approved(texts: ApprovedTexts, message: str) -> bool:
    try:
        texts.find(message)
    except OursToMend:
        return False
    return True
