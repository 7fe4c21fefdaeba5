"""Whatever is sent, a clear refusal comes back, nothing is stored and nothing sent is logged."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
import structlog
from werkzeug.test import TestResponse

from tests.builders.applications import an_application
from tests.web import Web, problem, running

APPLICATIONS = "/v1/applications"
LOOKUPS = "/v1/progress/lookups"
MARK = "慕容雪"
UNKNOWN = "2634626885086477"


@pytest.fixture(scope="module")
def services(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Web]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(name, mongo_url, tmp_path_factory.mktemp(name)))
            for name in ("intake", "query", "notify")
        }


@pytest.fixture(autouse=True)
def nothing_is_stored_or_logged(services: dict[str, Web]) -> Iterator[None]:
    before = {name: web.count() for name, web in services.items()}
    configured = structlog.get_config()
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    yield
    structlog.configure(**configured)
    assert {name: web.count() for name, web in services.items()} == before
    for mark in (MARK, MARK.encode("unicode_escape").decode(), "Traceback"):
        assert mark not in written.getvalue()


@pytest.fixture
def intake(services: dict[str, Web]) -> Web:
    return services["intake"]


@pytest.fixture
def query(services: dict[str, Web]) -> Web:
    return services["query"]


def post(web: Web, raw: bytes, path: str = APPLICATIONS, **more: Any) -> TestResponse:
    """A body as it is, said to be JSON."""
    more.setdefault("content_type", "application/json")
    return web.app.test_client().post(path, data=raw, **more)


def faults(response: TestResponse) -> dict[str, str]:
    """Pointer → code of a form's refusal."""
    refusal = problem(response, 422, "validation_failed")
    assert MARK not in str(refusal["errors"])
    return {error["pointer"]: error["code"] for error in refusal["errors"]}


# --- bodies that are no JSON -----------------------------------------------------------------

GOOD = orjson.dumps(an_application())

NO_JSON = {
    "nothing": b"",
    "white space": b" \n ",
    "half an object": GOOD[:-1],
    "two objects": GOOD + GOOD,
    "a trailing comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b'{"a": 1} // b',
    "a form": b"applicant=a&claims=b",
    "XML": b"<?xml version='1.0'?><a/>",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "GBK": GOOD.decode().encode("gb18030"),
    "invalid UTF-8": b'{"channel": "\xff\xfe"}',
    "an overlong NUL": b'{"channel": "\xc0\x80"}',
    "a lone surrogate in UTF-8": b'{"channel": "\xed\xa0\x80"}',
    "a lone surrogate escaped": b'{"channel": "\\ud800"}',
    "surrogates in the wrong order": b'{"channel": "\\udc00\\ud800"}',
    "a raw control character": b'{"channel": "a\x00b"}',
    "a raw newline in a string": b'{"channel": "a\nb"}',
    "NaN": b'{"claims": NaN}',
    "Infinity": b'{"claims": -Infinity}',
    "10,000 arrays": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "500,000 open brackets": b"[" * 500_000,
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "bytes": bytes(range(256)),
    "a hexadecimal number": b'{"a": 0x1F}',
    "a leading zero": b'{"a": 01}',
    "gzip": b"\x1f\x8b\x08\x00",
}


@pytest.mark.parametrize("case", NO_JSON)
def test_what_is_no_json_is_refused_as_such_everywhere(services: dict[str, Web], case: str) -> None:
    for service, path in (("intake", APPLICATIONS), ("intake", "/v1/drafts"), ("query", LOOKUPS)):
        if service == "query" and len(NO_JSON[case]) > 64 * 1024:
            problem(post(services[service], NO_JSON[case], path), 413, "body_too_large")
        else:
            problem(post(services[service], NO_JSON[case], path), 400, "malformed_json")


@pytest.mark.parametrize("raw", [b"[]", b"[{}]", b"5", b'"text"', b"null", b"true", b"1e300"])
def test_json_that_is_no_object_is_refused(services: dict[str, Web], raw: bytes) -> None:
    assert faults(post(services["intake"], raw)) == {"": "wrong_type"}
    assert faults(post(services["query"], raw, LOOKUPS)) == {"": "wrong_type"}
    problem(post(services["intake"], raw, "/v1/drafts"), 400, "malformed_json")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/xml", "application/x-www-form-urlencoded", "json",
     "multipart/form-data; boundary=x", "application/json-patch+json", "application/octet-stream"],
)  # fmt: skip
def test_another_content_type_is_refused(services: dict[str, Web], content_type: str) -> None:
    for service, path in (("intake", APPLICATIONS), ("intake", "/v1/drafts"), ("query", LOOKUPS)):
        response = post(services[service], GOOD, path, content_type=content_type)
        problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("size, status", [(1024 * 1024 + 1, 413), (8 * 1024 * 1024, 413)])
