"""Handshakes of subscriptions that are pending, as their schedule says, a few at a time."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.notify.partners import handshake, measures
from services.notify.partners.calls import Calls
from services.notify.partners.endings import GONE
from services.notify.partners.schedule import HANDSHAKE
from services.notify.partners.signing import Signer
from services.notify.partners.subscriptions import Subscriptions
from shared.errors import Permanent, TiaojieError
from shared.log import logger

Document = dict[str, Any]

AT_ONCE: Final = 16
OF_A_CHANNEL: Final = 2
"""Handshakes at a time, so that no channel keeps others waiting with addresses that hang."""


class Verifying:
    """The handshakes of one dispatcher; `in_thread` runs what asks the database."""

    def __init__(
        self,
        calls: Calls,
        subscriptions: Subscriptions,
        in_thread: Callable[..., Awaitable[Any]],
        jitter: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._subscriptions = subscriptions
        self._in_thread = in_thread
        self._jitter = jitter
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._of_channel: Tally[str] = Tally()
        self._done: dict[str, int] = {}

    def begin_due(self, subscriptions: Iterable[Document], now: datetime) -> None:
        """Begin the handshakes that are due, as far as there are places."""
        for each in subscriptions:
            if len(self._under_way) >= AT_ONCE:
                return
            channel = each["channel"]
            if self._is_due(each, now) and self._of_channel[channel] < OF_A_CHANNEL:
                self._of_channel[channel] += 1
                task = asyncio.get_running_loop().create_task(self._verify(each))
                self._under_way[each["_id"]] = task

    def stop(self) -> None:
        for task in self._under_way.values():
            task.cancel()

    def _is_due(self, subscription: Document, now: datetime) -> bool:
        key = subscription["_id"]
        if key in self._under_way or self._done.get(key) == subscription["version"]:
            return False  # it goes on, or what came of it is not read yet
        due = (subscription.get("verification") or {}).get("next_attempt_at")
        return due is not None and due <= now

    async def _verify(self, subscription: Document) -> None:
        key = subscription["_id"]
        try:
            await self._told(subscription, await self._code(subscription))
            self._done[key] = subscription["version"]
        except Permanent as error:  # its secrets cannot be read
            self._done[key] = subscription["version"]
            logger().error("lane_not_opened", subscription=key, reason=error.reason)
        except TiaojieError as error:  # the database is away, or it was changed: it is still due
            logger().warning("task_failed", task="verify", error=type(error).__name__)
        finally:
            del self._under_way[key]
            self._of_channel[subscription["channel"]] -= 1

    async def _code(self, subscription: Document) -> str | None:
        now = datetime.now(UTC)
        signer = Signer(await self._in_thread(self._subscriptions.open_secrets, subscription, now))
        endpoint = self._calls.endpoint(subscription["url"])
        endpoint.trouble = True
        try:
            return await handshake.verify(
                endpoint,
                signer,
                subscription["_id"],
                lambda: datetime.now(UTC),
                refuses_unsigned=bool(subscription.get("refuses_unsigned")),
            )
        finally:
            endpoint.close_idle(float("inf"))

    async def _told(self, subscription: Document, code: str | None) -> None:
        key = subscription["_id"]
        if code is None:
            measures.VERIFICATIONS.labels("verified").inc()
            logger().info("subscription_verified", subscription=key)
            await self._in_thread(self._subscriptions.verified, subscription)
            return
        tries = int(subscription["verification"]["tries"]) + 1
        measures.VERIFICATIONS.labels("failed").inc()
        logger().info("verification_failed", subscription=key, code=code, attempts=tries)
        if code == GONE:
            await self._in_thread(self._subscriptions.stop, subscription, "gone")
            return
        delay = HANDSHAKE.delay(tries, self._jitter())
        next_at = None if delay is None else datetime.now(UTC) + timedelta(seconds=delay)
        failed = self._subscriptions.verification_failed
        await self._in_thread(failed, subscription, code, next_at)
