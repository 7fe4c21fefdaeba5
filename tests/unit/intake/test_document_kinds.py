"""Every document in words, as a page and as PDF."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.intake.document_kinds import KINDS, composed
from services.intake.pages.policy import content_security_policy
from services.intake.pages.printing import render_page, render_pdf
from services.intake.receipt_sheet import composed_receipt
from shared.contracts.sources import SOURCES
from shared.contracts.vocabulary import DOCUMENTS
from tests.builders.applications import (
    a_collective_application,
    a_foreign_teacher,
    a_riders_application,
    an_agent,
    an_application,
    an_employers_application,
    with_agent,
)
from tests.builders.documents import (
    APPLICANT,
    AT,
    CASE_NUMBER,
    HASH,
    ORGANISATION,
    SAID,
    STATED,
    TEXT,
    a_matter,
)

URL = "https://tiaojie.example"
HOSTILE = '</style><script>alert(1)</script>#image("x") *b* $x$ \\u{41} {{ 7 }} {applicant}'


@cache
def made(kind, builder=an_application):
    return composed(kind, a_matter(kind, builder()), HASH, URL)


@cache
def read(kind, builder=an_application):
    return PdfReader(io.BytesIO(render_pdf(made(kind, builder), AT)))


def words(reader):
    """The text of a PDF without spaces: where they stand is the typesetter's matter."""
    return "".join("".join(page.extract_text() for page in reader.pages).split())


