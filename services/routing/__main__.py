"""`python -m services.routing COMMAND`; --help lists the commands."""

import sys

from services.routing.app import SERVICE
from shared.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
