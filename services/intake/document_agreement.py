"""The mediation agreement with what R17 26 asks of it, to be signed and as it was signed."""

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
    joined,
    quoted,
    words,
)
from services.intake.persons import applicants
from shared.contracts.questions import MEANS
from shared.contracts.vocabulary import DOCUMENTS
from shared.errors import Text

_SEALED: Final = Text("已盖章", "sealed")
_SOURCES: Final = ("LDMA 14", "LDMA 15", "LDMA 16", "R17 24", "R17 26", "R33 74", "CPL 205")

_THREE_COPIES: Final = Text(
    "本协议一式三份，双方当事人和调解组织各执一份，具有同等效力。",
    "Made in three copies of equal effect: one for each party and one for the organisation.",
)


def agreement_draft(m: Matter) -> Sheet:
    """The text as the parties are to sign it, with room for signatures and seal."""
    version = str(m.stated["version"])
    invited = Paragraph(
        both(
            "本文本为第{version}稿，供当事人核对。请逐项确认后签署；尚未全部签署前不具有调解协议的效力。",
            "This is draft {version}, for the parties to check and sign; it has no effect before all have"
            " signed.",
            version=version,
        )
    )
    rows = [(m.label(party), m.name(party)) for party in m.parties()]
    rows += [m.signer("mediator", 0), m.signer("organisation", 0)]
    unsigned = Signatures([Signature(label, name, UNSAID) for label, name in rows])
    return Sheet(
        DOCUMENTS["agreement_draft"], [invited, *_clauses(m), unsigned], m.closing(), None, _SOURCES
    )


def agreement(m: Matter) -> Sheet:
    """The agreement in effect, with who signed when and by which means."""
    effective = figures.day(figures.local(m.stated["effective_at"]).date())
    in_effect = Paragraph(
        both(
            "本协议经当事人、调解员签名并加盖调解组织印章，自{day}起生效。",
            "Signed by the parties and the mediator and sealed by the organisation, this agreement is in"
            " effect since {day}.",
            day=effective,
        )
    )
    signed = Signatures([_signature(m, s) for s in m.stated.get("signatures") or ()])
    return Sheet(
        DOCUMENTS["agreement"], [*_clauses(m), in_effect, signed], m.closing(), None, _SOURCES
    )


def _clauses(m: Matter) -> list[Part]:
    said = m.said
    claims = [words(str(text)) for text in said.get("claims") or ()] or m.claims()
    clauses: list[tuple[Text, list[Part]]] = [
        (Text("当事人", "Parties"), [Facts(_parties(m))]),
        (Text("调解请求事项", "Claims"), [Items(claims)]),
        (Text("调解结果", "Result"), [*_recital(m), *quoted(said.get("result"))]),
        (Text("履行期限和方式", "Time and manner of performance"), [_performance(m)]),
        *_shares(m),
        (Text("保密", "Confidentiality"), _confidential(said.get("confidentiality"))),
        (Text("效力", "Effect"), [Paragraph(_EFFECT)]),
        (Text("不履行的处理", "If it is not performed"), [Paragraph(_BREACH)]),
        (Text("仲裁审查和司法确认", "Review and confirmation"), [Paragraph(_REVIEW)]),
        *_remarks(m),
        (Text("文本", "Copies"), [Paragraph(_copies(m))]),
    ]
    parts: list[Part] = []
    for number, (title, content) in enumerate(clauses, start=1):
        heading = Text(f"{figures.ordinal(number)}、{title.zh}", f"{number}. {title.en}")
        parts += [Heading(heading), *content]
    return parts


def _parties(m: Matter) -> list[tuple[Text, Text]]:
    rows = []
    for party in m.parties():
        who, more = m.name(party), m.particulars(party)
        rows.append((m.label(party), joined([who, more], "，") if more.zh else who))
    agent = m.agent()
    if agent:
        rows.append((Text("委托代理人", "Agent"), agent))
    return rows


def _recital(m: Matter) -> list[Part]:
    """That the parties settled freely; of a collective, that the represented agreed."""
    text = Text(
        "经调解，双方当事人在平等自愿、协商一致的基础上达成如下协议：",
        "Mediated, the parties freely and as equals agree as follows:",
    )
    if m.said.get("represented_consent"):
        text = Text(
            f"{text.zh.removesuffix('如下协议：')}本协议；代表人已就和解内容征得被代表的当事人同意。协议如下：",
            "Mediated, the parties freely and as equals agree as follows; the represented applicants"
            " have consented to the settlement:",
        )
    return [Paragraph(text)]


