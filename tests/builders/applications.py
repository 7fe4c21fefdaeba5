"""Applications for tests, as a client would send them. All people and employers are invented.

Every builder takes changes in two forms, applied in this order: keywords are merged deeply into
the body (`an_application(applicant={"gender": "女"})`), then JSON Pointers are set
(`an_application({"/claims/0/amount_cny": 5, "/agent": ABSENT})`). `seed` gives other people and
another employer, the same for the same number.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

Application = dict[str, Any]
Changes = Mapping[str, Any]

ABSENT: Any = object()
"""As a value of a change: take the field away."""

MAN = "男"
WOMAN = "女"


def an_id_number(
    born: date = date(1985, 6, 15), sex: str = MAN, seed: int = 1, area: str = "370102"
) -> str:
    """A resident identity number with right check character (GB 11643); odd sequence for men."""
    sequence = 2 * (seed % 490) + (1 if sex == MAN else 0)
    return with_check_character(f"{area}{born:%Y%m%d}{sequence:03d}")


def with_check_character(digits: str) -> str:
    """Seventeen digits and their ISO 7064 MOD 11-2 check character."""
    return digits + mod_11_2.calc_check_digit(digits)


def a_uscc(seed: int = 1, area: str = "370102") -> str:
    """A unified social credit code of an enterprise with right check character (GB 32100)."""
    body = f"91{area}MAEX{seed % 100_000:05d}"
    return body + uscc.calc_check_digit(body)


def a_mobile(seed: int = 1) -> str:
    """A mainland mobile number of the 138 range."""
    return f"138{seed % 100_000_000:08d}"


def an_application(
    changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """A man, no migrant worker, asks his last employer for unpaid wages: valid, no flag."""
    return changed(_plain(seed), changes, sections)


def an_employers_application(
    changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """An enterprise asks a former employee for training costs, through its employee as agent."""
    body = _plain(seed)
    worker, employer = body["applicant"], body["respondents"][0]
    body |= {
        "applicant_role": "employer",
        "applicant": employer | {"contact_name": "人力资源部 余禾", "phone": "02800000005"},
        "respondents": [worker],
        "agent": an_agent(relation="employee", seed=seed),
        "claims": [
            {"claim_type": "training_cost", "text": "返还培训费用", "amount_cny": 32000},
            {"claim_type": "return_property", "text": "归还测量仪一台", "amount_cny": None},
        ],
    }
    body["dispute"] |= {"category": "hours_leave_insurance_training", "cause": "培训服务期违约"}
    return changed(body, changes, sections)


def a_collective_application(
    n: int = 12, changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """`n` workers with one claim, the applicant first among them; three represent them all."""
    body = _plain(seed)
    born, city = date(1975, 4, 8), "320583"
    workers: list[dict[str, Any]] = [
        {
            "name": f"{'赵钱孙李周吴郑王冯陈'[i % 10]}工{'甲乙丙丁戊己庚辛壬癸'[i // 10 % 10]}",
            "gender": WOMAN if i % 3 == 1 else MAN,
            "id_type": "resident_id",
            "id_number": an_id_number(born, WOMAN if i % 3 == 1 else MAN, seed * 7 + i, city),
            "phone": a_mobile(seed * 1000 + i),
            "amount_cny": 12_000 + 500 * i,
            "is_representative": i < 3,
        }
        for i in range(n)
    ]
    leader = {key: workers[0][key] for key in ("name", "gender", "id_type", "id_number", "phone")}
    body["applicant"] |= leader
    body["co_applicants"] = workers
    body["claims"][0]["amount_cny"] = sum(worker["amount_cny"] for worker in workers)
    return changed(body, changes, sections)


def a_woman_in_lactation(
    changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """A woman moved to worse work while nursing; she wants legal aid and psychological support."""
    body = _plain(seed)
    body["applicant"] |= {
        "name": "林未晚",
        "gender": WOMAN,
        "id_number": an_id_number(date(1994, 9, 25), WOMAN, seed),
        "maternity_period": "lactation",
        "child_birth_date": "2026-03-18",
        "wants_legal_aid": True,
        "wants_psychological_support": True,
    }
    body["employment"]["ended_on"] = None
    body["dispute"] |= {"category": "contract", "cause": "变更劳动合同"}
    body["claims"] = [
        {"claim_type": "restore_position", "text": "恢复原岗位", "amount_cny": None},
        {"claim_type": "wage_difference", "text": "补发工资差额", "amount_cny": 2200},
    ]
    body["consents"]["sensitive_health_information"] = True
    return changed(body, changes, sections)


def a_foreign_teacher(
    changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """A teacher from abroad with a passport, who needs an interpreter."""
    body = _plain(seed)
    body["applicant"] |= {
        "name": "ACHIENG ROSE ATIENO",
        "name_zh": "罗丝",
        "gender": WOMAN,
        "id_type": "passport",
        "id_number": f"BK{seed % 10_000_000:07d}",
        "nationality_alpha3": "KEN",
        "birth_date": "1991-05-22",
        "needs_interpreter": "英语",
        "work_permit_number": "虚构-WP-000002",
        "work_permit_valid_until": "2027-12-31",
    }
    body["employment"]["job_title"] = "英语教师"
    body["dispute"] |= {"category": "hours_leave_insurance_training", "cause": "休息休假"}
    body["claims"] = [
        {"claim_type": "annual_leave_pay", "text": "支付未休年休假工资", "amount_cny": 16900}
    ]
    return changed(body, changes, sections)


def a_riders_application(
    changes: Changes | None = None, /, *, seed: int = 1, **sections: Any
) -> Application:
    """A delivery rider against the platform and the company that hires for it."""
    body = _plain(seed)
    body["employment"] |= {
        "job_title": "外卖配送员",
        "new_employment_form": True,
        "platform_name": "飞笺配送（虚构）",
        "platform_account": f"rider-{seed:06d}",
        "contract_signed": False,
    }
    body["respondents"].append(
        {
            "party_type": "employer",
            "name": "济南云笺网络科技有限公司（虚构）",
            "unit_type": "enterprise",
            "uscc": a_uscc(seed + 50_000),
            "phone": "053100000003",
            "address": "山东省济南市历下区虚构路3号",
        }
    )
    body["dispute"] |= {"cause": "拖欠配送服务费"}
    return changed(body, changes, sections)


def an_agent(
    changes: Changes | None = None, /, *, relation: str = "child", seed: int = 1, **fields: Any
) -> dict[str, Any]:
    """Someone who acts for the applicant with special authority."""
    agent = {
        "name": "贺明舟",
        "relation": relation,
        "id_type": "resident_id",
        "id_number": an_id_number(date(1990, 2, 9), MAN, seed + 200),
        "phone": a_mobile(seed + 700_000),
        "authority": "special",
        "authority_scope": ["accept", "change_claims", "settle"],
        "notify_agent_too": True,
    }
    return changed(agent, changes, fields)


def with_agent(application: Application, /, **fields: Any) -> Application:
    """The same application, made through an agent; `fields` as of `an_agent`."""
    return application | {"agent": an_agent(**fields)}


def changed(body: Application, changes: Changes | None, sections: Changes) -> Application:
    """The body with `sections` merged in, then each JSON Pointer of `changes` set."""
    merge(body, sections)
    for pointer, value in (changes or {}).items():
        put(body, pointer, value)
    return body


def merge(into: Application, changes: Changes) -> None:
    """Merge deeply: objects join, anything else is replaced, ABSENT removes."""
    for key, value in changes.items():
        if value is ABSENT:
            into.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def put(body: Any, pointer: str, value: Any) -> None:
    """Set, append (`/claims/-`) or (ABSENT) delete what a JSON Pointer (RFC 6901) names."""
    *path, last = (
        part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")
    )
    for part in path:
        body = body[int(part)] if isinstance(body, list) else body[part]
    key: Any = int(last) if isinstance(body, list) and last != "-" else last
    if value is ABSENT:
        del body[key]
    elif isinstance(body, list) and last == "-":
        body.append(value)
    else:
        body[key] = value


def _plain(seed: int) -> Application:
    names = random.Random(seed)
    given = "".join(names.choice("明远山川禾苗石泉松柏") for _ in range(2))
    return {
        "channel": "web",
        "applicant_role": "worker",
        "tips_accepted_at": "2026-11-02T19:41:05+08:00",
        "applicant": {
            "party_type": "natural_person",
            "name": f"试{given}",
            "gender": MAN,
            "id_type": "resident_id",
            "id_number": an_id_number(seed=seed),
            "phone": a_mobile(seed),
            "email": f"applicant{seed}@example.com",
            "correspondence_address": "山东省济南市历下区虚构路1号",
        },
        "agent": None,
        "respondents": [
            {
                "party_type": "employer",
                "name": f"济南{given}机械有限公司（虚构）",
                "unit_type": "enterprise",
                "uscc": a_uscc(seed),
                "legal_representative": "钱立群",
                "legal_representative_title": "法定代表人",
                "contact_name": "钱经理",
                "phone": "053100000001",
                "address": "山东省济南市历下区虚构路2号",
            }
        ],
        "submit_division": {
            "county_code": "370102",
            "county_name": "山东省济南市历下区",
            "township_code": "370102013",
            "township_name": "山东省济南市历下区姚家街道",
        },
        "employment": {
            "job_title": "装配工",
            "started_on": "2021-03-05",
            "ended_on": "2026-09-20",
            "monthly_wage_cny": 7800,
            "contract_signed": True,
            "work_place": "济南市历下区",
            "work_place_county_code": "370102",
            "social_insurance_paid": True,
            "new_employment_form": False,
        },
        "dispute": {
            "category": "pay_injury_compensation",
            "cause": "拖欠劳动报酬",
            "known_infringement_on": "2026-09-30",
            "facts_and_reasons": "公司从七月起没有发工资。\n我九月二十日离职，至今没有结清。",
        },
        "claims": [
            {"claim_type": "wage_arrears", "text": "支付三个月拖欠工资", "amount_cny": 20020.5}
        ],
        "attachments": [
            {
                "file_name": "工资条.jpg",
                "kind": "wage_flow",
                "content_type": "image/jpeg",
                "size_bytes": 1_120_456,
            }
        ],
        "consents": {
            "truthfulness": True,
            "personal_information": True,
            "electronic_service": True,
        },
    }
