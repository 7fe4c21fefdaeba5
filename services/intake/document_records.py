"""What is put on record of a mediation: its sessions, its failure, where the parties go next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.intake import document_figures as figures
from services.intake.document_matter import Matter
from services.intake.document_parts import (
    UNSAID,
    Facts,
    Heading,
    Items,
    Paragraph,
    Part,
    Sheet,
    Signature,
    Signatures,
    Table,
    both,
    quoted,
    words,
)
from shared.contracts.vocabulary import (
    ATTENDANCE,
    DOCUMENTS,
    FAILURE_REASONS,
    REFERRALS,
    SESSION_MODES,
)
from shared.errors import Text

_RESULTS: Final[Mapping[str, Text]] = {
    "adjourned": Text("本次未达成协议，择期继续调解。", "To be continued in another session."),
    "agreement": Text("双方当事人达成调解协议。", "The parties have reached an agreement."),
    "no_agreement": Text("双方当事人未能达成协议。", "The parties have not reached an agreement."),
}


def session_record(m: Matter) -> Sheet:
    """When, where and who; what was said; room for the signatures of all."""
    session = m.stated["session"]
    place = str(session.get("place") or "")
    parts: list[Part] = [
        Facts(
            [
                (Text("案由", "Dispute"), m.category),
                (Text("时间", "Time"), figures.period(session["starts_at"], session["ends_at"])),
                (Text("方式", "Mode"), SESSION_MODES[session["mode"]]),
                *([(Text("地点", "Place"), words(place))] if place else []),
                (
                    Text("次数", "Session"),
                    Text(f"第{session['number']}次", f"No. {session['number']}"),
                ),
                (Text("调解员", "Mediator"), m.mediator),
            ]
        ),
        Table(
            (Text("当事人", "Party"), Text("姓名（名称）", "Name"), Text("到场情况", "Attendance")),
            [_attended(m, a) for a in m.said.get("attendance") or ()],
            wide=(1,),
        ),
        Heading(Text("笔录", "Minutes")),
        *quoted(m.said.get("minutes")),
        *_result(m),
        Paragraph(
            Text(
                "以上笔录经当事人核对无误后签名；认为有误的，可以请求补正。",
                "The parties read this record and sign it; whoever finds a mistake may ask to mend it.",
            )
        ),
        _room_to_sign(m),
    ]
    return Sheet(DOCUMENTS["session_record"], parts, m.closing(), None, ("R17 24", "R17 30"))


def failure_certificate(m: Matter) -> Sheet:
    """That and why there is no agreement, and the written notice of the right to arbitrate."""
    reason = FAILURE_REASONS[m.stated["reason"]]
    limit = m.due("arbitration_limitation")
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}，经我组织调解，未能达成调解协议，现已终结调解，原因是：{reason}。",
                "In {dispute} mediation has ended without an agreement: {reason}.",
                dispute=m.dispute(),
                reason=reason,
            )
        ),
        *quoted(m.said.get("explanation")),
        *_minutes(m),
        Heading(Text("申请仲裁的权利", "The right to arbitrate")),
        Items(
            [
                Text(
                    "当事人可以依法向有管辖权的劳动人事争议仲裁委员会申请仲裁，本告知书可以作为经过调解的证明。",
                    "Each party may now apply to the arbitration commission with jurisdiction; this notice"
                    " proves that there was a mediation.",
                ),
                both(
                    "申请仲裁的时效期间为一年，从知道或者应当知道权利被侵害之日起计算；劳动关系存续期间因拖欠劳动报酬"
                    "发生争议的不受此限，但劳动关系终止的，应当自终止之日起一年内提出{limit}。",
                    "Arbitration must be asked for within one year of knowing of the infringement; for unpaid"
                    " wages not while the employment lasts, but within one year of its end{limit}.",
                    limit=both(
                        "（按申请时所填情况估算，届满日为{on}）",
                        " (estimated from the form: {on})",
                        on=limit,
                    )
                    if limit
                    else UNSAID,
                ),
                Text(
                    "当事人为达成调解协议作出妥协而认可的事实，不得在其后的仲裁或者诉讼中作为对其不利的根据。",
                    "Facts a party conceded in order to settle cannot be used against it in arbitration or"
                    " in court.",
                ),
                Text(
                    "需要法律援助的，可以拨打12348；政策咨询12333。",
                    "Legal aid: 12348; labour policy: 12333.",
                ),
            ]
        ),
        Paragraph(Text("特此告知。", "You are hereby notified.")),
        _room_to_sign(m),
    ]
    return _to_all(m, "failure_certificate", parts, ("R17 29", "R17 30", "LDMA 14", "LDMA 27"))


def referral_letter(m: Matter) -> Sheet:
    """That a party wants to be referred, where to and why; what goes along is theirs to bring."""
    kind = REFERRALS[m.stated["kind"]]
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}，经征询，{who}愿意由我组织转介办理下列事项：",
                "In {dispute} {who} wish to be referred for the following:",
                dispute=m.dispute(),
                who=m.addressees(),
            )
        ),
        Facts(
            [
                (Text("转介事项", "Referral"), kind),
                (Text("联系人", "Contact"), m.mediator if m.mediator.zh else m.organisation),
                (Text("联系电话", "Phone"), words(m.phone)),
            ]
        ),
        *quoted(m.said.get("note")),
        Paragraph(
            both(
                "请接收单位依职责办理，并将结果告知我组织。当事人可凭本函和身份证明联系办理；咨询{line}。",
                "The receiving body is asked to attend to it and to tell us the outcome. The party may"
                " present this letter with proof of identity; hotline {line}.",
                line=_HOTLINES.get(m.stated["kind"], "12333"),
            )
        ),
        Paragraph(Text("此函。", "This letter is issued for that purpose.")),
    ]
    return _to_all(
        m, "referral_letter", parts, _REFERRAL_SOURCES.get(m.stated["kind"], ("service",))
    )


_HOTLINES: Final = {"legal_aid": "12348", "lawyer": "12348", "psychological_support": "12338"}
_REFERRAL_SOURCES: Final = {
    "arbitration_review": ("R33 74", "R33 76"),
    "judicial_confirmation": ("CPL 205",),
    "payment_order": ("LDMA 16",),
    "arbitration": ("LDMA 14", "LDMA 27"),
}


def _attended(m: Matter, attendance: Mapping[str, Any]) -> list[Text]:
    party = (attendance["party"], attendance["index"])
    how, instead = ATTENDANCE[attendance["attendance"]], attendance.get("represented_by")
    if instead:
        how = both("{how}（{who}）", "{how} ({who})", how=how, who=str(instead))
    return [m.label(party), m.name(party), how]


def _result(m: Matter) -> list[Part]:
    result = _RESULTS.get(str(m.said.get("result")))
    return [Heading(Text("调解结果", "Result")), Paragraph(result)] if result else []


def _minutes(m: Matter) -> list[Part]:
    said = quoted(m.said.get("minutes"))
    return [Heading(Text("调解情况记录", "Record of the mediation")), *said] if said else []


def _room_to_sign(m: Matter) -> Signatures:
    people = [(m.label(p), m.name(p)) for p in m.parties()]
    people.append((Text("调解员", "Mediator"), m.mediator))
    return Signatures([Signature(label, name, UNSAID) for label, name in people])


def _to_all(m: Matter, kind: str, parts: list[Part], sources: tuple[str, ...]) -> Sheet:
    return Sheet(DOCUMENTS[kind], parts, m.closing(), m.addressees(), sources)
