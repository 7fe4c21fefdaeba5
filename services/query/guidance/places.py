"""Where help is: hotlines, legal aid, inspection, arbitration and courts."""

from __future__ import annotations

from services.query.guidance.statement import Statement, said
from services.query.guidance.steps import EMPLOYER, MONEY
from shared.errors import Text

PLACES: tuple[Statement, ...] = (
    said("legal_aid_without_means_test", Text(
        "法律援助中心：您的请求免予核查经济困难状况，请带身份证件和务工证明直接申请。",
        "Legal aid centre: your claim needs no means test; bring proof of identity and of your work."),
        "LAL 42", flags=("legal_aid_without_means_test",), unless=EMPLOYER, also="12348"),
    said("legal_aid", Text(
        "法律援助热线及各地法律援助中心：法律咨询；符合条件的，代拟文书、代理调解和仲裁。",
        "Legal aid hotline and centres: advice, and for those entitled papers drawn up and someone to speak"
        " for you in mediation and arbitration."), "LAL 22", unless=EMPLOYER, also="12348"),
    said("legal_hotline", Text(
        "公共法律服务热线：法律咨询。", "Public legal service hotline: advice."), "service",
        flags=EMPLOYER, also="12348"),
    said("policy_hotline", Text(
        "人力资源社会保障热线：政策咨询、举报投诉。",
        "Human resources and social security hotline: policy and complaints."), "service", also="12333"),
    said("womens_hotline", Text(
        "妇女维权热线和当地妇联。", "Women's hotline and the local women's federation."), "WPL 73",
        flags=("women_workers", "fast_track"), unless=EMPLOYER, also="12338"),
    said("union", Text(
        "工会维权热线及工会法律服务。", "Trade union hotline and legal services."), "TUL 30",
        unless=EMPLOYER, also="12351"),
    said("labour_inspection", Text(
        "劳动保障监察：拖欠工资、超时加班、不缴社会保险费等可以投诉，一般应在两年内。",
        "Labour inspectorate: complain about unpaid wages, excessive hours, missing insurance, generally"
        " within two years."), "LIR 20", of=(*MONEY, "hours_leave_insurance_training", "contract",
                                            "dismissal_resignation", "confirm_labour_relation",
                                            "other_by_law"), unless=EMPLOYER, mediated=True,
        also="12333"),
    said("social_insurance_authority", Text(
        "社会保险行政部门：申请工伤认定。",
        "Social insurance authority: recognition of injuries."),
        "WII 17", flags=("work_injury",), also="12333"),
    said("insurance_agency", Text(
        "社会保险费征收机构：要求单位补缴。", "The collecting agency: to have contributions made up."),
        "SIL 63", of=("hours_leave_insurance_training",), unless=EMPLOYER, also="12366"),
    said("arbitration_commission", Text(
        "劳动人事争议仲裁委员会：在劳动合同履行地或者用人单位所在地。",
        "Arbitration commission of the place of work or of the employer."), "LDMA 21", mediated=True),
    said("women_workers_station", Text(
        "女职工维权工作站：政策、法律援助、就业和心理支持。",
        "Women workers' rights station: policy, legal aid, work and someone to talk to."), "service",
        flags=("women_workers", "fast_track"), unless=EMPLOYER, also="12338"),
    said("psychological_hotline", Text(
        "需要马上有人倾听的，可以拨打全国统一心理援助热线。",
        "If you need someone to listen now: the national line for psychological help."), "service",
        flags=("psychological_support",), also="12356"),
)  # fmt: skip
"""Numbers to call stand in `also`."""
