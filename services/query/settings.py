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
