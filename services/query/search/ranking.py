"""How much a policy counts before anything is asked: what concerns work, what is in force, its rank."""

from __future__ import annotations

import re

from services.query.policies.policy import HOLDING, Article, Policy, replaced_note

_LABOUR = re.compile("劳动|工资|职工|工伤|社会保险|失业保险|年休假|就业")
_NEAR_LABOUR = re.compile(
    "工会|职业病|安全生产|调解|妇女权益|法律援助|残疾人保障|公务员|事业单位|民事诉讼法|医疗保障"
    "|个人信息保护|企业破产|退休|未成年人|仲裁"
)
_SAYS_LAW = frozenset({"law", "administrative_regulation", "judicial_interpretation"})

_OTHER, _NEAR, _CORE = 1.0, 1.9, 2.2
_NOT_CURRENT, _BELOW_LAW = 0.6, 0.92


def is_about_labour(policy: Policy) -> bool:
    """Whether the policy as a whole is labour law."""
    return bool(_LABOUR.search(policy.title))


def concerns_labour(policy: Policy) -> bool:
    """Whether the policy is labour law or law that labour disputes often need."""
    return is_about_labour(policy) or bool(_NEAR_LABOUR.search(policy.title))


def factor(policy: Policy, article: Article | None) -> float:
    """By how much the score of an article is multiplied; 0.5 to 2.2."""
    near = _NEAR if concerns_labour(policy) else _OTHER
    about = _CORE if is_about_labour(policy) else near
    rank = 1.0 if policy.kind in _SAYS_LAW else _BELOW_LAW
    return about * rank * (1.0 if is_current(policy, article) else _NOT_CURRENT)


def is_current(policy: Policy, article: Article | None) -> bool:
    """Whether nothing has replaced the article, as far as its source or a later law tells."""
    if policy.superseded_by or policy.status not in HOLDING:
        return False
    return article is None or replaced_note(policy, article) is None
