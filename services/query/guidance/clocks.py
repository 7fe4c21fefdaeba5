"""The clocks of a dispute: with the day each runs out if its first day is told, else as a rule.

Days are civil days of the mainland; the first is not counted and a last day off moves forward
(民事诉讼法 85). Lengths are those of `shared.contracts.clocks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.query.guidance.norms import Source, cite
from services.query.guidance.statement import When
from services.query.guidance.steps import EMPLOYER, FINAL
from shared.contracts.clocks import CLOCKS, due
from shared.errors import Language, Text
from shared.working_days import DueDate, add_days, next_working_day_on_or_after, one_year_after

STARTS: Final[Mapping[str, Text]] = {
    "known_on": Text(
        "知道或者应当知道权利被侵害之日", "Day you knew, or should have, of the wrong"
    ),
    "injured_on": Text("受伤或者被诊断为职业病之日", "Day of the injury or diagnosis"),
    "employment_ended_on": Text("劳动关系终止之日", "Day the employment ended"),
    "received_on": Text("调解组织收到申请之日", "Day the application was received"),
    "accepted_on": Text("受理之日", "Day of acceptance"),
    "agreement_effective_on": Text("调解协议生效之日", "Day the agreement took effect"),
    "award_received_on": Text("收到仲裁裁决书之日", "Day the award was received"),
}
"""The days a caller may tell, in the order of a case's life."""


_MEDIATED: Final = When(mediated=True)


@dataclass(frozen=True, slots=True)
class CaseClock:
    """`days` for a clock that `shared.contracts.clocks` does not have, 0 for one it has, a year for
    `yearly`."""

    name: str
    start: str
    title: Text
    rule: Text
    source: Source
    when: When = _MEDIATED
    days: int = 0
    yearly: bool = False

    def due(self, start: date) -> DueDate:
        if self.yearly:
            return next_working_day_on_or_after(one_year_after(start))
        return add_days(start, self.days) if self.days else due(self.name, start)


def _of_case(name: str, start: str, rule: Text, when: When | None = None) -> CaseClock:
    """A clock of the service's own cases: title, length and source are those of the contract."""
    known = CLOCKS[name]
    return CaseClock(name, start, known.title, rule, cite(known.source), when or _MEDIATED)


