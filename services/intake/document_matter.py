"""The matter a document is about: its case and parties, as the application and an event tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.intake import document_figures as figures
from services.intake import domain
from services.intake.document_parts import UNSAID, Closing, both, joined, words
from services.intake.identity import ID_TYPES
from services.intake.persons import Person, applicants, gender
from shared.contracts.vocabulary import CATEGORIES
from shared.errors import Language, Text
from shared.sealing import QueryCodes

Party = tuple[str, int]

_SIDES: Final[Mapping[str, Text]] = {
    "applicant": Text("申请人", "Applicant"),
    "respondent": Text("被申请人", "Respondent"),
    "mediator": Text("调解员", "Mediator"),
    "organisation": Text("调解组织", "Mediation organisation"),
}
_NO_ORGANISATION: Final = Text("本调解组织", "The mediation organisation")


@dataclass(frozen=True, slots=True)
class Matter:
    """Everything a document may say. `stated` are the open facts of the event, `said` the words
    that were sealed in it, `known` what was known of the case then (documents.facts),
    `respondent_codes` those of the respondents in their order."""

    serial_number: str
    application: Mapping[str, Any]
    at: datetime
    stated: Mapping[str, Any]
    said: Mapping[str, Any]
    entitled: Sequence[Mapping[str, Any]]
    received_at: datetime
    known: Mapping[str, Any] = field(default_factory=dict)
    respondent_codes: Sequence[str] = ()

    @property
    def readers_code(self) -> str | None:
        """The code by which the respondent answers whom this document is for, grouped."""
        index = next((p["index"] for p in self.entitled if p["party"] == "respondent"), None)
        if index is None or index >= len(self.respondent_codes):
            return None
        return QueryCodes.grouped(self.respondent_codes[index])

    @property
    def language(self) -> Language:
        return domain.contact_language(self.application)

    @property
    def case_number(self) -> str | None:
        number: str | None = self.stated.get("case_number") or self.known.get("case_number")
        return number

    @property
    def organisation(self) -> Text:
        body = self.known.get("organisation")
        return words(body["name"]) if body else _NO_ORGANISATION

    @property
    def phone(self) -> str:
        """The organisation's, or the hotline while there is no organisation."""
        body = self.known.get("organisation")
        return body["phone"] if body else "12333"

    @property
    def mediator(self) -> Text:
        person = self.known.get("mediator")
        return words(person["name"]) if person else UNSAID

    @property
    def category(self) -> Text:
        return CATEGORIES[self.application["dispute"]["category"]]

    @property
    def is_collective(self) -> bool:
        return len(applicants(self.application)) > 1

    def parties(self) -> list[Party]:
        """Who takes part: the applicant or the speakers of a collective, then respondents save
        those without whom the case was accepted."""
        without = self.known.get("without") or ()
        rows = [(p["party"], p["index"]) for p in domain.parties(self.application)]
        absent = {(p["party"], p["index"]) for p in without}
        return [row for row in rows if row[0] != "agent" and row not in absent]

    def person(self, party: Party) -> Person:
        side, index = party
        if side == "applicant":
            return domain.speakers(self.application)[index]
        respondent: Person = self.application["respondents"][index]
        return respondent

    def name(self, party: Party) -> Text:
        """The party's name; a foreigner's Chinese name beside it in Chinese."""
        person = self.person(party)
        name, chinese = str(person["name"]), person.get("name_zh")
        return Text(f"{name}（{chinese}）" if chinese and chinese != name else name, name)

    def label(self, party: Party) -> Text:
        """申请人; 申请人代表 of a collective; 被申请人一 where there are several."""
        side, index = party
        label = _SIDES[side]
        if side == "applicant" and self.is_collective:
            label = Text("申请人代表", "Representative of the applicants")
        if sum(other[0] == side for other in self.parties()) > 1:
            label = Text(f"{label.zh}{figures.ordinal(index + 1)}", f"{label.en} {index + 1}")
        return label

    def signer(self, signatory: str, index: int) -> tuple[Text, Text]:
        """Label and name of somebody who signs."""
        if signatory == "mediator":
            return _SIDES["mediator"], self.mediator
        if signatory == "organisation":
            return _SIDES["organisation"], self.organisation
        return self.label((signatory, index)), self.name((signatory, index))

    def side(self, side: str) -> Text:
        """All names of one side; of a collective its first speaker and how many they are."""
        names = joined(self.name(party) for party in self.parties() if party[0] == side)
        everybody = len(applicants(self.application))
        if side == "applicant" and self.is_collective:
            first = self.name(("applicant", 0))
            return Text(f"{first.zh}等{everybody}人", f"{first.en} and {everybody - 1} others")
        return names

    def particulars(self, party: Party) -> Text:
        """Who a party is, as an agreement must say (R17 26): number, legal representative, seat."""
        person = self.person(party)
        if person.get("party_type") == "employer" or person.get("uscc"):
            return _unit(person)
        return _natural(person)

    def agent(self) -> Text | None:
        agent = self.application.get("agent")
        if not agent:
            return None
        special = agent.get("authority") == "special"
        scope = (
            Text("特别授权", "special authority")
            if special
            else Text("一般授权", "general authority")
        )
        return both("{name}（{scope}）", "{name} ({scope})", name=agent["name"], scope=scope)

    def addressees(self) -> Text:
        """Those the document goes to, by name."""
        names = [self.name((p["party"], p["index"])) for p in self.entitled]
        if self.is_collective and all(p["party"] == "applicant" for p in self.entitled):
            return self.side("applicant")
        return joined(names)

    def claims(self) -> list[Text]:
        """The claims as applied for, each with its sum."""
        return [_claim(claim) for claim in self.application["claims"]]

    def dispute(self) -> Text:
        """What the case is called: whose dispute with whom about what."""
        return both(
            "申请人{applicant}与被申请人{respondent}{category}一案",
            "the case {applicant} v. {respondent} ({category})",
            applicant=self.side("applicant"),
            respondent=self.side("respondent"),
            category=self.category,
        )

    def due(self, clock: str) -> Text | None:
        """The last day of a clock that runs after the event."""
        for deadline in self.stated.get("deadlines") or ():
            if deadline["name"] == clock:
                return figures.day(deadline["due_on"])
        return None

    def closing(self) -> Closing:
        """The organisation, on the day of the event."""
        day = figures.day(figures.local(self.at).date())
        return Closing(self.organisation, day, Text("（印章）", "(seal)"))


