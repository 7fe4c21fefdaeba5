"""What query can be told from outside, beside what every service is told."""

from __future__ import annotations

import dataclasses

from shared.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuerySettings(Settings):
    """Progress and policies."""

    import_statutes: bool = setting(
        False, "Import the labour statutes of the installed statutes package when provisioning."
    )
    progress_streams: int = setting(
        16,
        "Readers that follow a case as a stream at a time, in one web process; each holds one of "
        "its threads (`TIAOJIE_WEB_THREADS`, 32).",
    )
    progress_streams_of_address: int = setting(4, "Of these, at most so many of one address.")
    progress_stream_seconds: float = setting(
        300.0, "A stream of a case ends after so long, seconds; its reader connects again."
    )
