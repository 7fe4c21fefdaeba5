"""Where calls to partners may go: a public address over https, decided before anything is sent.

Two checks, because a name may lead anywhere at any time: `checked_url` judges what a partner writes
(used when it subscribes and again before each connection), `is_allowed` every address its host
resolves to. The connection is then made to an address that was checked, never to the name again.

Only development may let loopback and plain http in; other private addresses it lets in neither.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from shared.errors import FieldError, Refused, Text

URL_MOST: Final = 2_000
"""Characters of a URL: what every server takes."""


class UrlFault(NamedTuple):
    """Why a URL cannot be called."""

    code: str
    message: Text


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes, taken apart: `path` with its query, `host` as it is said in the request."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says: the port only where it is not the usual one."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (443 if self.tls else 80) else f"{shown}:{self.port}"


_FAULTS: Final = {
    "too_long": Text("网址过长", "The URL is too long"),
    "bad_format": Text(
        "请填写完整的网址，非 ASCII 字符须编码",
        "Give a whole URL of ASCII characters; encode all others",
    ),
    "https_required": Text("网址须以 https:// 开头", "The URL must begin with https://"),
    "credentials_in_url": Text(
        "网址中不得含有用户名或密码，请核对签名", "No user or password in the URL: check signatures"
    ),
    "fragment_in_url": Text("网址中不得含有 # 部分", "No fragment in the URL"),
    "address_not_allowed": Text(
        "网址须指向公网地址", "The URL must lead to a public address on the Internet"
    ),
}

_WRITTEN: Final = re.compile(r"[!-~]+", re.ASCII)
_NOT_WRITTEN: Final = re.compile(r'["<>\\^`{|}]', re.ASCII)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_INSIDE: Final = ("localhost", "local", "internal", "intranet", "home.arpa", "localdomain")
"""Names that are never on the Internet, alone or as an end of others."""

# What Python's `is_global` lets through, or lets through in some versions only.
_REFUSED: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10",  # between carriers and customers; metadata of a cloud, 100.100.100.200
            "168.63.129.16/32",  # metadata of another cloud, though the address is public
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # relays of 6to4
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",  # documentation
        ),
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
"""All that is assigned to hosts on the Internet: leaves out mapped IPv4, NAT64 and local ranges."""


def checked_url(url: str, *, loopback: bool = False, pointer: str = "/url") -> str:
    """The URL as it was given, if it may be called; else Refused with the fault at its field.

    `loopback` is the development setting TIAOJIE_PARTNER_ALLOW_LOOPBACK. Names are not resolved
    here: what they lead to is checked at each connection.
    """
    faults = [FieldError(pointer, f.code, f.message) for f in url_faults(url, loopback=loopback)]
    if faults:
        raise Refused("validation_failed", errors=faults)
    return url


def url_faults(url: str, *, loopback: bool = False) -> Iterator[UrlFault]:
    """What keeps a URL from being called, the first of each kind; nothing if it may be."""
    yield from (UrlFault(code, _FAULTS[code]) for code in _fault_codes(url, loopback=loopback))


def target(url: str) -> Target:
    """The parts of a URL without faults."""
    parts = urlsplit(url)
    tls = parts.scheme.lower() == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, _host(url), parts.port or (443 if tls else 80), path)


def is_allowed(address: str, *, loopback: bool = False) -> bool:
    """Whether a call may be made to this IP address: it is public, or loopback in development."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a zone is no address on the Internet, neither is a name
        return False
    if loopback and found.is_loopback:
        return True
    if isinstance(found, ipaddress.IPv6Address) and found not in _GLOBAL_V6:
        return False
    if not found.is_global or found.is_multicast or found.is_reserved or found.is_unspecified:
        return False
    return not any(found in network for network in _REFUSED if network.version == found.version)


def _fault_codes(url: str, *, loopback: bool) -> Iterator[str]:
    if len(url) > URL_MOST:
        yield "too_long"
        return
    try:
        parts = urlsplit(url)
        host, port = _host(url), parts.port
    except ValueError:
        yield "bad_format"
        return
    if not _WRITTEN.fullmatch(url) or _NOT_WRITTEN.search(url) or not host or port == 0:
        yield "bad_format"
        return
    if parts.scheme.lower() not in ({"https", "http"} if loopback else {"https"}):
        yield "https_required"
    if "@" in parts.netloc:
        yield "credentials_in_url"
    if "#" in url:
        yield "fragment_in_url"
    if fault := _host_fault(host, loopback=loopback):
        yield fault


def _host(url: str) -> str:
    """The host in small letters, without brackets and final dot; "" if there is none."""
    return (urlsplit(url).hostname or "").lower().removesuffix(".")


def _host_fault(host: str, *, loopback: bool) -> str | None:
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        # an address, in whatever spelling: 127.1 and 0x7f000001 are refused unread
        return None if is_allowed(host, loopback=loopback) else "address_not_allowed"
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        return "bad_format"
    if host == "localhost" or host.endswith(".localhost"):
        return None if loopback else "address_not_allowed"
    inside = len(labels) == 1 or any(host == end or host.endswith(f".{end}") for end in _INSIDE)
    return "address_not_allowed" if inside else None
