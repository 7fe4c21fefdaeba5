"""The schema language by itself: a small body with one field of every kind."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, ValidationError, pre_load

from shared.contracts.compiled import compile_schema, reader
from shared.contracts.faults import WORDING, Fault, by_place, fault
from shared.contracts.fields import (
    Amount,
    Choice,
    Code,
    Count,
    Date,
    Detail,
    Doubt,
    Email,
    Flag,
    Moment,
    Part,
    Parts,
    Slug,
    Str,
    latest,
)
from shared.contracts.schema import MAX_ERRORS, Body, parse_json, read
from shared.errors import FieldError, Refused, Text

TODAY = date(2026, 11, 21)
NO_PAGES = Text("请至少写一页", "Write at least one page")


class Page(Body):
    number = Count("页码", least=1, most=999, required=True)
    words = Str("文字", 100, lines=True)


def nothing_free(book, today):
    if book.get("price") == 0:
        yield FieldError("/price", "free", Text("不能免费", "Not for free"))
    if today.year < 2000 or not book.get("title"):
        yield FieldError("/title", "required", Text("无题", "No title"))


class Book(Body):
    title = Str("书名", 20, required=True)
    shelf = Code("架号", "[A-Z]{2}[0-9]{3}", upper=True, compact=True)
    mark = Code("印记", ".+", upper=True, compact=True)
    genre = Slug("体裁", ("novel", "poem"))
    binding = Choice("装订", ("精装", "soft"))
    lent = Flag("借出")
    price = Amount("定价", most=10_000)
    copies = Count("册数", most=50)
    printed_on = Date("出版日期", past=True)
    due_on = Date("归还日期")
    scanned_at = Moment("扫描时间")
    publisher = Email("出版社邮箱")
    origin = Detail("来源", 30)
    cover = Part("封面", Page)
    pages = Parts("页", Part("页", Page), most=3, required=True, missing=NO_PAGES)
    labels = Parts("标签", Slug("标签"), most=2)
    rules = (nothing_free,)


BOOK = Book()
ACCEPT = compile_schema(BOOK)
READ_FAST = reader(BOOK)


def a_book(**changes):
    return {"title": "边城", "pages": [{"number": 1}]} | changes


FULL = a_book(
    shelf="AB123",
    mark="A1",
    genre="novel",
    binding="精装",
    lent=False,
    price=35.5,
    copies=3,
    printed_on="2020-02-29",
    due_on="2030-01-01",
    scanned_at="2026-01-31T08:30:00+08:00",
    publisher="press@example.com",
    origin="捐赠",
    cover={"number": 1, "words": "第一行\n第二行"},
    labels=["old", "rare"],
)


def errors_of(body):
    with pytest.raises(Refused) as refusal:
        read(BOOK, body, TODAY)
    return [(error.pointer, error.code) for error in refusal.value.errors]


def only_error_of(**changes):
    [error] = errors_of(a_book(**changes))
    return error


def test_a_clean_body_comes_out_as_it_went_in():
    assert read(BOOK, FULL, TODAY) == FULL
    assert list(read(BOOK, FULL, TODAY)) == list(ACCEPT(FULL, "2026-11-21"))


@pytest.mark.parametrize(
    "field,typed,kept",
    [
        ("title", "  边城\u3000", "边城"),
        ("title", "边\t\r\n城", "边 城"),
        ("title", "\ufeff边\u200b城\u202e", "边城"),
        ("shelf", " ａｂ-１ ２３", "AB123"),
        ("genre", "ｎｏｖｅｌ", "novel"),
        ("binding", " 精装", "精装"),
        ("price", "１，２００.５", 1200.5),
        ("price", "35", 35),
        ("copies", "０３", 3),
        ("copies", 3.0, 3),
        ("printed_on", "２０２０/2/29", "2020-02-29"),
        ("printed_on", "2020年2月9日", "2020-02-09"),
        ("printed_on", "2026-11-21", "2026-11-21"),
        ("due_on", "2030.1.1", "2030-01-01"),
        ("scanned_at", "2026-01-31 08:30", "2026-01-31T08:30:00+08:00"),
        ("scanned_at", "2026-01-31t08:30:00z", "2026-01-31T08:30:00Z"),
        ("publisher", " press@example.com", "press@example.com"),
        ("shelf", " ", None),
        ("lent", "", None),
        ("origin", " \n", None),
        ("origin", 5, 5),
        ("origin", True, True),
        ("cover", None, None),
        ("cover", {"number": 1, "words": "一\r\n二\t三"}, {"number": 1, "words": "一\n二\t三"}),
    ],
)
def test_what_people_type_is_normalised(field, typed, kept):
    value = read(BOOK, a_book(**{field: typed}), TODAY)[field]
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    "field,typed,code",
    [
        ("title", None, "required"),
        ("title", " \u3000\u200b", "required"),
        ("title", 5, "wrong_type"),
        ("title", ["边城"], "wrong_type"),
        ("title", "字" * 21, "too_long"),
        ("title", "边\x00城", "invalid_character"),
        ("title", "边\x1b城", "invalid_character"),
        ("title", "边\ud800", "invalid_character"),
        ("title", "边\uffff", "invalid_character"),
        ("shelf", "AB12", "bad_format"),
        ("shelf", "AB１２x", "bad_format"),
        ("shelf", "AB1\x0023", "invalid_character"),
        ("shelf", 123, "wrong_type"),
        ("genre", "Novel", "unknown_value"),
        ("genre", "n" * 65, "unknown_value"),
        ("binding", "平装", "unknown_value"),
        ("binding", {"精装": 1}, "wrong_type"),
        ("lent", "true", "wrong_type"),
        ("lent", 1, "wrong_type"),
        ("price", -1, "out_of_range"),
        ("price", 10_001, "out_of_range"),
        ("price", 10**400, "out_of_range"),
        ("price", math.nan, "wrong_type"),
        ("price", math.inf, "out_of_range"),
        ("price", True, "wrong_type"),
        ("price", "1,2", "wrong_type"),
        ("price", "许多", "wrong_type"),
        ("price", 1.234, "too_precise"),
        ("copies", 1.5, "wrong_type"),
        ("copies", 51, "out_of_range"),
        ("printed_on", "2023-02-29", "not_a_date"),
        ("printed_on", "2026-11-22", "in_future"),
        ("printed_on", "1899-12-31", "not_a_date"),
        ("printed_on", "2020-W01-1", "not_a_date"),
        ("printed_on", 20200101, "wrong_type"),
        ("scanned_at", "2026-01-31", "not_a_time"),
        ("scanned_at", "2026-01-31T25:00:00Z", "not_a_time"),
        ("publisher", "press@", "bad_format"),
        ("origin", {"a": 1}, "wrong_type"),
        ("origin", "字" * 31, "too_long"),
        ("cover", [], "wrong_type"),
        ("pages", [], "required"),
        ("pages", None, "required"),
        ("pages", {"0": 1}, "wrong_type"),
        ("pages", [{"number": 1}] * 4, "too_many"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_code(field, typed, code):
    assert only_error_of(**{field: typed}) == (f"/{field}", code)


def test_all_errors_of_a_body_come_together_in_order_of_place():
    body = {
        "shelf": "?",
        "price": -1,
        "pages": [{"number": 1}, {"number": 0, "words": "\x07"}, None, 5, {}],
        "colour": "red",
    }
    assert errors_of(body) == [
        ("/colour", "unknown_field"),
        ("/pages", "too_many"),
        ("/price", "out_of_range"),
        ("/shelf", "bad_format"),
        ("/title", "required"),
    ]
    body["pages"] = [{"number": 0, "words": "\x07"}, None, {"number": 2, "x/~y": 1}]
    assert errors_of(body)[1:5] == [
        ("/pages/0/number", "out_of_range"),
        ("/pages/0/words", "invalid_character"),
        ("/pages/1", "required"),
        ("/pages/2/x~1~0y", "unknown_field"),
    ]


@pytest.mark.parametrize("body", [None, [], "边城", 5, True])
def test_a_body_that_is_no_object_is_one_error(body):
    assert errors_of(body) == [("", "wrong_type")]


def test_a_rule_speaks_of_clean_fields_only():
    assert errors_of(a_book(price=0)) == [("/price", "free")]
    assert errors_of(a_book(title=7)) == [("/title", "wrong_type")]


def test_a_field_may_say_in_its_own_words_that_it_is_missing():
    with pytest.raises(Refused) as refusal:
        read(BOOK, a_book(pages=[]), TODAY)
    assert refusal.value.errors == (FieldError("/pages", "required", NO_PAGES),)


def test_a_fault_of_many_errors_is_bounded_and_long_names_are_not_repeated():
    flood = {f"field_{n}": n for n in range(1000)} | {"x" * 65: 1}
    errors = errors_of(a_book(**flood))
    assert len(errors) == MAX_ERRORS
    assert ("", "unknown_field") in errors


def test_messages_never_quote_the_value():
    secret = "1101011990"
    with pytest.raises(Refused) as refusal:
        read(BOOK, dict.fromkeys(FULL, secret), TODAY)
    assert len(refusal.value.errors) > 8
    assert not any(secret in text for e in refusal.value.errors for text in e.message)


def test_today_is_forgotten_after_reading():
    before = latest.get()
    errors_of(a_book(printed_on="2030-01-01"))
    assert latest.get() == before


def test_every_code_is_worded_in_both_languages():
    for code, text in WORDING.items():
        worded = fault(code, 1, 2)
        assert text.zh
        assert text.en
        assert "{" not in worded.message.zh + worded.message.en


def test_indexes_sort_as_numbers():
    places = [FieldError(f"/pages/{n}", "x", NO_PAGES) for n in (10, 2)]
    assert [error.pointer for error in sorted(places, key=by_place)] == ["/pages/2", "/pages/10"]


# The fast path ----------------------------------------------------------------------------------

JUNK = [
    None, True, False, 0, 1, -1, 3.5, 1.234, 10**30, -0.0, math.nan, math.inf, "", " ", "a", "A",
    "边城", "边城\n", "\n边城", " 边城", "边\u3000城", "边\x00", "\ud800", "\u200b", "\xad", "AB123",
    "ab123", "AB-123", "ＡＢ１２３", "AB123\n", "novel", "novel ", "精装", "2020-02-29", "2021-02-29",
    "2030-01-01", "20200229", "2020-W09-6", "２０２０-02-29", "1899-12-31", "2026-11-21", "2026-11-22",
    "2026-01-31T08:30:00+08:00", "2026-01-31T08:30:00", "a@example.com", "A@ｅxample.com", "35",
    "字" * 20, "字" * 21, [], {}, [[]], [None], ["old"], ["old", "old", "old"], ["Old"], [{}],
    {"number": 1}, {"number": "１"}, {"number": 1, "words": "一\n二"}, {"number": 1, "x": 1},
    [{"number": 1}], [{"number": 1}] * 4, [{"number": 1}, None], [{"number": 1, "words": " x"}],
]  # fmt: skip


def outcome(read_body, body):
    try:
        return repr(read_body(body, TODAY))
    except Refused as refusal:
        return refusal.errors


@pytest.mark.parametrize("field", [*FULL, "colour"])
def test_the_fast_path_gives_what_the_declaration_gives_for_any_junk_in_any_field(field):
    for junk in JUNK:
        body = FULL | {field: junk}
        plain = outcome(lambda body, today: read(BOOK, body, today), body)
        assert outcome(READ_FAST, body) == plain, junk
        try:
            accepted = ACCEPT(body, TODAY.isoformat())
        except Doubt:
            continue
        assert repr(BOOK.load(body)) == repr(accepted)


@pytest.mark.parametrize("field", FULL)
def test_the_fast_path_notices_what_is_absent(field):
    body = {key: value for key, value in FULL.items() if key != field}
    plain = outcome(lambda body, today: read(BOOK, body, today), body)
    assert outcome(READ_FAST, body) == plain


def test_the_fast_path_accepts_clean_bodies_without_asking_the_declaration():
    assert ACCEPT(FULL, "2026-11-21") == FULL
    assert ACCEPT(a_book(shelf=None), "2026-11-21") == a_book(shelf=None)


def test_a_body_may_ignore_what_it_does_not_know():
    class Open(Page):
        class Meta:
            unknown = EXCLUDE

    body = {"number": 1, "colour": "red"}
    assert compile_schema(Open())(body, "") == read(Open(), body, TODAY) == {"number": 1}


def test_a_declaration_that_generated_code_could_not_follow_is_refused_at_once():
    class Renamed(Body):
        title = Str("书名", 20, data_key="name")

    class Hooked(Page):
        @pre_load
        def change(self, body, **_):
            return body

    for schema in (Renamed(), Hooked()):
        with pytest.raises(TypeError):
            compile_schema(schema)


def test_a_field_of_another_kind_is_read_by_its_declaration():
    class Shouted(Str):
        def _deserialize(self, value, *_, **__):
            if value == "quiet":
                raise ValidationError(Fault("quiet", NO_PAGES))
            return value.upper()

    class Call(Body):
        word = Shouted("话", 10, required=True)

    accept = compile_schema(Call())
    assert accept({"word": "hey"}, "") == {"word": "HEY"}
    with pytest.raises(Doubt):
        accept({"word": "quiet"}, "")


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text):
    body = a_book(title=text, cover={"number": 1, "words": text}, shelf=text)
    try:
        once = BOOK.load(body)
    except ValidationError:
        return
    assert BOOK.load(once) == once


# JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"a":1', b'{"a":NaN}', b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf{}", b"nul"],
)
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(Refused) as refusal:
        parse_json(raw)
    assert refusal.value.slug == "malformed_json"


def test_json_is_read_up_to_32_levels_deep():
    assert parse_json(b"[" * 32 + b"]" * 32)
    assert parse_json(b"[" + b"[[]]," * 20 + b'"[[[[["]')
    for raw in (b"[" * 33 + b"]" * 33, b'{"a":' * 33 + b"1" + b"}" * 33, b"[" * 900 + b"]" * 900):
        with pytest.raises(Refused) as refusal:
            parse_json(raw)
        assert refusal.value.slug == "malformed_json"


def test_a_body_over_the_limit_is_refused_before_it_is_read():
    assert parse_json(b"[1]", limit=3) == [1]
    with pytest.raises(Refused) as refusal:
        parse_json(b"[1,2]", limit=3)
    assert refusal.value.slug == "body_too_large"


def test_of_members_with_one_name_the_last_counts():
    assert parse_json(b'{"a": 1, "a": 2}') == {"a": 2}
