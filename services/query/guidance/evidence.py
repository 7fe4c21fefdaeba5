"""What evidence helps, and who has to prove what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.query.guidance.statement import Statement, said
from services.query.guidance.steps import ALL_BUT_EMPLOYEES, EMPLOYER, ENDING, MONEY, OVER_AGE
from shared.errors import Text

BURDENS: Final[Mapping[str, Text]] = {
    "claimant": Text("由提出主张的一方举证", "Whoever claims it proves it"),
    "employer": Text("由用人单位举证", "The employer has to prove it"),
    "employer_if_held": Text(
        "材料由用人单位掌握的，由单位提供，不提供的承担不利后果",
        "What the employer holds it has to show, or bear the consequence",
    ),
    "shared": Text(
        "劳动者先证明加班事实，或者证明单位掌握证据；单位不提供的承担不利后果",
        "The worker first proves the overtime, or that the employer holds the proof; if it is not shown,"
        " that counts against the employer",
    ),
}
"""Who bears the burden of proof, by the word in `burden`."""

EVIDENCE: tuple[Statement, ...] = (
    said("identity", Text(
        "身份证明；对方的名称、统一社会信用代码或者地址（可在企业信用信息公示系统查询）。",
        "Proof of identity; name, credit code or address of the other side (see the enterprise register)."),
        "LDMA 28", also="claimant"),
    said("employer_holds", Text(
        "合同、考勤、工资台账等由单位保管的材料，写明请单位提供。",
        "Contract, attendance and wage records that the employer keeps: ask that it show them."),
        "LDMA 39", unless=EMPLOYER, mediated=True, also="employer_if_held"),
    said("relation_papers", Text(
        "能证明用工的任何材料：工资转账、社会保险记录、工作证、工服、招聘登记、工作群聊天、同事证言。",
        "Whatever shows who worked there: wage transfers, insurance records, pass, uniform, forms, chat"
        " groups, colleagues."), "LDMA 6", of=("confirm_labour_relation", "contract"), also="claimant"),
    said("roster", Text(
        "单位依法应当建立职工名册备查，可以请其提供。",
        "Employers must keep a list of their staff: ask for it."), "LCL 7",
        of=("confirm_labour_relation",), unless=ALL_BUT_EMPLOYEES, also="employer_if_held"),
    said("contract_texts", Text(
        "劳动合同、补充协议、岗位和薪资变动的书面通知或者聊天记录。",
        "Contract, amendments, and notices or messages about changes of post or pay."), "LDMA 6",
        of=("contract",), also="claimant"),
    said("decision", Text(
        "解除、开除、减薪等决定由单位证明理由和程序合法：请留好解除通知书、录音、聊天记录。",
        "The employer proves that dismissal or a pay cut was right in reason and procedure; keep the notice,"
        " recordings and messages."), "SPC1 44", of=ENDING, unless=OVER_AGE, also="employer"),
    said("rules_known", Text(
        "以规章制度为由解除的，制度须经民主程序制定、不违反法律并已公示，才能作为依据。",
        "A dismissal can rest on company rules only if they were made by the democratic procedure, break no"
        " law and were made known."), "SPC1 50", of=("dismissal_resignation",), unless=OVER_AGE,
        also="employer"),
    said("resignation_letter", Text(
        "辞职的，留存写明理由的通知和送达证据（快递回执、邮件、聊天截图）。",
        "If you resigned: the notice with its reason and proof that it arrived."), "LDMA 6",
        of=("dismissal_resignation",), unless=ALL_BUT_EMPLOYEES, also="claimant"),
    said("overtime_proof", Text(
        "考勤、排班表、加班审批、门禁和打卡记录、工作群安排、交接记录。",
        "Attendance, rosters, approvals, door and clock records, instructions in chats, handover notes."),
        "SPC1 42", of=("hours_leave_insurance_training", *MONEY), also="shared"),
    said("leave_years", Text(
        "证明累计工作年限的材料：社会保险缴费记录、以前的合同或者离职证明。",
        "Proof of the years you worked: insurance records, earlier contracts or leaving certificates."),
        "ALM 4", of=("hours_leave_insurance_training",), unless=EMPLOYER, also="claimant"),
    said("insurance_record", Text(
        "社会保险缴费明细（单位应当按月告知，也可以自行查询下载）。",
        "Your record of contributions: the employer tells you each month, and you can look it up."),
        "SIL 60", of=("hours_leave_insurance_training",), unless=EMPLOYER, also="claimant"),
    said("training_papers", Text(
        "培训协议、服务期约定、培训费发票和支付凭证。",
        "Training agreement, period of service, invoices and payments."), "LCR 16",
        of=("hours_leave_insurance_training",), unless=OVER_AGE, also="claimant"),
    said("wage_records", Text(
        "银行流水、工资条、欠条、结算单；工资台账由单位提供。",
        "Bank statements, pay slips, IOUs, settlements; the employer has to show its wage ledgers."),
        "LDMA 39", of=MONEY, also="employer_if_held"),
    said("iou", Text(
        "有工资欠条且不涉及其他争议的，可以直接向法院起诉。",
        "With an IOU for wages and nothing else in dispute you can sue at once."), "SPC1 15", of=MONEY,
        unless=EMPLOYER, also="claimant"),
    said("personnel_file", Text(
        "聘用合同、考核结果、处分或者解聘决定和送达时间。",
        "Employment contract, appraisals, the decision and when it arrived."), "LDMA 6",
        of=("personnel",), also="claimant"),
    said("other_papers", Text(
        "能说明事情经过的合同、通知、转账、聊天记录和证人。",
        "Contracts, notices, payments, messages and witnesses that show what happened."), "LDMA 6",
        of=("other_by_law",), also="claimant"),
    said("migrant_ledger", Text(
        "实名制记录、工地考勤、工资专用账户流水、班组结算单；用工材料由单位提供。",
        "Real-name records, site attendance, the wage account, team settlements; the employer has"
        " to show its own papers."),
        "MWR 50", flags=("migrant_worker_wages",), also="employer_if_held"),
    said("migrant_ledger_kept", Text(
        "书面工资支付台账单位应当至少保存三年，并向本人提供工资清单。",
        "The employer keeps written wage ledgers for three years at least and gives each worker a"
        " list."), "MWR 15", flags=("migrant_worker_wages",), also="employer_if_held"),
    said("injury_denied", Text(
        "职工认为是工伤、单位不认为的，由单位证明不是工伤；请留好就医记录、现场照片、报警和证人信息。",
        "If the employer denies that it was an injury at work, it proves that; keep medical records, photos,"
        " police reports, witnesses."), "WII 19", flags=("work_injury",), also="employer"),
    said("injury_papers", Text(
        "申请认定的材料：申请表、存在劳动关系的证明、诊断证明。",
        "For recognition: the form, proof of the labour relation, the diagnosis."), "WII 18",
        flags=("work_injury",), also="claimant"),
    said("women_papers", Text(
        "涉及孕期、产期、哺乳期的：孕检、出生证明、病历，以及此后调岗、降薪、辞退的通知。",
        "If it is about pregnancy, birth or nursing: antenatal records, birth certificate, and notices of a"
        " change, pay cut or dismissal since."), "FWR 5", flags=("women_workers", "fast_track"),
        unless=EMPLOYER, also="claimant"),
    said("platform_records", Text(
        "平台账号、接单和派单记录、结算明细、奖惩规则、合作协议截图。",
        "Account, order records, settlements, rules on rewards and fines, screenshots of the agreement."),
        "NEF", flags=("new_employment_form",), also="claimant"),
    said("interruption_proof", Text(
        "证明时效中断的材料：催要的信件和聊天、投诉回执、单位承诺付款的记录。",
        "Proof that the limit began anew: demands, receipts of complaints, promises to pay."), "LDMA 27",
        flags=("limitation_risk",), mediated=True, also="claimant"),
    said("collective_list", Text(
        "全体人员名单、各人请求和金额、代表推举书。",
        "A list of everybody with claims and amounts, and the mandate of the representatives."), "LDMA 7",
        flags=("collective",), unless=EMPLOYER, also="claimant"),
    said("dispatch_papers", Text(
        "派遣协议、分包或者外包合同、各单位之间关系的证据。",
        "Agency, subcontract or outsourcing agreements, and what shows how the respondents are related."),
        "LDMA 22", flags=("multiple_respondents",), also="claimant"),
    said("hardship_papers", Text(
        "申请法律援助的，如实说明经济困难状况，可以作个人诚信承诺。",
        "For legal aid: a true statement of your means; a personal declaration can do."),
        "LAL 41", flags=("legal_aid_requested",), unless=(*EMPLOYER, "legal_aid_without_means_test"),
        also="claimant"),
    said("no_test_papers", Text(
        "证明免予核查身份的材料，例如进城务工的证明。",
        "What shows that no means test is needed, such as proof that you are a migrant worker."),
        "LAL 42", flags=("legal_aid_without_means_test",), unless=EMPLOYER, also="claimant"),
)  # fmt: skip