def parts(document, kind):
    return [p for sheet in document["sheets"] for p in sheet["parts"] if p["part"] == kind]


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found, self.events, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.events += [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_can_be_read_in_its_pdf(kind):
    text = words(read(kind))
    for expected in (
        DOCUMENTS[kind].zh, "2634626885086477", CASE_NUMBER, ORGANISATION["name"],
        ORGANISATION["phone"], HASH, f"{URL}/progress/2634626885086477", "2026年11月24日",
    ):  # fmt: skip
        assert "".join(expected.split()) in text, expected
    assert re.search(r"第1页共\d页", text)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_said_in_the_case_stands_in_its_document(kind):
    text = words(read(kind))
    event = {k: e for e, k in _kinds().items()}[kind]
    for said in SAID[event].values():
        if isinstance(said, str) and not re.fullmatch("[a-z_]+", said):
            for line in said.splitlines():
                assert "".join(line.split()) in text


def _kinds():
    from tests.builders.documents import KIND_OF

    return KIND_OF


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("builder", [an_application, a_foreign_teacher, a_collective_application])
def test_no_placeholder_and_nothing_missing_is_printed(kind, builder):
    printed = str(made(kind, builder))
    assert not re.search(r"None\b(?!,|\])|\{[a-z_]+\}|Text\(|applicant_\d", printed)
    assert "。。" not in printed
    assert "，，" not in printed


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_runs_nothing_and_fetches_nothing(kind):
    page = render_page(made(kind))
    tags = Tags(page)
    assert tags.found.isdisjoint({"script", "img", "link", "iframe", "form", "object", "base"})
    assert tags.events == []
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in content_security_policy(page)


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_pdf_say_the_same(kind):
    shown = Tags(render_page(made(kind))).text
    pdf = words(read(kind))
    for sheet in made(kind)["sheets"]:
        for paragraph in (p for p in sheet["parts"] if p["part"] == "paragraph"):
            assert paragraph["text"] in shown
            assert "".join(paragraph["text"].split()) in pdf


@pytest.mark.parametrize("kind", KINDS)
def test_the_pdf_is_archivable_named_and_embeds_its_fonts(kind):
    reader = read(kind)
    assert reader.metadata is not None
    assert reader.metadata.title == DOCUMENTS[kind].zh
    catalogue = reader.trailer["/Root"]
    assert str(catalogue["/Lang"]).startswith("zh")
    assert "/StructTreeRoot" in catalogue
    xmp = catalogue["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part>2<", xmp)
    assert re.search(r"pdfuaid:part>1<", xmp)
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert "+" in font["/BaseFont"], "a subset"


def test_the_same_document_is_the_same_file_whenever_it_is_made():
    document = made("agreement")
    assert render_pdf(document, AT) == render_pdf(document, AT)


def test_documents_are_small():
    sizes = {kind: len(render_pdf(made(kind), AT)) for kind in KINDS}
    assert max(sizes.values()) < 300_000, sizes


# --- the agreement ---------------------------------------------------------------------------


def test_an_agreement_has_every_legal_part_in_order():
    headings = [p["text"] for p in parts(made("agreement"), "heading")]
    assert headings == [
        "一、当事人", "二、调解请求事项", "三、调解结果", "四、履行期限和方式", "五、保密", "六、效力",
        "七、不履行的处理", "八、仲裁审查和司法确认", "九、其他约定", "十、文本",
    ]  # fmt: skip


def test_an_agreement_names_parties_sums_days_and_remedies():
    text = words(read("agreement"))
    for expected in (
        "居民身份证号码", "统一社会信用代码", "10,000.00", "10,020.50", "2026年12月15日", "2027年1月15日",
        "汇入原工资卡", "支付令", "十五日内", "三十日内", "一式三份", "自2026年12月2日起生效",
        "《劳动争议调解仲裁法》第十四条、第十五条、第十六条", "第二百零五条",
    ):  # fmt: skip
        assert expected in text, expected


def test_signatures_carry_time_and_means():
    [block] = parts(made("agreement"), "signatures")
    done = {row["label"]: row["done"] for row in block["rows"]}
    assert done == {
        "申请人": "2026年12月1日10:00　凭码网上确认",
        "被申请人": "2026年12月1日14:00　当面",
        "调解员": "2026年12月2日10:00　实名登录确认",
        "调解组织": "2026年12月2日11:00　已盖章",
    }


def test_a_draft_has_room_for_every_signature_and_says_that_it_binds_nobody():
    draft = made("agreement_draft")
    [block] = parts(draft, "signatures")
    assert [row["label"] for row in block["rows"]] == ["申请人", "被申请人", "调解员", "调解组织"]
    assert all(row["done"] == "" for row in block["rows"])
    assert "尚未全部签署前不具有调解协议的效力" in str(draft)


def test_a_collective_agreement_states_each_share_and_the_consent_of_the_represented():
    shares = [{"index": n, "name": None, "amount_cny": 1000.5 + n} for n in range(12)]
    consent = {"obtained": True, "count": 9, "means": "paper"}
    said = {**TEXT, "per_person": shares, "represented_consent": consent}
    matter = a_matter("agreement", a_collective_application(), said=said)
    document = composed("agreement", matter, HASH, URL)
    table = parts(document, "table")[1]
    assert len(table["rows"]) == 13
    assert table["rows"][0] == ["1", matter.application["applicant"]["name"], "1,000.50"]
    assert table["rows"][-1] == ["", "合计", "12,072.00"]
    assert "征得被代表的当事人同意" in str(document)
    assert "一式五份" in str(document)


def test_an_agreement_may_be_public_if_the_parties_want():
    matter = a_matter("agreement", said={**TEXT, "confidentiality": False})
    assert "本协议可以公开" in str(composed("agreement", matter, HASH, URL))


def test_an_agent_stands_in_the_agreement_with_its_authority():
    application = with_agent(an_application(), authority="general")
    document = composed("agreement", a_matter("agreement", application), HASH, URL)
    assert f"{an_agent()['name']}（一般授权）" in str(document)


def test_an_invitation_says_the_code_of_its_reader_alone():
    second = {"party": "respondent", "index": 1}
    matter = a_matter(
        "consent_invitation",
        a_riders_application(),
        entitled=[second],
        respondent_codes=("AAAA2222", "BBBB3333"),
    )
    invitation = str(composed("consent_invitation", matter, HASH, URL))
    assert "BBBB-3333" in invitation
    assert "AAAA" not in invitation


def test_an_invitation_to_a_station_names_the_bodies_that_join():
    said = {**SAID["case.session_scheduled"], "joint_bodies": ["union", "court"]}
    invitation = str(
        composed("session_invitation", a_matter("session_invitation", said=said), HASH, URL)
    )
    assert "工会（12351）、人民法院" in invitation
    assert "联合调解单位" not in str(made("session_invitation"))


def test_several_respondents_are_told_apart():
    labels = str(made("agreement_draft", a_riders_application))
    assert "被申请人一" in labels
    assert "被申请人二" in labels
    assert "一式四份" in labels


def test_an_employer_can_be_the_applicant():
    text = str(made("agreement", an_employers_application))
    assert "申请人" in text
    assert "统一社会信用代码" in text


# --- other kinds -----------------------------------------------------------------------------


def test_only_the_agreement_prints_identity_numbers():
    number = a_matter("agreement").application["applicant"]["id_number"]
    with_numbers = {kind for kind in KINDS if number in str(made(kind))}
    assert with_numbers == {"agreement", "agreement_draft"}


def test_a_refusal_gives_reason_words_and_what_can_be_done():
    text = words(read("refusal_notice"))
    for expected in (
        "不属于本调解组织管辖",
        "双方争议不属于本区管辖",
        "申请仲裁",
        "山东省济南市市中区",
    ):
        assert expected in text


def test_an_invitation_says_where_or_by_which_link():
    assert "https://meet.example.org/j/12345" in words(read("session_invitation"))
    session = {
        **STATED["case.session_scheduled"]["session"],
        "mode": "on_site",
        "place": "二楼调解室",
    }
    matter = a_matter("session_invitation", stated={"session": session}, said={})
    document = str(composed("session_invitation", matter, HASH, URL))
    assert "二楼调解室" in document
    assert "入会链接" not in document


def test_a_failure_certificate_tells_of_arbitration_and_that_concessions_do_not_count():
    text = words(read("failure_certificate"))
    for expected in (
        "申请仲裁",
        "一年",
        "2027年9月20日",
        "不得在其后的仲裁或者诉讼中作为对其不利的根据",
    ):
        assert expected in text


def test_a_document_made_before_anybody_has_the_case_is_whole():
    for kind in KINDS:
        matter = a_matter(kind, known={}, stated={**a_matter(kind).stated, "deadlines": []})
        assert "12333" in str(composed(kind, matter, HASH, URL))


def test_every_source_is_known():
    for kind in KINDS:
        for code in KINDS[kind](a_matter(kind)).sources:
            assert code in SOURCES


# --- languages and characters ----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_translation_follows_where_the_application_is_in_english(kind):
    document = made(kind, a_foreign_teacher)
    chinese, english = document["sheets"]
    assert chinese["language"] == "zh"
    assert english["note"] == "English translation for reference only; the Chinese text prevails."
    assert english["title"] == DOCUMENTS[kind].en
    assert [p["part"] for p in chinese["parts"]] == [p["part"] for p in english["parts"]]
    assert DOCUMENTS[kind].en.replace(" ", "") in words(read(kind, a_foreign_teacher))


def test_a_character_no_font_has_is_named_instead_of_failing():
    application = an_application(applicant={"name": "𠮷野㛃😀"})
    matter = a_matter("acceptance_notice", application)
    document = composed("acceptance_notice", matter, HASH, URL)
    text = words(PdfReader(io.BytesIO(render_pdf(document, AT))))
    assert "〓（U+20BB7）野㛃" in text
    assert "𠮷野㛃😀" in Tags(render_page(document)).text


def test_what_people_wrote_is_text_in_every_form():
    matter = a_matter("session_record", said={"minutes": HOSTILE})
    document = composed("session_record", matter, HASH, URL)
    tags = Tags(render_page(document))
    assert "script" not in tags.found
    assert HOSTILE in tags.text
    text = words(PdfReader(io.BytesIO(render_pdf(document, AT))))
    assert "#image(" in text
    assert "*b*" in text
    assert "{{7}}{applicant}" in text


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_any_words_can_be_printed(said):
    matter = a_matter("failure_certificate", said={"explanation": said})
    document = composed("failure_certificate", matter, HASH, URL)
    assert render_pdf(document, AT).startswith(b"%PDF")
    assert "</html>" in render_page(document)


# --- the receipt -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_receipt_is_a_pdf_too(language):
    view = {
        "serial_number": "2634626885086477",
        "query_code": "K7PQ9W4E",
        "received_at": "2026-11-02T16:45:00Z",
        "division": {"name": "山东省济南市历下区"},
        "status": "submitted",
        "category": "pay_injury_compensation",
        "claims": [{"amount_cny": 20000}],
        "deadlines": [{"name": "acceptance_decision", "due_on": "2026-11-05", "provisional": True}],
        "next_steps": ["等待分派调解组织"],
        "attachments": [{"file_name": "记工本照片.jpg", "state": "received"}],
        "links": {"page": f"{URL}/progress/2634626885086477"},
        "history": {"application": HASH, "case": None},
    }
    document = composed_receipt(view, language, HASH, URL)
    text = words(PdfReader(io.BytesIO(render_pdf(document, AT))))
    for expected in ("2634626885086477", "K7PQ-9W4E", "记工本照片.jpg", "等待分派调解组织", HASH):
        assert expected in text
    assert DOCUMENTS["receipt"].to(language).replace(" ", "") in text
    assert APPLICANT["party"] not in text
