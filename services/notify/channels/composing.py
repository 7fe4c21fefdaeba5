"""Chat robots and push services: Apprise composes the request, our own transport sends it.

Apprise knows what each service wants to be told and where. What it would do with the answer is too
little for us: it says no more than yes or no, which hides whether a failure came before the message
was handed over, and takes for success what a robot refuses in an answer of 200. So the request that one
of its plugins makes goes over `transport`, to a host that was allowed before, once; the plugin is told
nothing but what came back.

    composed(url)       the plugin of an allowed kind; Unusable for anything else
    hand_over(plugin)   Accepted, or one of NotSent's kinds

Apprise is loaded with the first use: it takes a tenth of a second, which no start should wait for.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Collection, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests

from services.notify.channels import Accepted, NotNow, OursToMend, RefusedForGood
from services.notify.channels.transport import passing
from services.notify.channels.verdicts import unspoken

URL_LONGEST: Final = 500

_TOO_MANY: Final = frozenset({130101, 45009, 9499, 11232})
"""Codes of DingTalk, WeCom and Feishu for a robot that talks too much."""

_RATE_SECONDS: Final = 60.0
_CODES: Final = ("errcode", "code", "StatusCode")
_current = threading.local()


class Unusable(ValueError):
    """No address of an allowed kind."""


class HostNotAllowed(requests.RequestException):
    """A plugin wanted to speak to somebody else."""


def composed(url: str, kinds: Mapping[str, tuple[str, str]]) -> Any:
    """The plugin that an address names, if its schema is one of `kinds` {schema: (module, class)};
    Unusable for any other. No other plugin is even loaded."""
    schema = url.partition("://")[0].lower()
    if schema not in kinds or len(url) > URL_LONGEST or not url.isprintable() or " " in url:
        raise Unusable
    module, kind = _module(kinds[schema][0]), kinds[schema][1]
    plugin = getattr(module, kind)
    parts = plugin.parse_url(url)
    if not parts:
        raise Unusable
    try:
        return plugin(**parts, asset=_asset())
    except Exception:  # noqa: BLE001 - each plugin has its own way of refusing
        raise Unusable from None


def hand_over(
    plugin: Any,
    words: str,
    session: requests.Session,
    hosts: Collection[str],
    handing_over: Callable[[], None],
) -> Accepted:
    """Have a plugin say these words to one of these hosts."""
    exchange = _Exchange(session, hosts)
    _current.exchange = exchange
    with passing(handing_over) as passage:
        try:
            plugin.send(body=words)
        except Exception:  # what came back counts, whatever the plugin makes of it
            if passage.stopped is not None:
                raise
        finally:
            _current.exchange = None
    if exchange.answer is not None:
        return _judged(exchange.answer)
    if exchange.refused is not None:
        raise OursToMend("host_not_allowed")
    if not exchange.asked:
        raise OursToMend("not_composed")
    raise passage.failure()


def host_of(plugin: Any, words: str = "…") -> str | None:
    """The host that a plugin would speak to; nothing is sent."""
    exchange = _Exchange(requests.Session(), ())
    _current.exchange = exchange
    try:
        plugin.send(body=words)
    finally:
        _current.exchange = None
    return exchange.refused


class _Exchange:
    """One request of a plugin, and the answer."""

    def __init__(self, session: requests.Session, hosts: Collection[str]) -> None:
        self._session = session
        self._hosts = hosts
        self.asked = False
        self.refused: str | None = None
        self.answer: requests.Response | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        host = urlsplit(url).hostname or ""
        if host not in self._hosts:
            self.refused = host
            raise HostNotAllowed
        self.asked = True
        kept = {name: options[name] for name in _KEPT if name in options}
        self.answer = self._session.request(method, url, allow_redirects=False, **kept)
        return self.answer


_KEPT: Final = ("auth", "data", "headers", "json", "params")
"""What of a plugin's request is its own matter; time-outs, certificates and redirects are ours."""


def _judged(answer: requests.Response) -> Accepted:
    """What a service's answer means; 200 is not yet yes."""
    status = answer.status_code
    if status == 429:
        raise NotNow("robot_rate", _RATE_SECONDS)
    if 400 <= status < 500:
        raise RefusedForGood(f"http_{status}")
    if not 200 <= status < 300:
        raise unspoken(status)
    code = _code(answer.content)
    if code in _TOO_MANY:
        raise NotNow("robot_rate", _RATE_SECONDS)
    if code:
        raise RefusedForGood("robot_refused")
    return Accepted()


def _code(content: bytes) -> int:
    """The error code of an answer in JSON: 0 if all is well, or if it names none."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        return 0
    if not isinstance(told, dict):
        return 0
    codes = [told[name] for name in _CODES if isinstance(told.get(name), int)]
    return 0 if not codes or codes[0] in {0, 200} else int(codes[0])


@cache
def _module(name: str) -> Any:
    """The module of a plugin, which uses our transport where it says `requests`, and writes no logs:
    they quote tokens."""
    from apprise.logger import logger as its_logger

    its_logger.disabled = True
    module: Any = importlib.import_module(f"apprise.plugins.{name}")
    if module.requests is not requests:
        raise RuntimeError(f"apprise: {name} is not what this is made for")
    module.requests = _OURS
    return module


@cache
def _asset() -> Any:
    """What plugins share: they keep no files and read none."""
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(storage_mode=PersistentStoreMode.MEMORY)


def _ask(method: str) -> Callable[..., requests.Response]:
    def ask(url: str, **options: Any) -> requests.Response:
        exchange: _Exchange | None = getattr(_current, "exchange", None)
        if exchange is None:
            raise HostNotAllowed
        return exchange.request(method, url, **options)

    return ask


_OURS: Final = SimpleNamespace(
    post=_ask("POST"),
    put=_ask("PUT"),
    codes=requests.codes,
    exceptions=requests.exceptions,
    RequestException=requests.RequestException,
)
"""As much of `requests` as the plugins of the allowed kinds use."""
