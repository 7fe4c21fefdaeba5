"""Prints an access token of the development issuer: `python -m shared.devtoken --role mediator`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import timedelta

from shared.contracts.vocabulary import ROLES
from shared.devissuer import DevelopmentIssuer
from shared.sealing import Hasher, identity_hash
from shared.settings import Settings, SettingsError

_EXAMPLES = """\
examples:
  a platform administrator
      python -m shared.devtoken --role platform_admin

  a mediator of an organisation, as a request header
      curl -H "Authorization: Bearer $(python -m shared.devtoken --role mediator \\
          --organisation org-370102)" http://localhost:8000/v1/cases

  a worker looking at all own cases (only the keyed hash of the number enters the token)
      python -m shared.devtoken --role applicant --id-number 411324197803169974

Only the token goes to standard output. TIAOJIE_ENVIRONMENT must be `development`; the key lives
in TIAOJIE_DATA_DIR/issuer. --id-number needs TIAOJIE_HASHING_KEY, the same as the services have.
"""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one token; 0, or 2 with the reason on standard error."""
    options = _parser().parse_args(arguments)
    try:
        token = _token(Settings.load(), options)
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    sys.stdout.write(f"{token}\n")
    return 0


def _token(settings: Settings, options: argparse.Namespace) -> str:
    id_number_hash = None
    if options.id_number:
        id_number_hash = identity_hash(Hasher.parse(settings.hashing_key), options.id_number)
    return DevelopmentIssuer(settings).token(
        role=options.role,
        lifetime=options.lifetime,
        subject=options.subject,
        organisation=options.organisation,
        divisions=tuple(options.division),
        id_number_hash=id_number_hash,
        channel=options.channel,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m shared.devtoken",
        description="Print an access token of the development issuer.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option("--role", required=True, choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
    option("--organisation", metavar="ID", help="mediation organisation, e.g. org-370102")
    option(
        "--division",
        metavar="CODE",
        action="append",
        default=[],
        help="division code such as 37 or 370102; may be given several times",
    )
    option("--id-number", metavar="NUMBER", help="identity number, hashed before it goes in")
    option("--channel", metavar="CHANNEL", help="channel of a partner, e.g. app_pocket_12333")
    option("--subject", metavar="SUB", default="", help="sub claim; default development-ROLE")
    option(
        "--lifetime",
        metavar="TIME",
        type=_lifetime,
        default=timedelta(hours=8),
        help="such as 90s, 30m, 8h or 7d; default 8h",
    )
    return parser


def _lifetime(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError("a number and s, m, h or d, such as 8h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


if __name__ == "__main__":
    sys.exit(main())