def test_a_body_over_the_limit_is_refused(intake: Web, size: int, status: int) -> None:
    padded = b" " * (size - len(GOOD)) + GOOD
    for path in (APPLICATIONS, "/v1/drafts"):
        problem(post(intake, padded, path), status, "body_too_large")


def test_a_body_of_exactly_the_limit_is_read(intake: Web) -> None:
    assert faults(post(intake, b" " * (1024 * 1024 - 2) + b"{}"))["/claims"] == "required"


# --- values that are wrong -------------------------------------------------------------------

WRONG_TYPES: list[Any] = [5, 5.5, True, "text", [], {}, [[]], [{}], {"a": MARK}, [MARK]]
SECTIONS = ["applicant", "respondents", "submit_division", "employment", "dispute", "claims",
            "attachments", "consents", "channel", "applicant_role", "tips_accepted_at"]  # fmt: skip
FITTING: dict[str, Any] = {"employment": {}, "attachments": [], "channel": "text"}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_of_the_wrong_type_is_refused_at_its_place(intake: Web, section: str) -> None:
    for value in WRONG_TYPES:
        if value == FITTING.get(section):
            continue
        found = faults(intake.call("POST", APPLICATIONS, an_application({f"/{section}": value})))
        assert any(pointer.startswith(f"/{section}") for pointer in found), (value, found)


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of a form with its pointer."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from leaves(inner, f"{pointer}/{key}")
    elif value is not None:
        yield pointer, value


LEAVES = dict(leaves(an_application()))


@pytest.mark.parametrize("pointer", LEAVES)
def test_a_field_of_the_wrong_type_is_refused_at_its_place(intake: Web, pointer: str) -> None:
    wrong: list[Any] = [{}, {"a": MARK}, [1], [[MARK]]]
    wrong += [MARK, ""] if not isinstance(LEAVES[pointer], str) else [5, True, 1.5]
    for value in wrong:
        if value == "":
            continue  # a blank is no value, and most fields need none
        response = intake.call("POST", APPLICATIONS, an_application({pointer: value}))
        assert pointer in faults(response), (pointer, value)


