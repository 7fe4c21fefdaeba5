"""What can be claimed, with the calculator that works it out where the law has a formula."""

from __future__ import annotations

from services.query.guidance.statement import OVER_AGE_SUBJECTS, Statement, said
from services.query.guidance.steps import ALL_BUT_EMPLOYEES, EMPLOYER, ENDING, MONEY, OVER_AGE
from shared.contracts.vocabulary import CATEGORIES
from shared.errors import Text

_HOURS = ("hours_leave_insurance_training",)
_RELATION = ("confirm_labour_relation",)
_FOR_COURTS = tuple(category for category in CATEGORIES if category not in OVER_AGE_SUBJECTS)
"""Where disputes of workers past retirement age go to court."""

CLAIMS: tuple[Statement, ...] = (
    said("confirm_relation", Text(
        "确认某日起至某日止存在劳动关系。",
        "That a labour relation existed from one day to another."), "LDMA 2", of=_RELATION,
        unless=OVER_AGE),
    said("double_wage", Text(
        "超过一个月未签书面合同的，每月二倍工资，最多十一个月。",
        "Double wage for each month beyond the first without a written contract, for eleven at most."),
        "LCL 82", of=(*_RELATION, "contract", *MONEY), unless=ALL_BUT_EMPLOYEES, also="double_wage"),
    said("open_ended_contract", Text(
        "符合条件的，订立无固定期限劳动合同。",
        "An open-ended contract, where the conditions are met."), "LCL 14", of=("contract",),
        unless=ALL_BUT_EMPLOYEES),
    said("perform_contract", Text(
        "按原合同履行：恢复岗位、补发差额。",
        "Performance as agreed: the old post back, and the difference in pay."), "LCL 29",
        of=("contract",), unless=ALL_BUT_EMPLOYEES),
    said("probation_damages", Text(
        "试用期超过法定上限的，按转正工资支付超过期间的赔偿金。",
        "Damages at the full wage for probation beyond the lawful length."), "LCL 83", of=("contract",),
        unless=ALL_BUT_EMPLOYEES, also="probation_too_long"),
    said("probation_wage", Text(
        "试用期工资低于约定工资80%或者最低工资的，补足差额。",
        "The difference where pay in probation was below 80 % of the agreed or the minimum wage."),
        "LCL 20", of=("contract", *MONEY), unless=ALL_BUT_EMPLOYEES, also="probation_pay"),
    said("deposit_back", Text(
        "退还押金、保证金和被扣的证件。",
        "Deposits and papers that were kept are given back."), "LCL 84",
        of=("contract", "dismissal_resignation"), unless=ALL_BUT_EMPLOYEES),
    said("economic_compensation", Text(
        "经济补偿：每满一年一个月工资，六个月以上不满一年按一年，不满六个月付半个月。",
        "Economic compensation: a month's wage a year, six months or more as a year, less as half a month."),
        "LCL 47", of=(*ENDING, *MONEY), unless=ALL_BUT_EMPLOYEES, also="economic_compensation"),
    said("damages_dismissal", Text(
        "违法解除或者终止的，经济补偿标准二倍的赔偿金。",
        "For an unlawful dismissal, damages of twice the compensation."), "LCL 87",
        of=(*ENDING, *MONEY), unless=ALL_BUT_EMPLOYEES, also="damages_unlawful_dismissal"),
    said("go_on", Text(
        "或者要求继续履行劳动合同。", "Or that the contract goes on."), "LCL 48",
        of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("notice_pay", Text(
        "未提前三十日通知的，另付一个月工资（限医疗期满、不能胜任、情况重大变化）。",
        "A month's wage in place of 30 days' notice, in the three cases of article 40."), "LCL 40",
        of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES, also="notice_pay"),
    said("leaving_papers", Text(
        "出具离职证明，十五日内转移档案和社会保险关系。",
        "A leaving certificate, and the transfer of file and insurance within 15 days."), "LCL 50",
        of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("overtime", Text(
        "加班费：工作日150%，休息日未补休200%，法定休假日300%。",
        "Overtime pay: 150 % on workdays, 200 % on rest days without time off, 300 % on holidays."),
        "LL 44", of=(*_HOURS, *MONEY), unless=EMPLOYER, also="overtime"),
    said("annual_leave", Text(
        "未休年休假工资：按日工资300%，其中100%已随工资支付。",
        "Pay for leave not taken: 300 % of a day's wage, of which 100 % was paid already."), "ALM 10",
        of=(*_HOURS, "dismissal_resignation", *MONEY), unless=EMPLOYER, mediated=True,
        also="annual_leave"),
    said("insurance_damages", Text(
        "因未办社会保险且不能补办造成的待遇损失。",
        "The loss of benefits where insurance was not arranged and cannot be made up for."), "SPC1 1",
        of=_HOURS, unless=ALL_BUT_EMPLOYEES),
    said("medical_period", Text(
        "患病或者非因工负伤，在规定的医疗期内被依照第四十条、第四十一条解除的，主张违法解除。",
        "A dismissal under articles 40 or 41 within the medical period of an illness is unlawful."),
        "LCL 42", of=ENDING, unless=ALL_BUT_EMPLOYEES, also="medical_period"),
    said("training_penalty_cap", Text(
        "违反服务期的违约金，不超过未履行部分分摊的培训费用。",
        "The penalty for breaking a period of service, up to the training cost of the time not served."),
        "LCL 22", of=(*_HOURS, "contract", "dismissal_resignation"), unless=OVER_AGE,
        also="service_period_penalty"),
    said("unpaid_wages", Text(
        "拖欠或者少发的工资；经责令逾期不付的，加付50%至100%赔偿金。",
        "Wages not or not fully paid; after an order that was not followed, 50 to 100 % more."), "LCL 85",
        of=MONEY, unless=EMPLOYER, also="unpaid_wages"),
    said("minimum_wage_gap", Text(
        "低于最低工资的差额。", "The difference to the minimum wage."), "LCL 85", of=MONEY,
        unless=EMPLOYER),
    said("advance_enforcement", Text(
        "申请仲裁后，生活受严重影响的可以申请先予执行，不必提供担保。",
        "In arbitration, enforcement in advance where you could not live without; no security is needed."),
        "LDMA 44", of=MONEY, unless=EMPLOYER),
    said("personnel_claims", Text(
        "按聘用合同支付待遇、撤销解聘决定或者办理人事手续。",
        "Pay under the contract, the dismissal undone, or the formalities done."), "PIR 37",
        of=("personnel",), mediated=True),
    said("other_claims", Text(
        "依据具体法律、法规提出请求，请写明条文或者请调解员帮助确定。",
        "What the particular law gives: name it, or let the mediator help."), "LDMA 2",
        of=("other_by_law",)),
    said("court_claims", Text(
        "向人民法院起诉的，要有具体的诉讼请求和事实、理由。",
        "In the people's court: definite claims, with the facts and the grounds."), "CPL 122",
        of=_FOR_COURTS, flags=OVER_AGE),
    said("arbitration_limit", Text(
        "先核对仲裁时效的最后一日。", "First see which is the last day for arbitration."), "LDMA 27",
        mediated=True, also="limitation"),
    said("disability_grant_1_4", Text(
        "一级至四级：一次性伤残补助金27、25、23、21个月的本人工资。",
        "Grades 1 to 4: a one-off grant of 27, 25, 23 or 21 months of the own wage."),
        "WII 35", flags=("work_injury",), unless=EMPLOYER, also="disability_grant"),
    said("disability_grant_5_6", Text(
        "五级、六级：一次性伤残补助金18、16个月的本人工资。",
        "Grades 5 and 6: a one-off grant of 18 or 16 months of the own wage."),
        "WII 36", flags=("work_injury",), unless=EMPLOYER, also="disability_grant"),
    said("disability_grant_7_10", Text(
        "七级至十级：一次性伤残补助金13、11、9、7个月的本人工资。",
        "Grades 7 to 10: a one-off grant of 13, 11, 9 or 7 months of the own wage."),
        "WII 37", flags=("work_injury",), unless=EMPLOYER, also="disability_grant"),
    said("subsidies_5_6", Text(
        "五级、六级本人提出离职的，另有一次性工伤医疗补助金和伤残就业补助金，标准由各省规定。",
        "Grades 5 and 6, if you ask to leave: one-off medical and employment subsidies, as each"
        " province sets them."), "WII 36", flags=("work_injury",), unless=EMPLOYER),
    said("subsidies_7_10", Text(
        "七级至十级合同期满或者本人提出离职的，同样另有两项一次性补助金，标准由各省规定。",
        "Grades 7 to 10, when the contract ends or you leave: the same two subsidies, as each"
        " province sets them."), "WII 37", flags=("work_injury",), unless=EMPLOYER),
    said("disability_allowance_1_4", Text(
        "一级至四级每月伤残津贴，为本人工资的90%、85%、80%、75%。",
        "Grades 1 to 4: a monthly allowance of 90, 85, 80 or 75 % of the own wage."),
        "WII 35", flags=("work_injury",), unless=EMPLOYER, also="disability_allowance"),
    said("disability_allowance_5_6", Text(
        "五级、六级难以安排工作的，每月伤残津贴为本人工资的70%、60%。",
        "Grades 5 and 6, if no suitable work can be given: 70 or 60 % of the own wage a month."),
        "WII 36", flags=("work_injury",), unless=EMPLOYER, also="disability_allowance"),
    said("injury_leave_pay", Text(
        "停工留薪期工资，一般不超过十二个月。",
        "Pay while off work, mostly for up to twelve months."), "WII 33", flags=("work_injury",),
        unless=EMPLOYER, also="injury_leave_pay"),
    said("injury_medical", Text(
        "工伤医疗费、康复费用和住院伙食补助。",
        "Medical costs, rehabilitation and food in hospital."), "WII 30", flags=("work_injury",),
        unless=EMPLOYER),
    said("injury_uninsured", Text(
        "单位未参保的，由单位按同样的待遇项目和标准支付。",
        "If you were not insured the employer pays the same benefits at the same rates."),
        "WII 62", flags=("work_injury",), unless=EMPLOYER),
    said("injury_fund_advances", Text(
        "未参保的单位不支付的，可以申请工伤保险基金先行支付。",
        "If an employer without insurance does not pay, ask the injury insurance fund to advance it."),
        "SIL 41", flags=("work_injury",), unless=EMPLOYER),
    said("work_death", Text(
        "因工死亡的，近亲属领取丧葬补助金、一次性工亡补助金和供养亲属抚恤金。",
        "After a death at work the family gets the funeral subsidy, the one-off grant and pensions."),
        "WII 39", flags=("work_injury",), unless=EMPLOYER, also="work_death"),
    said("maternity_leave", Text(
        "涉及生育的：产假98天，难产、多胞胎各增加15天。",
        "If it is about a birth: 98 days of maternity leave, 15 more for a difficult birth and for each"
        " further child."),
        "FWR 7", flags=("women_workers", "fast_track"), unless=EMPLOYER, also="maternity_leave"),
    said("maternity_allowance", Text(
        "涉及生育的：产假期间的生育津贴；未参加生育保险的，由单位按产假前工资支付。",
        "If it is about a birth: the allowance for that time; if you were not insured the employer pays"
        " your wage."),
        "FWR 8", flags=("women_workers", "fast_track"), unless=EMPLOYER, also="maternity_leave"),
    said("contractor_pays", Text(
        "工程发包或者分包给个人、无资质单位而欠薪的，由建设单位或者施工总承包单位清偿。",
        "Where work went to individuals or the unlicensed, the builder or general contractor pays"
        " the arrears."), "MWR 36", flags=("migrant_worker_wages",), unless=EMPLOYER),
    said("employer_damages", Text(
        "劳动者违法解除或者违反保密、竞业限制造成损失的，请求赔偿。",
        "Damages for a worker's unlawful leaving or breach of secrecy or non-competition."), "LCL 90",
        of=(*ENDING, *_HOURS), flags=EMPLOYER, unless=OVER_AGE),
    said("employer_pay_claims", Text(
        "对多付、误付款项请求返还，须有证据。",
        "Return of what was paid too much, with proof."), "LDMA 6",
        of=(*MONEY, *_RELATION, "personnel", "other_by_law"), flags=EMPLOYER),
)  # fmt: skip
