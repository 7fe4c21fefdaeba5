"""Notices on the way to mediation: more material, consent, acceptance, refusal, sessions."""

from __future__ import annotations

from typing import Final

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
    both,
    joined,
    quoted,
    words,
)
from shared import serial
from shared.contracts.vocabulary import (
    ADVICE,
    DOCUMENTS,
    JOINT_BODIES,
    REFUSAL_REASONS,
    SESSION_MODES,
)
from shared.errors import Text

_NOTICE_ENDS: Final = Paragraph(Text("特此通知。", "You are hereby notified."))
_CLAIMS: Final = Heading(Text("调解请求", "Claims"))
_NOTE: Final = Heading(Text("调解员说明", "The mediator adds"))
_BY_WEB: Final = Text(
    "在网上用流水号和查询码提交，或者交到本组织",
    "online with the serial number and the query code, or hand it in",
)


def supplement_request(m: Matter) -> Sheet:
    """What the applicant is asked for, how to supply it, and until when."""
    due = m.due("supplement_answer")
    until = both("请于{due}前", "By {due}, please", due=due) if due else Text("请尽快", "Please")
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}的调解申请收悉。经初步审查，还需要你（单位）补充下列材料：",
                "Your application in {dispute} has been examined. The following is still needed:",
                dispute=m.dispute(),
            )
        ),
        Items([words(str(item["text"])) for item in m.said.get("items") or ()]),
        Paragraph(
            both(
                "{until}{how}。逾期未补充的，将按现有材料审查是否受理。",
                "{until} send it {how}. Otherwise the decision is made on what there is.",
                until=until,
                how=_BY_WEB,
            )
        ),
        *_note(m),
        _NOTICE_ENDS,
    ]
    return _notice(m, "supplement_request", parts, ("service",))


def consent_invitation(m: Matter) -> Sheet:
    """The respondent learns who applied for what, that mediation is voluntary, how to answer."""
    due = m.due("consent_answer")
    until = both("请于{due}前答复", "Please answer by {due}", due=due) if due else _ANSWER_SOON
    code = m.readers_code
    online = _ONLINE if code else UNSAID
    parts: list[Part] = [
        Paragraph(
            both(
                "{received}，申请人{applicant}因与你（单位）发生{category}，向我组织申请调解。",
                "On {received} {applicant} applied for mediation of a dispute with you ({category}).",
                received=figures.day(figures.local(m.received_at).date()),
                applicant=m.side("applicant"),
                category=m.category,
            )
        ),
        _CLAIMS,
        Items(m.claims()),
        Heading(Text("关于调解", "About mediation")),
        Paragraph(_VOLUNTARY),
        Heading(Text("如何答复", "How to answer")),
        Paragraph(
            both(
                "{until}是否同意调解：{online}致电{phone}、到场或者书面答复。"
                "一方不同意调解的，我组织不予受理，申请人可以依法申请仲裁。",
                "{until} whether you agree to mediate: {online}by phone on {phone}, in person or in"
                " writing. If a party does not agree, the case is not accepted and the applicant may"
                " go to arbitration.",
                until=until,
                online=online,
                phone=m.phone,
            )
        ),
        *([Facts(_to_answer_online(m, code))] if code else []),
        *_note(m),
    ]
    return _notice(m, "consent_invitation", parts, ("LDMA 3", "R17 22", "R17 24", "LDMA 14"))


def _to_answer_online(m: Matter, code: str) -> list[tuple[Text, Text]]:
    """What a respondent types in: whom no message reaches has it from this letter alone."""
    return [
        (Text("流水号", "Serial number"), words(serial.display(m.serial_number))),
        (Text("答复码", "Your code"), words(code)),
    ]


_ONLINE: Final = Text(
    "凭流水号和答复码在网上确认，或者",
    "online with the serial number and your code, ",
)
_ANSWER_SOON: Final = Text("请尽快答复", "Please answer soon")
_VOLUNTARY: Final = Text(
    "调解遵循自愿、公正、及时的原则，不收费，一般不公开进行。调解不影响你（单位）的诉讼、仲裁权利；"
    "为达成协议作出妥协而认可的事实，不得在其后的仲裁或者诉讼中作为对其不利的根据。",
    "Mediation is voluntary, impartial, prompt, free of charge and as a rule not public. It takes no"
    " right to arbitrate or sue; facts conceded in order to settle cannot be used against you later.",
)