@pytest.mark.parametrize(
    "pointer, value, code",
    [
        ("/applicant_role", "boss", "unknown_value"),
        ("/applicant/gender", "X", "unknown_value"),
        ("/applicant/party_type", "robot", "unknown_value"),
        ("/applicant/id_type", "library_card", "unknown_value"),
        ("/channel", "Not A Slug", "unknown_value"),
        ("/dispute/category", "weather", "unknown_value"),
        ("/submit_division/county_code", "000000", "unknown_division"),
        ("/submit_division/township_code", "370102999", "unknown_division"),
        ("/submit_division/township_code", "110101001", "unknown_division"),
        ("/claims/0/amount_cny", -1, "out_of_range"),
        ("/claims/0/amount_cny", 1e30, "out_of_range"),
        ("/claims/0/amount_cny", 0.001, "too_precise"),
        ("/claims/0/amount_cny", "1e5", "wrong_type"),
        ("/attachments/0/size_bytes", 0, "out_of_range"),
        ("/attachments/0/size_bytes", -(2**63), "out_of_range"),
        ("/attachments/0/size_bytes", 2**64 - 1, "out_of_range"),
        ("/attachments/0/size_bytes", 1.5, "wrong_type"),
        ("/attachments/0/file_name", "../../etc/passwd", "bad_file_name"),
        ("/attachments/0/file_name", "C:\\a.exe", "bad_file_name"),
        ("/applicant/name", "王\x00小", "invalid_character"),
        ("/applicant/name", "王\x1b[31m小", "invalid_character"),
        ("/applicant/name", "王\ufffe", "invalid_character"),
        ("/applicant/name", "王" * 201, "too_long"),
        ("/dispute/facts_and_reasons", "一\x00二", "invalid_character"),
        ("/dispute/facts_and_reasons", "字" * 20_001, "too_long"),
        ("/employment/started_on", "2021-02-30", "not_a_date"),
        ("/employment/started_on", "0001-01-01", "not_a_date"),
        ("/employment/started_on", "2999-01-01", "in_future"),
        ("/employment/started_on", 20210305, "wrong_type"),
        ("/applicant/child_birth_date", "2999-01-01", "in_future"),
        ("/employment/monthly_wage_cny", "七千八", "wrong_type"),
        ("/applicant/email", "a@b", "bad_format"),
        ("/applicant/email", "a@example.com\nBcc: b@example.com", "bad_format"),
        ("/applicant/phone", "123", "phone_format"),
        ("/applicant/phone", "9" * 500, "phone_format"),
        ("/applicant/id_number", "37010219850615001X", "id_checksum"),
        ("/applicant/id_number", "$ne", "id_format"),
        ("/respondents/0/uscc", "91370102MAEX000010", "uscc_checksum"),
        ("/tips_accepted_at", "yesterday", "not_a_time"),
        ("/consents/truthfulness", "true", "wrong_type"),
        ("/consents/truthfulness", 1, "wrong_type"),
        ("/consents/personal_information", False, "consent_required"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_code(
    intake: Web, pointer: str, value: Any, code: str
) -> None:
    found = faults(intake.call("POST", APPLICATIONS, an_application({pointer: value})))
    assert found == {pointer: code}


@pytest.mark.parametrize(
    "number, code",
    [(b"1e400", None), (b"-1e400", None), (b"1e30", "out_of_range"), (b"1" + b"0" * 400, None),
     (b"123456789012345678901234567890", "out_of_range"), (b"1e-400", "")],
)  # fmt: skip
def test_numbers_no_machine_holds_are_refused(intake: Web, number: bytes, code: str | None) -> None:
    raw = orjson.dumps(an_application({"/claims/0/amount_cny": 4711, "/claims/0/text": ""}))
    response = post(intake, raw.replace(b"4711", number))
    if code is None:
        problem(response, 400, "malformed_json")
    else:
        found = faults(response)
        assert found.pop("/claims/0/text") == "required"
        assert found == ({"/claims/0/amount_cny": code} if code else {})


@pytest.mark.parametrize("name", ["extra", "$where", "a.b", "__proto__", "~/", "", "字" * 500])
def test_a_field_nobody_asked_for_is_named(intake: Web, name: str) -> None:
    shown = {"~/": "~0~1", "字" * 500: None}.get(name, name)
    for section in ("", "/applicant", "/claims/0"):
        body = an_application()
        inner: Any = body
        for part in section.split("/")[1:]:
            inner = inner[int(part)] if part.isdigit() else inner[part]
        inner[name] = 1
        expected = section if shown is None else f"{section}/{shown}"
        assert faults(intake.call("POST", APPLICATIONS, body)) == {expected: "unknown_field"}


def test_thousands_of_faults_are_cut_to_a_readable_number(intake: Web) -> None:
    body = an_application() | {f"field_{n}": n for n in range(20_000)}
    assert 0 < len(faults(intake.call("POST", APPLICATIONS, body))) <= 200


@pytest.mark.parametrize(
    "pointer, count", [("/claims", 31), ("/respondents", 21), ("/attachments", 21)]
)
def test_lists_have_an_end(intake: Web, pointer: str, count: int) -> None:
    section = pointer[1:]
    body = an_application()
    body[section] = body[section] * count
    found = faults(intake.call("POST", APPLICATIONS, body))
    assert found[pointer] == "too_many"


def test_of_members_with_the_same_name_the_last_counts(intake: Web) -> None:
    twice = GOOD[:-1] + b', "claims": []}'
    assert faults(post(intake, twice)) == {"/claims": "required"}


# --- paths, methods, headers -----------------------------------------------------------------

PATHS = ["/", "/v1", "/v1/applications/", "/v1/nothing", "/v2/applications", "//v1/applications",
         "/v1//applications", "/v1/applications/../drafts", "/v1/applications;a=b", "/admin",
         "/v1/applications%00", "/V1/APPLICATIONS", "/.git/config", "/%2e%2e/%2e%2e/etc/passwd",
         f"/{MARK}", "/" + "a" * 5000]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_nowhere_is_not_found(services: dict[str, Web], path: str) -> None:
    for web in services.values():
        response = web.call("GET", path)
        if path == "/v1/applications/" and web.name == "intake":
            problem(response, 405, "method_not_allowed")
        else:
            problem(response, 404, "not_found")
        assert response.headers["Content-Language"] == "zh-CN"


@pytest.mark.parametrize(
    "serial_number",
    ["1", "a", "..", "%2e%2e", "%00", "2634626885086477%00", "2634626885086478", "$ne", "0" * 16,
     "９" * 16, "1" * 5000, "%ff", "%F0%9F%98%80", "2634626885086477%1b", "'or'1'='1", MARK],
)  # fmt: skip
def test_a_serial_number_that_is_none_is_refused(
    services: dict[str, Web], serial_number: str
) -> None:
    holder = {"X-Query-Code": "ABCD-EFGH"}
    for web, path in (
        (services["intake"], f"/v1/applications/{serial_number}/receipt"),
        (services["intake"], f"/v1/applications/{serial_number}/attachments/0"),
        (services["query"], f"/v1/progress/{serial_number}"),
    ):
        response = web.call("GET", path, headers=holder)
        if serial_number in ("..", "%2e%2e"):
            assert response.status_code in (404, 422)
        else:
            problem(response, 422, "serial_checksum")


def test_slashes_in_a_serial_number_lead_nowhere(services: dict[str, Web]) -> None:
    for tricky in ("%2f", "..%2f..", f"{UNKNOWN}/../x", "a%2fb"):
        problem(services["query"].call("GET", f"/v1/progress/{tricky}"), 404, "not_found")


@pytest.mark.parametrize(
    "service, method, path, allowed",
    [
        ("intake", "GET", APPLICATIONS, {"POST"}),
        ("intake", "DELETE", APPLICATIONS, {"POST"}),
        ("intake", "POST", f"{APPLICATIONS}/{UNKNOWN}/receipt", {"GET"}),
        ("intake", "PATCH", "/v1/drafts/x", {"GET", "PUT", "DELETE"}),
        ("intake", "POST", f"{APPLICATIONS}/{UNKNOWN}/attachments/0", {"GET", "PUT"}),
        ("query", "POST", f"/v1/progress/{UNKNOWN}", {"GET"}),
        ("query", "PUT", "/v1/policies", {"GET"}),
        ("query", "TRACE", "/v1/divisions", {"GET"}),
        ("notify", "POST", "/v1/messages", {"GET"}),
        ("notify", "PROPFIND", "/v1/messages", {"GET"}),
    ],
)
def test_another_method_is_refused_with_those_there_are(
    services: dict[str, Web], service: str, method: str, path: str, allowed: set[str]
) -> None:
    response = services[service].call(method, path)
    problem(response, 405, "method_not_allowed")
    assert allowed <= set(response.headers["Allow"].split(", "))
    assert method not in response.headers["Allow"]


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b.c", "Bearer ..", "Bearer \xff\xfe",
     "Bearer " + "a" * 100_000, "bearer eyJhbGciOiJub25lIn0.e30.", "Bearer a b", "token",
     "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImRldmVsb3BtZW50LSJ9.eyJyb2xlIjoiYXBwbGljYW50In0.AAAA",
     "Bearer W10.W10.W10", "Bearer bnVsbA.bnVsbA.AA", f"Bearer {MARK.encode().decode('latin-1')}"],
)  # fmt: skip
def test_credentials_that_are_none_are_refused_even_where_none_are_needed(
    services: dict[str, Web], credentials: str
) -> None:
    headers = {"Authorization": credentials}
    for response in (
        services["intake"].call("POST", APPLICATIONS, an_application(), headers=headers),
        services["query"].call("GET", "/v1/my/cases", headers=headers),
        services["query"].call("GET", "/v1/divisions", headers=headers),
        services["notify"].call("GET", "/v1/messages", headers=headers),
    ):
        problem(response, 401, "unauthorised")
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Query-Code": "A" * 60_000},
        {"X-Query-Code": ""},
        {"X-Query-Code": "\xff\xfe"},
        {"X-Request-Id": "a" * 60_000},
        {"X-Request-Id": "a b\tc"},
        {"Traceparent": "00-" + "0" * 60_000},
        {"Accept-Language": "en," * 20_000},
        {"Accept-Language": "en;q=9;q=zz,,;;,*"},
        {"If-Match": "*" * 60_000},
        {"X-Forwarded-For": "1.2.3.4, " * 5000},
    ],
)
def test_headers_of_any_size_and_form_do_no_harm(
    services: dict[str, Web], headers: dict[str, str]
) -> None:
    for response in (
        services["intake"].call("POST", APPLICATIONS, {}, headers=headers),
        services["query"].call("GET", f"/v1/progress/{UNKNOWN}", headers=headers),
        services["notify"].call("GET", "/v1/messages", headers=headers),
    ):
        assert response.status_code in (401, 404, 422)
        assert response.content_type == "application/problem+json"
        assert len(response.headers["X-Request-Id"]) <= 64


