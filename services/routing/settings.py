"""What routing can be told from outside, beside what every service is told."""

from __future__ import annotations

import dataclasses

from shared.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RoutingSettings(Settings):
    """The directory of organisations and mediators."""

    demo_directory_seed: int = setting(
        0,
        "Seed of the made-up organisations and mediators that fill an empty directory; 0 for none.",
    )
    session_link_template: str = setting(
        "",
        "Address of online sessions, https with `{room}` for a name that nobody guesses, such as"
        " https://meet.example.org/{room}; empty: the mediator states each address.",
    )
    page_size: int = setting(50, "Entries of one page of a list.")
