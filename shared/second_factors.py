"""Second factors are guessed at a price: the few that a phone's last digits bear, or the many that a
query code bears. The two are counted apart, so that guessing digits locks no holder of a code out.

Of the limits (shared.throttle.LIMITS) one visitor's wrong codes are the visitor's own: to lock a
code for everybody takes twenty addresses (of IPv6 twenty /48) that go on and on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.asking import caller
from shared.errors import Refused
from shared.sealing import Hasher
from shared.throttle import Throttle, address_key, serial_key, visitor_key

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """Lets in whoever is found by a factor. Refused: query_code_wrong for whom nobody is found,
    too_many_attempts, then for right factors too, so that guessing tells nothing. Transient when
    the counters cannot be reached."""

    hasher: Hasher
    throttle: Throttle

    def by_code(self, number: str, find: Callable[[], Found | None]) -> Found:
        """Whom a query code finds. Wrong ones are counted after they were looked at: many at once
        gain one for each that is in flight, which is nothing of 31**8."""
        address = address_key(self.hasher, caller().address)
        counted = (
            ("wrong_code_per_visitor", visitor_key(self.hasher, number, address)),
            ("wrong_code_per_address", address),
            ("wrong_code_per_serial", serial_key(self.hasher, number)),
        )
        for purpose, key in counted:
            self.throttle.check(purpose, key)
        found = find()
        if found is None:
            for purpose, key in counted:
                self.throttle.failed(purpose, key)
            raise Refused("query_code_wrong")
        return found

    def by_digits(self, number: str, find: Callable[[], Found | None]) -> Found:
        """Whom the last digits of a phone find. Each is counted before it is looked at, or as many
        as there are threads could be tried at once."""
        counted = (
            ("digits_per_serial", serial_key(self.hasher, number)),
            ("digits_per_address", address_key(self.hasher, caller().address)),
        )
        for purpose, key in counted:
            self.throttle.check(purpose, key)
        for purpose, key in counted:
            self.throttle.tried(purpose, key)
        found = find()
        if found is None:
            raise Refused("query_code_wrong")
        for purpose, key in counted:
            self.throttle.succeeded(purpose, key)
        return found
