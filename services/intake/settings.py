"""What intake can be told from outside, beside what every service is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from shared.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntakeSettings(Settings):
    """Applications, drafts and evidence files."""

    body_limit_bytes: int = setting(1024 * 1024, "Largest JSON body, bytes.")
    query_code_days: int = setting(730, "Days a receipt's query code stays valid.")
    submissions_per_address: int = setting(
        0,
        "Applications and new drafts that one address may send without a token in 15 minutes; "
        "0 for no limit.",
    )
    submissions_per_phone: int = setting(
        0,
        "Applications that may be submitted for one phone without a token in a day; 0 for no limit.",
    )
    submission: str = setting(
        "open",
        "Who may submit: `open` anybody, within the limits; `phone_verified` with a phone proven by "
        "a one-time code, or logged in; `login` applicants, agents and partners with a token.",
        choices=("open", "phone_verified", "login"),
    )
    channels_with_token: str = setting(
        "",
        "Channels, comma-separated, whose applications only their partner submits, with a token.",
    )
    draft_days: int = setting(30, "Days an unfinished application is kept after its last change.")
    evidence_max_bytes: int = setting(50 * 1024 * 1024, "Largest evidence file, bytes.")
    evidence_max_files: int = setting(20, "Evidence files of one application at most.")
    evidence_upload_seconds: float = setting(
        900.0, "Longest time one evidence file may take to arrive, seconds."
    )
    scanner: str = setting("none", "Virus scanner of evidence files.", choices=("none", "clamd"))
    clamd_address: str = setting(
        "127.0.0.1:3310",
        "clamd: `host:port` or `unix:/path`; its StreamMaxLength must be at least "
        "the largest evidence file.",
    )
    scan_timeout_seconds: float = setting(30.0, "Longest virus scan of one file, seconds.")

    @property
    def spool_dir(self) -> Path:
        """Where files over 1 MiB are held, nameless, while they are inspected."""
        return self.data_dir / "spool"
