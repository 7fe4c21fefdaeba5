"""Where calls to partners may go, and where never."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.partners.addresses import checked_url, is_allowed, target, url_faults
from services.notify.partners.resolving import NoAddress, NotAllowed, Resolver
from shared.errors import Refused

NEVER = (
    "0.0.0.0",  # noqa: S104 - as text
    *("0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9"),
    *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8"),
    *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1"),
    *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1"),
    *("ff02::1", "ff0e::1"),
)


@pytest.mark.parametrize("address", NEVER)
def test_no_call_goes_to_an_address_that_is_not_a_host_on_the_internet(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "2606:4700::1111"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)


@given(st.ip_addresses())
def test_nothing_private_reserved_or_local_is_ever_allowed(address) -> None:
    if is_allowed(str(address)):
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast
        assert not address.is_link_local


@given(st.ip_addresses(v=4))
def test_no_spelling_of_ipv4_inside_ipv6_lets_in(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    hidden = [
        ipaddress.IPv6Address(number),
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(0x64FF9B << 96 | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        ipaddress.IPv6Address(0x20010000 << 96 | number ^ 0xFFFFFFFF),
    ]
    assert not any(is_allowed(str(each), loopback=True) for each in hidden if int(each) != 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_development_lets_loopback_in_and_nothing_else(address: str) -> None:
    assert is_allowed(address, loopback=True)
    others = [a for a in NEVER if a not in {"127.0.0.1", "127.9.9.9", "::1"}]
    assert not any(is_allowed(other, loopback=True) for other in others)


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example.com/hook",
        "https://partner.example.com",
        "https://partner.example.com./hook?a=1&b=%E4%BD%A0",
        "HTTPS://Partner.Example.COM:8443/Hook",
        "https://8.8.8.8/",
        "https://[2400:3200::1]:443/x",
        "https://xn--fiqs8s.example/",
    ],
)
def test_usual_addresses_are_taken_as_they_are(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url,code",
    [
        ("", "bad_format"),
        ("partner.example.com/hook", "bad_format"),
        ("https://", "bad_format"),
        ("https:///hook", "bad_format"),
        ("https://partner.example.com:0/", "bad_format"),
        ("https://partner.example.com:99999/", "bad_format"),
        ("https://partner.example.com:x/", "bad_format"),
        ("https://partner.example.com/a b", "bad_format"),
        ("https://partner.example.com/\r\nHost: x", "bad_format"),
        ("https://partner.example.com/\\evil", "bad_format"),
        ("https://部.example.com/", "bad_format"),
        ("https://-a.example.com/", "bad_format"),
        ("https://a..example.com/", "bad_format"),
        ("https://[::1", "bad_format"),
        ("https://partner.example.com/" + "a" * 2000, "too_long"),
        ("http://partner.example.com/", "https_required"),
        ("ftp://partner.example.com/", "https_required"),
        ("file://partner.example.com/etc/passwd", "https_required"),
        ("https://user:secret@partner.example.com/", "credentials_in_url"),
        ("https://8.8.8.8@partner.example.com/", "credentials_in_url"),
        ("https://partner.example.com/#here", "fragment_in_url"),
        ("https://partner.example.com/#", "fragment_in_url"),
        ("https://127.0.0.1/", "address_not_allowed"),
        ("https://127.1/", "address_not_allowed"),
        ("https://2130706433/", "address_not_allowed"),
        ("https://0x7f000001/", "address_not_allowed"),
        ("https://0177.0.0.1/", "address_not_allowed"),
        ("https://8.8.8.8.0x0/", "address_not_allowed"),
        ("https://[::1]/", "address_not_allowed"),
        ("https://[::ffff:8.8.8.8]/", "address_not_allowed"),
        ("https://169.254.169.254/latest/meta-data", "address_not_allowed"),
        ("https://localhost/", "address_not_allowed"),
        ("https://a.localhost/", "address_not_allowed"),
        ("https://intake/", "address_not_allowed"),
        ("https://metadata.google.internal/", "address_not_allowed"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused_at_its_field(url: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        checked_url(url)
    assert caught.value.slug == "validation_failed"
    assert code in {error.code for error in caught.value.errors}
    assert {error.pointer for error in caught.value.errors} == {"/url"}
    assert all(error.message.zh and error.message.en for error in caught.value.errors)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/hook", "http://localhost:8080/", "http://[::1]:80/"]
)
def test_development_may_call_itself_in_the_clear(url: str) -> None:
    assert checked_url(url, loopback=True) == url
    assert list(url_faults(url)) != []


@given(st.text(max_size=60))
def test_no_text_makes_the_check_fail_otherwise(text: str) -> None:
    for loopback in (False, True):
        for url in (text, f"https://{text}", f"https://example.com/{text}"):
            if not list(url_faults(url, loopback=loopback)):
                found = target(url)
                assert found.host
                assert found.path.startswith("/")


@pytest.mark.parametrize(
    "url,authority,path",
    [
        ("https://a.example.com", "a.example.com", "/"),
        ("https://A.example.com:443/x?y=1", "a.example.com", "/x?y=1"),
        ("https://a.example.com:8443?y", "a.example.com:8443", "/?y"),
        ("http://[::1]:8080/", "[::1]:8080", "/"),
    ],
)
def test_a_url_is_taken_apart_as_a_request_says_it(url: str, authority: str, path: str) -> None:
    assert (target(url).authority, target(url).path) == (authority, path)


def resolved(*addresses: str, loopback: bool = False):
    resolver = Resolver(loopback=loopback, lookup=lambda *_: addresses)
    try:
        return asyncio.run(resolver.addresses("a.example.com", 443, trouble=False))
    finally:
        resolver.close()


def test_the_addresses_of_a_name_are_those_that_are_called() -> None:
    assert resolved("8.8.8.8", "8.8.8.8", "2400:3200::1") == ("8.8.8.8", "2400:3200::1")


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("fe80::1%1",)])
def test_a_name_that_leads_inside_is_refused_even_if_it_leads_outside_too(addresses) -> None:
    with pytest.raises(NotAllowed):
        resolved(*addresses)


def test_a_name_without_addresses_is_told_as_such() -> None:
    with pytest.raises(NoAddress):
        resolved()


def test_who_asks_for_a_name_that_is_being_looked_up_shares_the_answer() -> None:
    asked = []

    def lookup(host: str, _: int):
        asked.append(host)
        return ["8.8.8.8"]

    async def thrice() -> None:
        await asyncio.gather(
            *(resolver.addresses("a.example.com", 443, trouble=False) for _ in range(3))
        )

    resolver = Resolver(loopback=False, lookup=lookup)
    asyncio.run(thrice())
    resolver.close()
    assert asked == ["a.example.com"]
