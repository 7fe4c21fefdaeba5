"""How a case stands, from the steps known of it: pure, and the same whatever order they came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.civil_time import rfc3339
from shared.contracts.lifecycle import STATUSES
from shared.errors import Language, Text

Progress = Mapping[str, Any]

NEXT_STEPS: Mapping[str, Text] = {
    "submitted": Text(
        "系统正在为您分派调解组织，无需操作。",
        "An organisation is being chosen; nothing to do for you.",
    ),
    "unassigned": Text(
        "平台管理员正在为您指定调解组织，无需操作。",
        "The platform administrator is choosing an organisation; nothing to do for you.",
    ),
    "organisation_assigned": Text(
        "调解组织将指派调解员，请保持电话畅通。",
        "The organisation will name a mediator; please keep your phone on.",
    ),
    "mediator_assigned": Text(
        "调解员将初审您的申请，可能与您联系，请保持电话畅通，并尽快补齐材料。",
        "The mediator will examine your application and may call; please supply missing evidence soon.",
    ),
    "withdrawn": Text(
        "申请已撤回。争议未解决的，可再次申请调解，也可依法申请仲裁。",
        "The application is withdrawn. You may apply again, or go to arbitration.",
    ),
}
"""What the parties can do or expect in a status; statuses without a sentence have nothing to add."""

DISCLAIMER = Text(
    "以上内容仅供参考；案情复杂的，请咨询律师或拨打12333。",
    "This is for reference only; in complex cases ask a lawyer or call 12333.",
)


def masked(progress: Progress, number: str, language: Language) -> dict[str, Any]:
    """What a serial number alone shows: the coarse status and dates, nothing personal."""
    timeline = _timeline(progress, language)
    status = _status(progress)
    return {
        "serial_number": number,
        "status": status,
        "status_text": STATUSES[status].to(language),
        "updated_at": max(step["at"] for step in timeline),
        "division": progress["division"],
        "masked": True,
        "timeline": timeline,
    }


def unmasked(
    progress: Progress, number: str, language: Language, public_url: str
) -> dict[str, Any]:
    """What a holder sees besides: organisation, mediator, deadlines, next steps, documents."""
    seen = masked(progress, number, language)
    case = _newest_of_case(progress)
    next_step = NEXT_STEPS.get(seen["status"])
    return seen | {
        "masked": False,
        "category": progress["category"],
        "flags": progress["flags"],
        "organisation": case.get("organisation"),
        "mediator": case.get("mediator"),
        "deadlines": progress["deadlines"],
        "next_steps": [t.to(language) for t in (next_step, DISCLAIMER) if t],
        "evidence_awaited": _evidence_awaited(progress),
        "documents": [
            {
                "kind": "receipt",
                "title": Text("申请回执", "Receipt of the application").to(language),
                "url": f"{public_url}/v1/applications/{number}/receipt",
            }
        ],
    }


def is_known(progress: Progress | None) -> bool:
    """Whether the submission itself has arrived; steps of the case may be there before it."""
    return progress is not None and "division" in progress


def _status(progress: Progress) -> str:
    """The newest step of the case decides; a withdrawal by the applicant is final at once."""
    steps = progress["steps"].values()
    if any(step["name"] == "application.withdrawn" for step in steps):
        return "withdrawn"
    return str(_newest_of_case(progress).get("status", "submitted"))


def _newest_of_case(progress: Progress) -> Mapping[str, Any]:
    of_case = [s for key, s in progress["steps"].items() if key.startswith("case-")]
    return max(of_case, key=lambda step: step["sequence"], default={})


def _evidence_awaited(progress: Progress) -> int | None:
    """Declared files still missing; None while no event has told of any."""
    steps = sorted(progress["steps"].values(), key=lambda step: step["sequence"])
    awaited: int | None = None
    arrived: set[int] = set()
    for step in steps:
        if "awaited" in step:
            arrived.add(step["index"])
            awaited = step["awaited"]
        elif "attachment_count" in step:
            awaited = step["attachment_count"] - len(arrived)
    return awaited


def _timeline(progress: Progress, language: Language) -> list[dict[str, Any]]:
    """Every change of status in order, application before case where the moment is the same."""
    steps = [(key, step) for key, step in progress["steps"].items() if "status" in step]
    ordered = sorted(steps, key=lambda item: (item[1]["at"], item[0]))
    timeline: list[dict[str, Any]] = []
    for _, step in ordered:
        if timeline and timeline[-1]["status"] == step["status"] == "withdrawn":
            continue  # asked for and done: one step to the reader
        text = STATUSES[step["status"]].to(language)
        timeline.append({"status": step["status"], "at": rfc3339(step["at"]), "text": text})
    return timeline
