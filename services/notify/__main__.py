"""`python -m services.notify COMMAND`; --help lists the commands."""

import sys

from services.notify.app import SERVICE
from shared.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
