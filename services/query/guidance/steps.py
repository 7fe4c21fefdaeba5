"""What to do, in the order in which it is done, by kind of dispute and what is special about it."""

from __future__ import annotations

from functools import partial
from typing import Final

from services.query.guidance.statement import Statement, said
from shared.errors import Text

MONEY: Final = ("pay_injury_compensation",)
ENDING: Final = ("dismissal_resignation", "contract")
EMPLOYER: Final = ("employer_applicant",)
OVER_AGE: Final = ("over_age_worker",)
ALL_BUT_EMPLOYEES: Final = (*EMPLOYER, *OVER_AGE)
"""Whom nothing is for that only a labour relation gives, and gives to workers."""
FINAL: Final = (*MONEY, *ENDING, "hours_leave_insurance_training")
"""Among these are the disputes whose award binds the employer at once (劳动争议调解仲裁法 47)."""

FIRST: tuple[Statement, ...] = (
    said("limitation_now", Text(
        "一年的仲裁时效将满或者可能已过：先尽快申请仲裁或者书面主张权利，不要只等调解结果。",
        "The one-year limit is near or may be past: go to arbitration or claim in writing first, do not"
        " only wait for mediation."), "LDMA 27", flags=("limitation_risk",), mediated=True),
    said("over_age_scope", Text(
        "已达到法定退休年龄的，2026年7月1日起可在这里申请劳动报酬、休息休假、劳动安全卫生和工伤保障方面的调解；"
        "其他争议请向人民法院起诉。",
        "Past retirement age, disputes on pay, rest, safety and injury can be mediated here since 1 July"
        " 2026; take others to the people's court."), "OAR", flags=OVER_AGE),
    said("negotiate", Text(
        "先与对方协商，也可以请工会或者信得过的第三方一起谈，把谈的内容留下书面记录。",
        "Talk to the other side first, with the union or somebody you trust if you like, and keep a record"
        " of it."), "LDMA 4"),
    said("gather", Text(
        "把证据整理好：证明在哪里工作、做多久、约定多少、发了多少、为什么发生争议。",
        "Put your evidence in order: the place and time of the work, what was agreed, what was paid, and"
        " how the dispute arose."), "LDMA 6"),
)  # fmt: skip