CASE_CLOCKS: Final[tuple[CaseClock, ...]] = (
    CaseClock(
        "arbitration_limitation", "known_on", CLOCKS["arbitration_limitation"].title,
        Text(
            "自知道或者应当知道权利被侵害之日起一年内申请仲裁；主张权利、投诉或者对方同意履行的，重新计算。",
            "Go to arbitration within a year of knowing of the wrong; a claim, a complaint or a promise to"
            " perform starts it anew.",
        ),
        cite("LDMA 27"), yearly=True,
    ),
    CaseClock(
        "pay_limitation", "employment_ended_on",
        Text("追索拖欠工资的仲裁时效", "Limitation for unpaid wages"),
        Text(
            "劳动关系存续期间追索拖欠的劳动报酬不受一年限制；终止的，自终止之日起一年内提出。",
            "For unpaid wages no limit runs while the employment lasts; once it has ended, within a year.",
        ),
        cite("LDMA 27"), When(frozenset(FINAL), unless=frozenset(EMPLOYER), mediated=True), yearly=True,
    ),
    CaseClock(
        "civil_servant_arbitration", "known_on",
        Text("聘任制公务员申请仲裁", "Arbitration for civil servants by contract"),
        Text(
            "聘任制公务员因履行聘任合同发生争议的，自争议发生之日起六十日内申请仲裁。",
            "Civil servants employed by contract go to arbitration within sixty days of the dispute.",
        ),
        cite("CSL 105"), When(frozenset({"personnel"}), mediated=True), days=60,
    ),
    CaseClock(
        "injury_recognition_employer", "injured_on",
        Text("单位申请工伤认定", "The employer applies for recognition of the injury"),
        Text(
            "单位自事故发生或者职业病诊断之日起三十日内提出工伤认定申请。",
            "The employer applies within 30 days of the accident or diagnosis.",
        ),
        cite("WII 17"), When(flags=frozenset({"work_injury"})), days=30,
    ),
    CaseClock(
        "injury_recognition_worker", "injured_on",
        Text("本人申请工伤认定", "You apply for recognition of the injury"),
        Text(
            "单位未申请的，本人、近亲属或者工会在一年内可以直接申请。",
            "If the employer does not, you, your family or the union can apply within a year.",
        ),
        cite("WII 17"), When(flags=frozenset({"work_injury"}), unless=frozenset(EMPLOYER)), yearly=True,
    ),
    _of_case("mediator_assignment", "received_on", Text(
        "收到申请后一个工作日内指派调解员。", "A mediator is assigned within a working day of receipt.")),
    _of_case("fast_track_acceptance", "received_on", Text(
        "速裁绿色通道：一个工作日内决定是否受理。",
        "Fast track: acceptance is decided within a working day."),
        When(flags=frozenset({"fast_track"}), mediated=True)),
    _of_case("acceptance_decision", "received_on", Text(
        "收到申请后三个工作日内决定是否受理。",
        "Acceptance is decided within three working days of receipt.")),
    _of_case("right_to_arbitrate", "received_on", Text(
        "收到申请之日起十五日内未达成协议的，此后可以直接申请仲裁。",
        "If there is no agreement within 15 days of receipt, arbitration is open from the day after.")),
    _of_case("fast_track_mediation", "accepted_on", Text(
        "速裁绿色通道：力争受理后七日内调解完毕。",
        "Fast track: mediation is meant to end within seven days of acceptance."),
        When(flags=frozenset({"fast_track"}), mediated=True)),
    _of_case("mediation_end", "accepted_on", Text(
        "自受理之日起十五日内结束调解；双方同意的可以延长，新就业形态争议最长再延十五日。",
        "Mediation ends within 15 days of acceptance; both may agree to extend it, in new forms of"
        " employment by 15 days at most.")),
    _of_case("arbitration_review_request", "agreement_effective_on", Text(
        "自协议生效之日起十五日内可以共同申请仲裁审查。",
        "Within 15 days of its effect both may ask for arbitration review.")),
    _of_case("judicial_confirmation", "agreement_effective_on", Text(
        "自协议生效之日起三十日内可以共同申请司法确认。",
        "Within 30 days of its effect both may ask the court to confirm it.")),
    CaseClock(
        "lawsuit", "award_received_on", Text("向人民法院起诉", "Suing in the people's court"),
        Text(
            "对一裁终局以外的裁决不服的，自收到裁决书之日起十五日内可以起诉。",
            "Against an award that is not final you can sue within 15 days of receiving it.",
        ),
        cite("LDMA 50"), days=15,
    ),
    CaseClock(
        "lawsuit_final", "award_received_on",
        Text("劳动者对一裁终局的裁决起诉", "Suing over a final award as the worker"),
        Text(
            "劳动者对一裁终局的裁决不服的，自收到裁决书之日起十五日内可以起诉。",
            "Against a final award the worker can sue within 15 days of receiving it.",
        ),
        cite("LDMA 48"), When(frozenset(FINAL), unless=frozenset(EMPLOYER), mediated=True), days=15,
    ),
    CaseClock(
        "award_set_aside", "award_received_on",
        Text("申请撤销一裁终局的裁决", "Asking to set a final award aside"),
        Text(
            "一裁终局的裁决有法定情形的，用人单位自收到裁决书之日起三十日内向中级人民法院申请撤销。",
            "On the grounds the law names the employer asks the intermediate court within 30 days of"
            " receiving a final award to set it aside.",
        ),
        cite("LDMA 49"), When(frozenset(FINAL), frozenset(EMPLOYER), mediated=True), days=30,
    ),
)  # fmt: skip


def clocks(
    category: str,
    flags: Collection[str],
    days: Mapping[str, date],
    today: date,
    language: Language,
) -> Iterator[dict[str, Any]]:
    """Those that concern such a dispute."""
    for clock in CASE_CLOCKS:
        if clock.when.holds(category, flags):
            start = days.get(clock.start)
            yield _shown(clock, clock.due(start) if start else None, today, language)


def _shown(
    clock: CaseClock, found: DueDate | None, today: date, language: Language
) -> dict[str, Any]:
    return {
        "name": clock.name,
        "title": clock.title.to(language),
        "runs_from": clock.start,
        "due_on": found.on.isoformat() if found else None,
        "provisional": found is not None and found.provisional,
        "past": found is not None and found.on < today,
        "explanation": clock.rule.to(language),
        "source": clock.source.shown(language),
    }
