"""`python -m tests.benchmarks.search_programs`: builds the index of 30,000 articles in a process
of its own, asks some questions, and prints seconds and MiB: of the build, of what the process has
grown by, and of the most it held meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time
from datetime import date
from importlib import import_module

from services.query.policies import policy, sources  # noqa: F401 - not part of the growth
from tests.benchmarks import judged
from tests.benchmarks.search_corpus import thirty_thousand
from tests.benchmarks.stand import resident


def main() -> None:
    before = resident(os.getpid())
    policies = thirty_thousand()
    # Imported only now: what search loads is part of what it costs.
    index_module = import_module("services.query.search.index")
    filters = import_module("services.query.search.question").Filters()
    began = time.perf_counter()
    index = index_module.SearchIndex.build(policies)
    seconds = time.perf_counter() - began
    ctypes.CDLL(None).malloc_trim(0)  # as the live index does after each build
    for question in judged.tuning():
        index.search(question.text, filters, today=date(2026, 11, 25))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{seconds} {resident(os.getpid()) - before} {most - before}\n")


if __name__ == "__main__":
    main()