def test_an_idempotency_key_of_any_size_is_judged_not_stored(intake: Web) -> None:
    headers = {"Idempotency-Key": "k" * 60_000}
    response = intake.call("POST", APPLICATIONS, an_application(), headers=headers)
    problem(response, 422, "idempotency_key_invalid")


# --- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, pointer, code",
    [
        ("/v1/organisations", "/division", "required"),
        ("/v1/organisations?division=", "/division", "required"),
        ("/v1/organisations?division=999999", "/division", "unknown_division"),
        (f"/v1/organisations?division={MARK}", "/division", "unknown_division"),
        ("/v1/organisations?division=" + "3" * 5000, "/division", "too_long"),
        ("/v1/organisations?division[$ne]=1", "/division[$ne]", "unknown_field"),
        ("/v1/divisions?parent=1", "/parent", "unknown_division"),
        ("/v1/divisions?parent=%00", "/parent", "invalid_character"),
        ("/v1/divisions?page=1", "/page", "unknown_field"),
        ("/v1/policies?page=-1", "/page", "wrong_type"),
        ("/v1/policies?page=99999999999999999999", "/page", "wrong_type"),
        ("/v1/policies?page=10001", "/page", "out_of_range"),
        ("/v1/policies?page=１２３x", "/page", "wrong_type"),
        ("/v1/policies?in_force=yes", "/in_force", "wrong_type"),
        ("/v1/policies?in_force=1", "/in_force", "wrong_type"),
        ("/v1/policies?order=date", "/order", "unknown_field"),
        ("/v1/policies?sort=colour", "/sort", "unknown_value"),
        ("/v1/policies?as_of=2024-02-30", "/as_of", "not_a_date"),
        (
            "/v1/policies?effective_from=2024-02-01&effective_to=2024-01-31",
            "/effective_to",
            "before_start",
        ),
        ("/v1/policies?q=a%00b", "/q", "invalid_character"),
        ("/v1/policies?q=" + "a" * 20_001, "/q", "too_long"),
        ("/v1/policies/suggest?prefix=a", "/prefix", "unknown_field"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_at_its_parameter(
    query: Web, path: str, pointer: str, code: str
) -> None:
    found = faults(query.call("GET", path))
    assert found[pointer] == code


@pytest.mark.parametrize(
    "body, pointer, code",
    [
        ({}, "/serial_number", "required"),
        ({"serial_number": UNKNOWN}, "/query_code", "required"),
        ({"serial_number": UNKNOWN, "phone_last4": "12"}, "/phone_last4", "bad_format"),
        ({"serial_number": UNKNOWN, "phone_last4": 1234}, "/phone_last4", "wrong_type"),
        ({"serial_number": UNKNOWN, "phone_last4": {"$ne": 1}}, "/phone_last4", "wrong_type"),
        ({"serial_number": 5, "query_code": "A"}, "/serial_number", "wrong_type"),
        ({"serial_number": {"$gt": ""}, "query_code": "A"}, "/serial_number", "wrong_type"),
        ({"serial_number": UNKNOWN, "query_code": "A" * 65}, "/query_code", "too_long"),
        ({"serial_number": UNKNOWN, "query_code": "A", "name": MARK}, "/name", "unknown_field"),
    ],
)
def test_a_lookup_that_cannot_be_is_refused_at_its_field(
    query: Web, body: Any, pointer: str, code: str
) -> None:
    assert faults(query.call("POST", LOOKUPS, body)) == {pointer: code}


@pytest.mark.parametrize(
    "path", ["/v1/policies/x", "/v1/policies/%00", f"/v1/policies/{MARK}", "/v1/policies/$ne",
             "/v1/policies/x/articles/1", "/v1/policies/x/articles/%ff", "/v1/policies/" + "a" * 9000],
)  # fmt: skip
def test_a_policy_there_is_not_is_not_found(query: Web, path: str) -> None:
    problem(query.call("GET", path), 404, "not_found")


def test_no_warning_is_given_on_the_way(intake: Web) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem(post(intake, b"\xff" * 100), 400, "malformed_json")