def _claim(claim: Mapping[str, Any]) -> Text:
    amount = claim.get("amount_cny")
    text = str(claim.get("text") or "").strip().rstrip("。；;")
    if amount is None:
        return words(text)
    return both("{text}，{sum}", "{text}, {sum}", text=text, sum=figures.money(amount))


def _natural(person: Person) -> Text:
    facts: list[Text] = []
    sex = gender(person)
    if sex:
        facts.append(Text("女", "female") if sex == "woman" else Text("男", "male"))
    if person.get("id_number"):
        kind = ID_TYPES.get(str(person.get("id_type")), Text("证件", "Identity document"))
        number = str(person["id_number"])
        facts.append(both("{kind}号码{number}", "{kind} {number}", kind=kind, number=number))
    return joined(facts, "，")


def _unit(unit: Person) -> Text:
    facts: list[Text] = []
    if unit.get("uscc"):
        code = str(unit["uscc"])
        facts.append(both("统一社会信用代码{c}", "Unified social credit code {c}", c=code))
    if unit.get("legal_representative"):
        who = str(unit["legal_representative"])
        title = str(unit.get("legal_representative_title") or "法定代表人（主要负责人）")
        facts.append(both("{title}{who}", "legal representative {who}", title=title, who=who))
    if unit.get("address"):
        place = str(unit["address"])
        facts.append(both("住所地{place}", "seat {place}", place=place))
    return joined(facts, "，")