BY_CATEGORY: tuple[Statement, ...] = (
    said("relation_identify", Text(
        "写清谁给您安排工作、发工资、管考勤；没有书面合同也可以确认劳动关系，关系自用工之日起建立。",
        "Say who gave you work, paid and supervised you; without a written contract the relation exists"
        " from the first day of work all the same."), "LCL 7", of=("confirm_labour_relation",),
        unless=ALL_BUT_EMPLOYEES),
    said("relation_in_scope", Text(
        "确认劳动关系属于劳动争议，调解不成可以仲裁；申请工伤认定前也常需要先确认。",
        "Whether there is a labour relation is a labour dispute and can go to arbitration; it is often"
        " settled before an injury is recognised."), "LDMA 2", of=("confirm_labour_relation",),
        unless=OVER_AGE),
    said("contract_written", Text(
        "核对有没有书面合同；入职一个月内没有签的，请单位补签。",
        "Check whether there is a written contract; if none was signed within a month, ask for it."),
        "LCL 10", of=("contract",), unless=ALL_BUT_EMPLOYEES),
    said("contract_change", Text(
        "调岗降薪等变更合同须双方协商一致并采用书面形式；不同意的，及时书面提出。",
        "A change of post or pay needs the consent of both in writing; if you do not agree, say so in"
        " writing at once."), "LCL 35", of=("contract",), unless=OVER_AGE),
    said("dismissal_certificate", Text(
        "请单位出具解除或者终止劳动合同的证明。",
        "Ask for the certificate that the contract was ended."), "LCL 50", of=("dismissal_resignation",),
        unless=ALL_BUT_EMPLOYEES),
    said("dismissal_reason", Text(
        "建议请单位书面说明解除的理由；不要签写有自愿离职的文件，签字前看清内容。",
        "It helps to have the reason in writing; sign no paper that says you resign, and read before"
        " signing."), "service", of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("dismissal_choice", Text(
        "违法解除的，在继续履行合同与二倍赔偿金之间选择一项；选定后按它提出请求。",
        "If the dismissal was unlawful choose between going on with the contract and damages of twice the"
        " compensation, and claim that."), "LCL 48", of=("dismissal_resignation",),
        unless=ALL_BUT_EMPLOYEES),
    said("resign_for_cause", Text(
        "依照第三十八条（如单位拖欠工资、不缴社会保险费）离职的，单位应当支付经济补偿。",
        "If you leave under article 38, as for unpaid wages or insurance, compensation is due."),
        "LCL 46", of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("resign_for_cause_written", Text(
        "这样离职的，建议书面写明理由，并留好送达凭证。",
        "If you leave so, it helps to name the reason in writing and to keep proof that it arrived."),
        "service", of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("resign_notice", Text(
        "主动离职的，提前三十日书面通知，试用期内提前三日。",
        "To resign give 30 days' notice in writing, 3 days in probation."),
        "LCL 37", of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES),
    said("hours_record", Text(
        "按月列出加班和未休的假：日期、起止时间、谁安排、有没有补休。",
        "List overtime and leave not taken month by month: day, from when to when, who ordered it, whether"
        " time off was given."), "LL 44", of=("hours_leave_insurance_training",)),
    said("insurance_collect", Text(
        "没有缴或者少缴社会保险费的，可以向征收机构或者社会保险行政部门投诉要求补缴。",
        "If contributions were not or not fully paid, complain to the collecting agency or the social"
        " insurance authority."), "SIL 82", of=("hours_leave_insurance_training",), unless=EMPLOYER),
    said("insurance_loss", Text(
        "不能补办而享受不到待遇的，可以请求单位赔偿损失。",
        "If it can no longer be made up for and you lose benefits, claim the loss from the employer."),
        "SPC1 1", of=("hours_leave_insurance_training",), unless=ALL_BUT_EMPLOYEES),
    said("pay_itemise", Text(
        "按月算清欠多少：应发、实发、差额，可以用下面的计算器。",
        "Work out what is owed month by month: due, paid, difference; the calculators below help."),
        "LL 50", of=MONEY),
    said("pay_inspection", Text(
        "也可以向劳动行政部门（劳动保障监察）投诉拖欠的工资、工伤医疗费、经济补偿或者赔偿金。",
        "You can also complain to the labour authority about pay, injury costs, compensation or"
        " damages owed."), "LDMA 9", of=MONEY, unless=EMPLOYER),
    said("pay_order", Text(
        "单位拖欠或者未足额支付工资的，可以依法直接向人民法院申请支付令。",
        "For wages not or not fully paid you can ask the people's court for a payment order at"
        " once."), "LCL 30", of=MONEY, unless=EMPLOYER),
    said("personnel_scope", Text(
        "事业单位聘用制人员与单位的争议可以调解、仲裁；先看聘用合同约定和单位决定的文书。",
        "Staff employed by contract in public institutions can have disputes mediated and arbitrated: look"
        " at the contract and the decision first."), "LDMA 52", of=("personnel",), mediated=True),
    said("personnel_civil_servants", Text(
        "聘任制公务员因履行聘任合同发生的争议，自发生之日起六十日内申请仲裁，期限较短，请特别注意。",
        "Civil servants employed by contract have only sixty days from the dispute to go to arbitration."),
        "CSL 105", of=("personnel",), mediated=True),
    said("other_scope", Text(
        "不确定是否属于劳动争议的，先拨打12333或者在申请里写清经过，由调解组织判断。",
        "If you are not sure that it is a labour dispute, call 12333, or describe what happened and let the"
        " mediators judge."), "LDMA 2", of=("other_by_law",)),
    said("other_not_scope", Text(
        "与社会保险经办机构之间的待遇发放、对鉴定结论的异议、家政雇佣等不属于劳动争议，须走其他途径。",
        "Benefits from the insurance agency, objections to assessments and domestic work for families are"
        " not labour disputes and go other ways."), "SPC1 2", of=("other_by_law",)),
)  # fmt: skip

BY_FLAG: tuple[Statement, ...] = (
    said("collective_representatives", Text(
        "十人以上有共同请求的，可以推举代表参加调解、仲裁和诉讼。",
        "Ten or more people with a common claim can name representatives for mediation,"
        " arbitration and court."), "LDMA 7", flags=("collective",), unless=EMPLOYER),
    said("collective_number", Text(
        "在本平台请推举三至五名代表，并提交全体签名的推举书。",
        "Here please name 3 to 5 of them, in a mandate that all have signed."),
        "service", flags=("collective",), unless=EMPLOYER),
    said("collective_consent", Text(
        "代表放弃、变更请求或者和解，须经所代表的人同意。",
        "Representatives waive, change or settle claims only with the consent of those they speak"
        " for."), "CPL 56", flags=("collective",)),
    said("priority_handling", Text(
        "本案优先办理，调解组织会先联系您，请保持电话畅通。",
        "This case has priority: the organisation will call you first, please keep your phone on."),
        "service", flags=("priority",)),
    said("women_station", Text(
        "由女职工维权工作站办理，人社、司法、法院、工会、妇联协同。",
        "The women workers' rights station takes it, with human resources, justice, courts, union"
        " and women's federation."), "service", flags=("women_workers",)),
    said("women_federation", Text(
        "也可以向妇女联合会求助，由其要求并协助有关部门或者单位查处。",
        "You can also turn to the women's federation, which can press the authorities to act."),
        "WPL 73", flags=("women_workers",), unless=EMPLOYER),
    said("women_protected", Text(
        "不得因怀孕、生育、哺乳降低工资、辞退或者解除合同。",
        "Nobody may be paid less or dismissed for pregnancy, birth or nursing."),
        "FWR 5", flags=("women_workers", "fast_track")),
    said("women_contract_extended", Text(
        "怀孕和产假期间合同到期的，自动延续至产假结束。",
        "A contract that runs out in pregnancy or maternity leave goes on until the leave ends."),
        "WPL 48", flags=("women_workers", "fast_track")),
    said("fast_track_times", Text(
        "适用速裁绿色通道：一个工作日内决定是否受理，力争七天内调解完毕。",
        "On the fast track acceptance is decided within a working day, and mediation is meant to end in"
        " seven days."), "service", flags=("fast_track",)),
    said("migrant_general_contractor", Text(
        "工程建设领域分包单位欠薪的，由施工总承包单位先行清偿，请把总承包单位一并列为被申请人。",
        "In construction the general contractor pays first for a subcontractor's arrears: name it as"
        " respondent too."), "MWR 30", flags=("migrant_worker_wages",), unless=EMPLOYER),
    said("injury_recognition", Text(
        "先认定工伤：单位应在三十日内申请；单位不申请的，受伤职工或者近亲属、工会可在一年内直接申请。",
        "The injury is recognised first: the employer applies within 30 days; if it does not, the worker,"
        " close relatives or the union can within a year."), "WII 17", flags=("work_injury",)),
    said("injury_assessment", Text(
        "伤情相对稳定后存在残疾、影响劳动能力的，进行劳动能力鉴定。",
        "Once it is stable, a disability that affects the ability to work is assessed."), "WII 21",
        flags=("work_injury",)),
    said("new_form_facts", Text(
        "外卖、快递、网约车等平台用工，先弄清与平台、合作企业是什么关系、谁派单、谁管理、谁发钱。",
        "For platform work find out how the worker stands to the platform and its partners: who assigns,"
        " manages and pays."), "NEF", flags=("new_employment_form",)),
    said("new_form_extension", Text(
        "新就业形态争议双方同意的，调解期限可以延长，最长十五日。",
        "In such disputes both can agree to extend mediation, by 15 days at most."),
        "R17 29", flags=("new_employment_form",)),
    said("several_named", Text(
        "把各被申请人分别写清；劳务派遣的，派遣单位和用工单位是共同当事人。",
        "Name each respondent; of temporary agency work the agency and the user are parties together."),
        "LDMA 22", flags=("multiple_respondents",)),
    said("agent_authority", Text(
        "委托代理人的，提交写明事项和权限、签名或者盖章的委托书。",
        "An agent needs a signed authority that names its matters and powers."),
        "LDMA 24", flags=("agent",)),
    said("agent_settling", Text(
        "代为承认、放弃、变更请求或者和解，须有特别授权。",
        "To admit, waive, change or settle claims the agent needs special authority."),
        "CPL 62", flags=("agent",)),
    said("foreigner_permit", Text(
        "没有永久居留资格的外国人，请备好就业证件；未依法取得即签订劳动合同的，法院不支持确认劳动关系。",
        "Foreigners without permanent residence: have the work permit at hand; without one the courts do"
        " not confirm a labour relation."), "SPC1 33", flags=("non_mainland_identity",)),
    said("hmt_no_permit", Text(
        "港澳台居民在内地就业不需要办理就业许可。",
        "Residents of Hong Kong, Macao and Taiwan need no work permit on the mainland."),
        "GF28", flags=("non_mainland_identity",)),
    said("interpreter_ask", Text(
        "需要翻译的，申请时写明语言，由调解组织在调解会前安排。",
        "Say which language you need: the organisation arranges an interpreter before the session."),
        "service", flags=("interpreter_needed",)),
    said("interpreter_court", Text(
        "到法院诉讼时，不通晓当地通用语言的，由法院提供翻译。",
        "In court the court provides an interpreter."), "CPL 11", flags=("interpreter_needed",)),
    said("assistance_oral", Text(
        "书写有困难的可以口头申请，由工作人员记录；行动、视听不便的，请说明需要的帮助。",
        "If writing is hard apply by word of mouth and staff write it down; say what other help you need."),
        "LDMA 12", flags=("assistance_needed",)),
    said("aid_ask", Text(
        "因经济困难没有委托代理人，请求确认劳动关系、支付劳动报酬或者工伤赔偿的，可以申请法律援助。",
        "If you cannot afford someone to speak for you, ask for legal aid for claims on the labour"
        " relation, pay or injury."), "LAL 31", flags=("legal_aid_requested",), unless=EMPLOYER),
    said("aid_no_test", Text(
        "进城务工人员追索劳动报酬或者工伤赔偿的，申请法律援助免予核查经济困难状况，带上身份和务工证明。",
        "Migrant workers who claim pay or injury damages get legal aid without a means test: bring proof of"
        " identity and work."), "LAL 42", flags=("legal_aid_without_means_test",), unless=EMPLOYER),
    said("psychological_talk", Text(
        "可以请调解组织安排心理疏导，内容保密，不影响案件办理。",
        "The organisation can arrange a talk with a counsellor; it is confidential and does not affect the"
        " case."), "service", flags=("psychological_support",)),
    said("employer_prepare", Text(
        "用人单位申请的，准备营业执照、规章制度及其公示证明、工资支付记录，说明请求和依据。",
        "Employers bring the business licence, the rules and proof that they were made known, and the wage"
        " records, and state claim and grounds."), "service", flags=EMPLOYER),
    said("employer_union", Text(
        "单方解除合同前应当把理由通知工会。",
        "Before a dismissal the union has to be told the reasons."), "LCL 43", of=ENDING, flags=EMPLOYER,
        unless=OVER_AGE),
)  # fmt: skip

_mediated: Final = partial(said, mediated=True)

LAST: tuple[Statement, ...] = (
    _mediated("apply", Text(
        "申请调解：写明双方、事实和请求，选择有管辖权的地区提交，保存好流水号和查询码。",
        "Apply for mediation: the parties, facts and claims, in the place with jurisdiction; keep the serial"
        " number and the query code."), "LDMA 10"),
    _mediated("mediate", Text(
        "参加调解：双方自愿，过程和协议保密。",
        "Take part: it is voluntary, and both talks and agreement are confidential."), "R17 24"),
    _mediated("concede", Text(
        "调解中的让步不会在以后的程序中作为对您不利的依据。",
        "What you concede in mediation is not used against you later."), "R17 30"),
    _mediated("agree", Text(
        "达成协议的，核对金额、日期和方式后签名；签名盖章后有约束力。",
        "If you agree, check amounts, days and ways, then sign; signed and sealed it binds."), "LDMA 14"),
    _mediated("review", Text(
        "双方可以自协议生效之日起十五日内共同申请仲裁审查。",
        "Within 15 days from its effect both can jointly ask the arbitration commission to review"
        " the agreement."), "R33 74"),
    _mediated("review_length", Text(
        "仲裁审查自受理之日起五个工作日内结束，有特殊情况的可以再延长五个工作日。",
        "The review ends within five working days of its acceptance, in special cases within five"
        " more."), "R33 76"),
    _mediated("confirm", Text(
        "双方也可以自协议生效之日起三十日内共同向人民法院申请司法确认。",
        "Or within 30 days both can ask the people's court to confirm it."), "CPL 205"),
    _mediated("enforce", Text(
        "法院确认有效的，一方不履行，另一方可以向人民法院申请执行。",
        "If the court confirms it and one side does not perform, the other can have it enforced."),
        "CPL 206"),
    _mediated("payment_order_on_agreement", Text(
        "对方到期不付欠薪、工伤医疗费、经济补偿或者赔偿金的，凭协议书向法院申请支付令。",
        "If pay, injury medical costs, compensation or damages agreed on are not paid, take the agreement to"
        " the court for a payment order."), "LDMA 16", of=(*MONEY, *ENDING), unless=EMPLOYER),
    _mediated("arbitrate", Text(
        "收到申请之日起十五日内没有达成协议的，可以申请仲裁。",
        "If there is no agreement within 15 days of receipt, arbitration is open."), "LDMA 14"),
    _mediated("arbitration_free", Text(
        "劳动争议仲裁不收费。",
        "Arbitration of labour disputes is free."), "LDMA 53"),
    _mediated("sue", Text(
        "对一裁终局以外的仲裁裁决不服的，自收到裁决书之日起十五日内可以向人民法院起诉，期满不起诉的裁决生效。",
        "Against an award that is not final you can sue within 15 days of receiving it; after that it takes"
        " effect."), "LDMA 50"),
    _mediated("sue_final", Text(
        "小额追索工资等一裁终局的案件，劳动者不服的仍可在十五日内起诉。",
        "Where the award is final, as for small arrears, the worker can still sue within 15 days."),
        "LDMA 48", of=FINAL, unless=EMPLOYER),
    _mediated("set_aside", Text(
        "一裁终局的案件，用人单位不能起诉；裁决有法定情形的，可自收到裁决书之日起三十日内向仲裁委员会所在地的"
        "中级人民法院申请撤销。",
        "Where the award is final the employer cannot sue; on the grounds the law names it can ask the"
        " intermediate court at the commission's place within 30 days to set the award aside."),
        "LDMA 49", of=FINAL, flags=EMPLOYER),
)  # fmt: skip

STEPS: tuple[Statement, ...] = (*FIRST, *BY_CATEGORY, *BY_FLAG, *LAST)
"""In this order; each dispute has those that concern it."""
