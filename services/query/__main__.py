"""`python -m services.query COMMAND`; --help lists the commands."""

import sys

from services.query.app import SERVICE
from shared.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