def _performance(m: Matter) -> Table:
    columns = (
        Text("义务人", "Who"),
        Text("权利人", "To whom"),
        Text("履行内容", "What"),
        Text("金额（元）", "Sum (CNY)"),
        Text("期限", "Until"),
        Text("方式", "How"),
    )
    return Table(columns, [_item(m, i) for i in m.said.get("items") or ()], (3,), (0, 1, 2, 5))


def _item(m: Matter, item: Mapping[str, Any]) -> list[Text]:
    amount, due = item.get("amount_cny"), item.get("due_on")
    return [
        _named(m, item.get("obligor")),
        _named(m, item.get("obligee")),
        words(str(item.get("what") or "")),
        words(figures.sum_of(amount)) if amount is not None else Text("—", "—"),
        figures.day(due) if due else Text("生效时", "on taking effect"),
        words(str(item.get("manner") or "")),
    ]


def _named(m: Matter, party: Mapping[str, Any] | None) -> Text:
    return m.name((party["party"], party["index"])) if party else Text("—", "—")


def _shares(m: Matter) -> list[tuple[Text, list[Part]]]:
    shares = m.said.get("per_person") or ()
    if not shares:
        return []
    everybody = applicants(m.application)
    rows = []
    for number, share in enumerate(shares, start=1):
        index = share.get("index")
        known = index is not None and index < len(everybody)
        name = share.get("name") or (everybody[index]["name"] if known else f"No. {index}")
        rows.append(
            [words(str(number)), words(str(name)), words(figures.sum_of(share["amount_cny"]))]
        )
    total = sum(share["amount_cny"] for share in shares)
    rows.append([UNSAID, Text("合计", "Total"), words(figures.sum_of(total))])
    columns = (Text("序号", "No."), Text("姓名", "Name"), Text("金额（元）", "Sum (CNY)"))
    table = Table(columns, rows, numeric=(0, 2), wide=(1,))
    return [(Text("各申请人的金额", "Each applicant's share"), [table])]


def _confidential(said: Any) -> list[Part]:
    if isinstance(said, str) and said.strip():
        return quoted(said)
    if said is False:
        return [
            Paragraph(
                Text(
                    "经双方当事人同意，本协议可以公开。",
                    "By consent of the parties this agreement may be made public.",
                )
            )
        ]
    return [Paragraph(_CONFIDENTIAL)]


def _remarks(m: Matter) -> list[tuple[Text, list[Part]]]:
    said = quoted(m.said.get("remarks"))
    return [(Text("其他约定", "Further terms"), said)] if said else []


def _copies(m: Matter) -> Text:
    copies = len(m.parties()) + 1
    if copies == 3:
        return _THREE_COPIES
    return both(
        "本协议一式{n}份，各方当事人和调解组织各执一份，具有同等效力。",
        "Made in {n} copies of equal effect: one for each party and one for the organisation.",
        n=Text(figures.ordinal(copies), str(copies)),
    )


def _signature(m: Matter, signature: Mapping[str, Any]) -> Signature:
    label, name = m.signer(signature["signatory"], signature["index"])
    means = _SEALED if signature["means"] == "seal" else MEANS[signature["means"]]
    return Signature(label, name, joined([figures.moment(signature["at"]), means], "　", ", "))


_CONFIDENTIAL: Final = Text(
    "调解不公开进行。当事人、调解员和其他参加人对调解中知悉的个人隐私、商业秘密和协议内容予以保密，"
    "履行、确认本协议或者法律另有规定的除外。",
    "The mediation was not public. All who took part keep private matters, business secrets and these"
    " terms to themselves, except to perform or confirm the agreement or where the law requires.",
)
_EFFECT: Final = Text(
    "本协议由当事人签名或者盖章，经调解员签名并加盖调解组织印章后生效，对双方当事人具有约束力，"
    "当事人应当履行。",
    "It takes effect when the parties and the mediator have signed and the organisation has sealed it;"
    " it binds the parties, who must perform it.",
)
_BREACH: Final = Text(
    "一方当事人在约定期限内不履行本协议的，另一方当事人可以依法申请仲裁。因支付拖欠劳动报酬、工伤医疗费、"
    "经济补偿或者赔偿金事项达成的协议，用人单位在约定期限内不履行的，劳动者可以持本协议书依法向人民法院"
    "申请支付令。",
    "If a party does not perform in time the other may go to arbitration. Where pay, injury medical"
    " costs, economic compensation or damages are owed, the worker may with this agreement ask the"
    " people's court for a payment order.",
)
_REVIEW: Final = Text(
    "双方当事人可以自本协议生效之日起十五日内，共同向有管辖权的仲裁委员会申请仲裁审查；也可以自生效之日起"
    "三十日内，共同向人民法院申请司法确认。",
    "The parties may jointly ask the arbitration commission for review within 15 days of effect, or the"
    " people's court for confirmation within 30 days.",
)
