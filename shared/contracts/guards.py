"""The rules that a command can be refused by although the status of its case would allow it.

A row of the lifecycle table names those that stand beside it; the refusal is 409 `rule_not_met` and
tells the rule and its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Text


@dataclass(frozen=True, slots=True)
class Guard:
    """What must hold beside the status; `source` is a key of SOURCES."""

    text: Text
    source: str


GUARDS: Mapping[str, Guard] = {
    "all_consented": Guard(
        Text(
            "双方当事人均同意调解后方可受理",
            "A case is accepted only when all parties agree to mediate",
        ),
        "R17 22",
    ),
    "choice_offered": Guard(
        Text("该调解组织未开放选择调解员", "The organisation does not let applicants choose"),
        "service",
    ),
    "acceptance_in_time": Guard(
        Text("调解期限只能在届满前延长", "The term can be extended only before it ends"), "R17 29"
    ),
    "extension_within_limit": Guard(
        Text(
            "延长须经双方同意；新就业形态争议延长不超过15日，其他争议不超过60日",
            "An extension is by joint consent: 15 days at most in new-form employment, else 60",
        ),
        "R17 29",
    ),
    "session_ahead": Guard(
        Text(
            "调解会须安排在今后180日之内，每次不超过8小时",
            "A session lies ahead, within 180 days, and lasts 8 hours at most",
        ),
        "service",
    ),
    "sessions_apart": Guard(
        Text(
            "同一案件或者同一调解员的调解会时间不得重叠",
            "Sessions of one case or of one mediator do not overlap",
        ),
        "service",
    ),
    "session_begun": Guard(
        Text("调解会开始后方可记录", "A session is recorded once it has begun"), "R17 30"
    ),
    "session_held": Guard(
        Text("须先有调解记录", "A session must have been recorded before"), "R17 30"
    ),
    "agreement_complete": Guard(
        Text(
            "调解协议须写明当事人、请求事项、结果、履行期限和方式",
            "An agreement states parties, claims, result, time and manner of performance",
        ),
        "R17 26",
    ),
    "represented_consented": Guard(
        Text(
            "代表人变更请求或者和解，须经被代表的当事人同意",
            "Representatives change claims or settle only with the consent of the represented",
        ),
        "CPL 56",
    ),
    "authorised_to_settle": Guard(
        Text(
            "一般授权的代理人无权代为和解，须由当事人本人签署或者特别授权",
            "A general agent cannot settle: the party signs, or gives special authority",
        ),
        "CPL 62",
    ),
    "all_signed": Guard(
        Text(
            "协议经双方当事人和调解员签名并加盖调解组织印章后生效",
            "An agreement takes effect when parties and mediator have signed and it is sealed",
        ),
        "R17 26",
    ),
    "referral_fits": Guard(
        Text("案件目前不具备该项转介的条件", "This referral does not fit the case as it stands"),
        "service",
    ),
    "referral_in_order": Guard(
        Text(
            "转介须先征得当事人同意，并依次办理",
            "A referral needs its party's will first and goes step by step",
        ),
        "service",
    ),
    "review_in_time": Guard(
        Text(
            "仲裁审查须双方在协议生效之日起15日内共同申请",
            "Review is requested by both parties within 15 days from the agreement's effect",
        ),
        "R33 74",
    ),
    "reopening_in_time": Guard(
        Text("结案后30日内可以重新办理", "A closed case can be reopened within 30 days"), "service"
    ),
    "organisation_kept": Guard(
        Text(
            "从未分派调解组织的案件不能重新办理，请重新申请",
            "A case that no organisation ever had is not reopened: apply again",
        ),
        "service",
    ),
    "archiving_due": Guard(
        Text("结案满30日后归档", "A case is archived 30 days after it was closed"), "service"
    ),
}
"""Rules a command is refused by, although the status would allow it (409 `rule_not_met`)."""
