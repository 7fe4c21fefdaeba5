"""Where the QR code of a receipt leads: the page of a case over HTTP, from the number to the rest."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from services.query.store import ReadModels
from shared.errors import Transient
from shared.serial import new_serial
from tests.builders.applications import an_application
from tests.builders.histories import HANDED, NUMBER
from tests.builders.notices import MEDIATOR
from tests.builders.parties import CODE, FIRST_CODE, LAST4, learn
from tests.web import Web

UNKNOWN = new_serial(2026, "1" * 12)


def page(response: Any, status: int = 200) -> str:
    """The page, which may run and load nothing."""
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    return str(response.get_data(as_text=True))


def get(web: Web, path: str, **more: Any) -> Any:
    return web.call("GET", path, **more)


def send(web: Web, factor: str, number: str = NUMBER, address: str = "203.0.113.7") -> Any:
    return web.app.test_client().post(
        f"/progress/{number}", data={"factor": factor}, environ_base={"REMOTE_ADDR": address}
    )


def test_the_qr_code_of_a_receipt_leads_to_the_page_of_its_case(intake: Web, query: Web) -> None:
    receipt = intake.call("POST", "/v1/applications", an_application()).get_json()
    path = receipt["links"]["page"].removeprefix("http://localhost:8000")
    assert path == f"/progress/{receipt['serial_number']}"
    learn(query, HANDED)
    html = page(get(query, path.replace(receipt["serial_number"], NUMBER)))
    assert "已指派调解员，等待初审" in html
    assert "2634 6268 8508 6477" in html
    assert MEDIATOR["name"] not in html


@pytest.mark.parametrize("typed", ["2634 6268 8508 6477", "二六三四六二六八八五〇八六四七七", f"流水号：{NUMBER}"])  # fmt: skip
def test_a_number_typed_in_any_way_leads_there_too(query: Web, typed: str) -> None:
    learn(query, HANDED)
    assert "查询办理进度" in page(get(query, "/progress"))
    html = page(get(query, f"/progress?serial_number={quote(typed)}&lang=zh&from=singlemessage"))
    assert f'action="/progress/{NUMBER}?lang=zh"' in html


@pytest.mark.parametrize("factor", [CODE, "k7rm-2pxa", LAST4, "００１１"])
def test_the_second_factor_shows_the_rest_in_the_same_page(query: Web, factor: str) -> None:
    learn(query, HANDED)
    html = page(send(query, factor))
    assert MEDIATOR["name"] in html
    (calendar,) = re.findall(r'href="(/v1/progress/\S+/calendar\.ics\?ticket=[^"]+)"', html)
    assert get(query, calendar).mimetype == "text/calendar"


@pytest.mark.parametrize(
    "typed", ["1380000{}", "138 0000 {}", "138-0000-{}", "+86 138 0000 {}", "(010) 8888–{}", "１３８００００{}"]
)  # fmt: skip
def test_of_a_whole_phone_number_the_last_digits_are_taken(query: Web, typed: str) -> None:
    learn(query, HANDED)
    assert MEDIATOR["name"] in page(send(query, typed.format(LAST4)))
    page(send(query, typed.format("9999")), 403)


@pytest.mark.parametrize("factor", ["ABCDEFGH", "9999", FIRST_CODE, "x" * 64, "'; --", "\u202e"])
def test_a_wrong_factor_is_told_above_what_everybody_may_see(query: Web, factor: str) -> None:
    learn(query, HANDED)
    html = page(send(query, factor), 403)
    assert "查询码不正确或已过期" in html
    assert MEDIATOR["name"] not in html
    assert 'name="factor"' in html


def test_nothing_typed_shows_what_everybody_may_see(query: Web) -> None:
    learn(query, HANDED)
    assert 'name="factor"' in page(send(query, "  "))


def test_wrong_factors_on_the_page_are_counted_with_all_others(query: Web) -> None:
    learn(query, HANDED)
    for _ in range(5):
        page(send(query, "ABCDEFGH"), 403)
    locked = send(query, CODE)
    assert "请在15分钟后再试" in page(locked, 429)
    assert int(locked.headers["Retry-After"]) > 800
    asked = query.call("GET", f"/v1/progress/{NUMBER}", headers={"X-Query-Code": CODE})
    assert asked.status_code == 429


def test_a_mistyped_number_is_told_as_what_it_is_and_kept_to_be_put_right(query: Web) -> None:
    html = page(get(query, f"/progress/{NUMBER[:-1]}"), 422)
    assert "少了1位" in html
    assert f'value="{NUMBER[:-1]}"' in html
    html = page(get(query, f"/progress?serial_number={NUMBER[:-1]}8&lang=en"), 422)
    assert "Probably one digit is wrong" in html
    html = page(get(query, "/progress/%3Cscript%3E"), 422)
    assert "<script>" not in html


def test_an_unknown_number_is_a_page_too(query: Web) -> None:
    assert "没有找到该流水号" in page(get(query, f"/progress/{UNKNOWN}"), 404)
    assert "没有找到该流水号" in page(send(query, CODE, UNKNOWN), 404)


def test_the_page_speaks_the_language_that_is_asked_for(query: Web) -> None:
    learn(query, HANDED)
    path = f"/progress/{NUMBER}"
    assert '<html lang="zh-CN">' in page(get(query, path))
    english = {"Accept-Language": "en-GB"}
    assert "What happens next" in page(get(query, path, headers=english))
    assert "接下来" in page(get(query, f"{path}?lang=zh", headers=english))
    assert "What happens next" in page(get(query, f"{path}?lang=en"))


def test_without_a_database_a_page_says_so(query: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: ReadModels, __: str) -> None:
        raise Transient("away")

    monkeypatch.setattr(ReadModels, "progress", away)
    response = get(query, f"/progress/{NUMBER}")
    assert "服务暂时不可用" in page(response, 503)
    assert int(response.headers["Retry-After"]) > 0