def acceptance_notice(m: Matter) -> Sheet:
    """The case is accepted: its number, its mediator, its term, what the parties may do."""
    ends = m.due("mediation_end")
    term = both("，至{ends}届满", ", which ends on {ends}", ends=ends) if ends else UNSAID
    accepted = m.known.get("accepted_at") or m.at
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}，双方当事人均同意调解，符合受理条件，我组织于{day}受理，案号为{number}。",
                "In {dispute} all parties agree to mediate; the case was accepted on {day} under number"
                " {number}.",
                dispute=m.dispute(),
                day=figures.day(figures.local(accepted).date()),
                number=m.case_number or "",
            )
        ),
        Facts(_who(m)),
        Heading(Text("权利和义务", "Rights and duties")),
        Items(
            [
                both(
                    "本案自受理之日起十五日内结束调解{term}；双方当事人同意延期的，可以延长。期限内未达成协议的，视为调解不成。",
                    "Mediation ends within 15 days of acceptance{term}; the parties may jointly extend it."
                    " Without agreement by then it has failed.",
                    term=term,
                ),
                Text(
                    "当事人可以委托代理人参加调解；代为承认、变更、放弃请求或者进行和解的，须有特别授权。",
                    "A party may be represented; to concede, change or waive claims or to settle, the agent"
                    " needs special authority.",
                ),
                Text(
                    "认为调解员与本案或者当事人有利害关系的，可以请求更换。",
                    "A party may ask for another mediator who has no interest in the case.",
                ),
                Text(
                    "当事人应当如实陈述、按时参加，尊重调解员和对方当事人。",
                    "Parties tell the truth, come on time and respect the mediator and each other.",
                ),
                Text(
                    "自收到调解申请之日起十五日内未达成协议的，当事人可以依法申请仲裁。",
                    "Without agreement within 15 days of receipt a party may go to arbitration.",
                ),
            ]
        ),
        _NOTICE_ENDS,
    ]
    return _notice(m, "acceptance_notice", parts, ("R17 22", "R17 29", "LDMA 14", "CPL 62"))


def refusal_notice(m: Matter) -> Sheet:
    """Why the case is not accepted, in the law's words and the mediator's, and what can be done."""
    reason = REFUSAL_REASONS[m.stated["reason"]]
    right = m.stated.get("right_division")
    advice = [ADVICE[name] for name in m.stated["advice"]]
    if right:
        advice.append(
            both("有管辖权的地区：{name}", "Place with jurisdiction: {name}", name=right["name"])
        )
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}的调解申请收悉。经审查，决定不予受理，理由是：{reason}。",
                "Your application in {dispute} was examined and is not accepted: {reason}.",
                dispute=m.dispute(),
                reason=reason,
            )
        ),
        *quoted(m.said.get("explanation")),
        Heading(Text("接下来可以怎么做", "What you can do now")),
        Items(advice),
        Paragraph(
            Text(
                "劳动争议申请仲裁的时效期间为一年，从当事人知道或者应当知道其权利被侵害之日起计算，请留意。",
                "Arbitration must be asked for within one year of knowing that a right was infringed.",
            )
        ),
        _NOTICE_ENDS,
    ]
    return _notice(m, "refusal_notice", parts, ("R17 22", "LDMA 14", "LDMA 27"))


def session_invitation(m: Matter) -> Sheet:
    """When and where, or by which link, the parties meet."""
    session = m.stated["session"]
    where = (
        (Text("地点", "Place"), words(str(session.get("place") or "")))
        if session["mode"] == "on_site"
        else (Text("入会链接", "Link to join"), words(str(m.said.get("join_url") or "")))
    )
    parts: list[Part] = [
        Paragraph(
            both(
                "{dispute}，定于下列时间召开第{n}次调解会，请准时参加：",
                "In {dispute} session {n} is held as follows; please be there:",
                dispute=m.dispute(),
                n=str(session["number"]),
            )
        ),
        Facts(
            [
                (Text("时间", "Time"), figures.period(session["starts_at"], session["ends_at"])),
                (Text("方式", "Mode"), SESSION_MODES[session["mode"]]),
                *([where] if where[1].zh else []),
                *_joined_by(m),
                *_who(m),
            ]
        ),
        Paragraph(
            both(
                "请携带身份证明和证据材料；委托代理人参加的，提交授权委托书。不能按时参加的，请提前在网上或者致电{phone}"
                "说明，另约时间。",
                "Bring proof of identity and your evidence; an agent brings a written authority. If you"
                " cannot come, say so beforehand, online or on {phone}, to find another time.",
                phone=m.phone,
            )
        ),
        *_note(m),
        _NOTICE_ENDS,
    ]
    return _notice(m, "session_invitation", parts, ("R17 24", "CPL 62"))


def _joined_by(m: Matter) -> list[tuple[Text, Text]]:
    """The bodies that a women workers' station invites."""
    bodies = [
        JOINT_BODIES[code] for code in m.said.get("joint_bodies") or () if code in JOINT_BODIES
    ]
    return [(Text("联合调解单位", "Together with"), joined(bodies))] if bodies else []


def _note(m: Matter) -> list[Part]:
    said = quoted(m.said.get("note"))
    return [_NOTE, *said] if said else []


def _who(m: Matter) -> list[tuple[Text, Text]]:
    mediator = [(Text("调解员", "Mediator"), m.mediator)] if m.mediator.zh else []
    return [*mediator, (Text("联系电话", "Phone"), words(m.phone))]


def _notice(m: Matter, kind: str, parts: list[Part], sources: tuple[str, ...]) -> Sheet:
    return Sheet(DOCUMENTS[kind], parts, m.closing(), m.addressees(), sources)
