"""Case numbers in MongoDB: per organisation and civil year, from 1 without gaps or doubles.

    case_numbers   {_id: "<organisation>/<year>/<sequence>", serial_number, organisation, year,
                   sequence, case_number, given_at}

The next number is one above the highest, and inserting it under its `_id` is what gives it: of many
who try, one gets it and the others look again. A case asks for its number as often as it likes and
has the same one each time, so what dies between giving and writing leaves no gap.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pymongo.errors import DuplicateKeyError

from services.routing.number_wording import prefixes, wording
from services.routing.store import PREFIX, Directory
from shared.backoff import pause
from shared.errors import Permanent, Transient
from shared.store import Document, backend_errors

if TYPE_CHECKING:
    from pymongo.database import Database

TRIES: Final = 100
"""Looks for a free number before the rest waits: each loss means somebody else got one."""


class CaseNumbers:
    """The collection `case_numbers`, and the prefixes that organisations have for it."""

    def __init__(self, database: Database[Document], directory: Directory) -> None:
        self.collection = database["case_numbers"]
        self._organisations = directory.organisations.collection

    def ensure_indexes(self) -> None:
        of_a_case = [("serial_number", 1), ("organisation", 1), ("year", 1)]
        self.collection.create_index(of_a_case, unique=True)
        self.collection.create_index([("organisation", 1), ("year", 1), ("sequence", -1)])

    def give(self, serial_number: str, organisation: str, year: int, at: datetime) -> str:
        """The number of the case at this organisation in this year, given now if it had none.

        Transient when too many want one in this moment, Permanent for an unknown organisation.
        """
        of_the_case = {"serial_number": serial_number, "organisation": organisation, "year": year}
        with backend_errors():
            for attempt in range(1, TRIES + 1):
                if held := self.collection.find_one(of_the_case):
                    return str(held["case_number"])
                sequence = self._highest(organisation, year) + 1
                case_number = wording(self._prefix(organisation), year, sequence)
                entry = {**of_the_case, "sequence": sequence, "case_number": case_number}
                try:
                    key = f"{organisation}/{year}/{sequence}"
                    self.collection.insert_one({"_id": key, **entry, "given_at": at})
                except DuplicateKeyError:
                    time.sleep(pause(attempt, first=0.001, longest=0.05))
                else:
                    return case_number
        raise Transient("case numbers contended for")

    def _highest(self, organisation: str, year: int) -> int:
        wanted = {"organisation": organisation, "year": year}
        last = self.collection.find_one(wanted, {"sequence": 1}, sort=[("sequence", -1)])
        return last["sequence"] if last else 0

    def _prefix(self, organisation: str) -> str:
        """The organisation's prefix; one that was never stated is made up of its place and kind,
        and is its own from then on.
        """
        found = self._organisations.find_one({"_id": organisation})
        if found is None:
            raise Permanent("unknown_organisation")
        if stated := found.get(PREFIX):
            return str(stated)
        place = found["divisions"][0] if found["divisions"] else ""
        for candidate in prefixes(found["kind"], place):
            try:
                self._organisations.update_one(
                    {"_id": organisation, PREFIX: None}, {"$set": {PREFIX: candidate}}
                )
            except DuplicateKeyError:
                continue  # another organisation's
            return self._prefix(organisation)  # ours, or what somebody stated meanwhile
        raise Permanent("no_prefix_left")
