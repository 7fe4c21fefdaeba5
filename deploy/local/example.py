"""What to try first: an invented application to submit, and how to follow it."""

from __future__ import annotations

from pathlib import Path

APPLICATION = Path(__file__).with_name("example-application.json")


def next_steps(gateway_url: str, directory: Path) -> tuple[str, ...]:
    """Lines for a person in the directory: commands to copy, in the order to try them."""
    application = APPLICATION.relative_to(directory)
    return (
        "Submit an application (its people and employer are invented):",
        f"  curl -sS {gateway_url}/v1/applications \\",
        f"    -H 'Content-Type: application/json' -d @{application}",
        "",
        "Follow it: with the serial_number of the answer, or simply its links.progress:",
        f"  curl -sS {gateway_url}/v1/progress/SERIAL_NUMBER",
        "",
        "See what was sent to the applicant, as an administrator:",
        "  TOKEN=$(TIAOJIE_ENVIRONMENT=development \\",
        "    .venv/bin/python -m shared.devtoken --role platform_admin)",
        f'  curl -sS {gateway_url}/v1/messages -H "Authorization: Bearer $TOKEN"',
        "",
        "Work on it as its mediator (the mediator's id is in the answer of the first line, the",
        "commands the case accepts now in allowed_commands):",
        f'  curl -sS {gateway_url}/v1/cases/SERIAL_NUMBER -H "Authorization: Bearer $TOKEN"',
        "  MEDIATOR=$(TIAOJIE_ENVIRONMENT=development \\",
        "    .venv/bin/python -m shared.devtoken --role mediator --subject MEDIATOR_ID)",
        f"  curl -sS -X POST {gateway_url}/v1/cases/SERIAL_NUMBER/begin-examination \\",
        '    -H "Authorization: Bearer $MEDIATOR" -H \'If-Match: "1"\' \\',
        "    -H 'Content-Type: application/json' -d '{}'",
        "",
        f"Pages of the four services: {gateway_url}/intake/docs/  (routing, notify, query)",
    )
