"""What is asked in English."""

from services.query.search.everyday_words.entries import EverydayWord, read

WORDS: tuple[EverydayWord, ...] = read(
    """
unpaid wages、unpaid wage、wage arrears、withheld pay、withheld wages、unpaid salary、not paid、
salary not paid、owed wages、late salary、back pay
  = 拖欠或者未足额支付劳动报酬；无故拖欠劳动者的工资；未及时足额支付劳动报酬

wage deduction、deducted wages、salary deduction、deduct my salary、fined by employer
  = 不得克扣或者无故拖欠劳动者的工资；未足额支付劳动报酬

minimum wage、minimum salary
  = 支付劳动者的工资不得低于当地最低工资标准；最低工资标准

overtime pay、overtime rate、holiday pay、overtime wages
  = 高于劳动者正常工作时间工资的工资报酬；向劳动者支付加班费；加班费

overtime、extra hours
  = 加班；延长工作时间；加班费

forced overtime、compulsory overtime
  = 不得强迫或者变相强迫劳动者加班；延长工作时间

double pay、double wage、double wages、double salary
  = 每月支付二倍的工资；二倍的工资

no contract、no written contract、no labour contract、no labor contract、without a contract、
without contract
  = 未与劳动者订立书面劳动合同；应当订立书面劳动合同；二倍的工资

employment contract、labour contract、labor contract、written contract
  = 书面劳动合同；订立书面劳动合同；劳动合同应当具备以下条款

open-ended contract、permanent contract、open ended contract
  = 无固定期限劳动合同

contract expiry、contract expired、contract expires、contract not renewed、non-renewal
  = 终止固定期限劳动合同；劳动合同期满

pay cut、salary cut、wage cut、reduced salary
  = 变更劳动合同约定的内容；及时足额支付劳动报酬

bonus、commission、year-end bonus
  = 及时足额支付劳动报酬；加班费、绩效奖金

fired、dismissed、dismissal、sacked、terminated、termination、let go、lost my job
  = 劳动者有下列情形之一的，用人单位可以解除劳动合同；违反本法规定解除或者终止劳动合同；
    解除劳动合同；解除或者终止劳动合同

unfair dismissal、unfairly dismissed、wrongful dismissal、wrongful termination、
illegal termination、unlawful termination、unlawful dismissal
  = 违反本法规定解除或者终止劳动合同；经济补偿标准的二倍；支付赔偿金

laid off、layoff、layoffs、redundancy、redundant、downsizing
  = 需要裁减人员；裁减人员

notice pay、notice period、payment in lieu、30 days notice
  = 额外支付劳动者一个月工资；提前三十日以书面形式通知劳动者本人

severance、severance pay、compensation for dismissal、economic compensation
  = 有下列情形之一的，用人单位应当向劳动者支付经济补偿；经济补偿按劳动者在本单位工作的年限；
    经济补偿

resign、resignation、quit、quitting、hand in notice
  = 劳动者提前三十日以书面形式通知；劳动者解除劳动合同，应当提前三十日

probation、probation period、probationary period、trial period
  = 试用期不得超过；试用期

probation pay、probation wage、probationary pay、probationary wage、probation salary
  = 劳动者在试用期的工资不得低于；试用期的工资

leaving certificate、termination certificate、release letter、proof of termination
  = 出具解除或者终止劳动合同的证明；终止或者解除劳动关系的证明

deposit、withheld passport、passport、withheld id、keeps my passport
  = 扣押劳动者的居民身份证和其他证件；以担保或者其他名义向劳动者收取财物

non-compete、noncompete、non compete
  = 竞业限制；竞业限制期限

training costs、training fee、service period、training bond
  = 约定服务期；违反服务期约定；为劳动者提供专项培训费用

agency worker、agency work、labour dispatch、labor dispatch、dispatched worker、outsourcing
  = 劳务派遣；被派遣劳动者

part-time、part time、hourly worker
  = 非全日制用工；小时计酬

annual leave、paid leave、paid holiday、vacation、holiday entitlement
  = 享受带薪年休假；国家实行带薪年休假制度

working hours、work hours、hours per week、working time
  = 每日工作时间不超过八小时；工时制度

day off、days off、weekend work、rest day、rest days
  = 每周至少休息一日；休息日

public holiday、public holidays、holidays、statutory holiday
  = 节日期间应当依法安排劳动者休假；法定休假日

sick leave、sickness、sick、illness、medical leave
  = 患病或者非因工负伤；在规定的医疗期内

marriage leave、bereavement leave、funeral leave
  = 婚丧假期间；婚丧假

maternity leave、paternity leave、maternity
  = 女职工生育享受不少于九十天的产假；产假

maternity pay、maternity allowance
  = 享受生育津贴；生育津贴

pregnant、pregnancy、expecting
  = 孕期、产期、哺乳期；怀孕期间；怀孕

breastfeeding、breast-feeding、nursing
  = 哺乳未满一周岁的婴儿；哺乳期

sexual harassment、harassment
  = 言语、文字、图像、肢体行为等方式对其实施性骚扰；预防和制止对妇女的性骚扰；性骚扰

discrimination、discriminated
  = 不得实施就业歧视；就业歧视

gender discrimination、sex discrimination、women not hired
  = 以性别为由拒绝录用妇女；性别歧视

equal pay
  = 实行男女同工同酬；同工同酬

child labour、child labor、under 16、underage
  = 禁止用人单位招用未满十六周岁的未成年人；未成年工

no social insurance、unpaid social insurance、social insurance not paid、no insurance
  = 未依法为劳动者缴纳社会保险费；未按时足额缴纳社会保险费

social insurance、social security
  = 社会保险；依法参加社会保险

unemployment benefit、unemployment benefits、unemployment insurance、jobless benefit
  = 从失业保险基金中领取失业保险金；领取失业保险金

pension、pensions、retirement pension
  = 按月领取基本养老金；基本养老金

retirement、retire、retired、retirement age
  = 法定退休年龄；达到法定退休年龄

medical insurance、health insurance
  = 基本医疗保险；职工基本医疗保险

work injury、work injuries、injured at work、workplace injury、industrial injury、
work accident、injury at work
  = 因工作原因受到事故伤害；因工负伤；工伤保险待遇；工伤

occupational disease、work-related illness
  = 职业病病人依法享受国家规定的职业病待遇；职业病

safety equipment、protective equipment、ppe
  = 必要的劳动防护用品；劳动防护用品

dangerous work、unsafe work
  = 违章指挥、强令冒险作业；拒绝违章指挥和强令冒险作业

forced labour、forced labor
  = 以暴力、威胁或者非法限制人身自由的手段强迫劳动

arbitration、labour arbitration、labor arbitration
  = 向劳动争议仲裁委员会申请仲裁；申请仲裁

limitation period、time limit、statute of limitations、how long to file、deadline to file
  = 申请仲裁的时效期间为一年；仲裁时效期间

arbitration fee、arbitration cost、arbitration free
  = 劳动争议仲裁不收费

where to file、jurisdiction、where to apply for arbitration
  = 劳动合同履行地或者用人单位所在地的劳动争议仲裁委员会管辖

evidence、burden of proof、proof
  = 有责任提供证据；提供证据

mediation、mediate、mediator
  = 可以到下列调解组织申请调解；申请调解；调解

mediation agreement、settlement agreement
  = 调解协议书由双方当事人签名或者盖章；调解协议

payment order
  = 申请支付令；支付令

enforcement、enforce、enforce the award
  = 可以依照民事诉讼法的有关规定向人民法院申请执行；可以向有管辖权的人民法院申请执行；
    申请人民法院强制执行；向人民法院申请执行

appeal、disagree with award、challenge the award
  = 自收到仲裁裁决书之日起十五日内向人民法院提起诉讼；仲裁裁决不服

sue、lawsuit、court
  = 自收到仲裁裁决书之日起十五日内向人民法院提起诉讼；依法申请仲裁、提起诉讼；向人民法院提起诉讼

legal aid、free lawyer、cannot afford a lawyer
  = 免予核查经济困难状况；请求确认劳动关系或者支付劳动报酬；申请法律援助；法律援助

complaint、complain、report employer、labour inspection、labor inspection、labour bureau
  = 劳动者可以向劳动行政部门投诉；有权举报；投诉

trade union、union、join a union
  = 依法参加和组织工会；工会

migrant worker、migrant workers
  = 进城务工的农村居民；进城务工人员；农村劳动者进城就业；农民工

foreigner、foreigners、foreign worker、expat、foreign employee、work permit
  = 外国人在中国境内就业；外国人

disabled、disability
  = 残疾人就业；安排残疾人就业

intern、internship、student worker
  = 自用工之日起即与劳动者建立劳动关系；建立劳动关系

bankruptcy、bankrupt、insolvent、insolvency、company closed
  = 所欠职工的工资；被依法宣告破产

privacy、personal data、personal information、surveillance
  = 侵害个人信息权益造成损害；隐私和个人信息；个人信息

transfer to another position、reassigned、demoted、demotion、change of position、relocation
  = 变更劳动合同约定的内容；调整工作岗位

delivery rider、food delivery、gig worker、courier、ride-hailing
  = 自用工之日起即与劳动者建立劳动关系；因确认劳动关系发生的争议；灵活就业人员

compensation、how much compensation
  = 有下列情形之一的，用人单位应当向劳动者支付经济补偿；经济补偿

fired while pregnant、dismissed while pregnant、pregnant and fired、fired during pregnancy
  = 孕期、产期、哺乳期；因结婚、怀孕、产假、哺乳等情形，降低女职工的工资

only wants men、men only、male only、no women、wants men、only men
  = 限定为男性或者规定男性优先；以性别为由拒绝录用妇女

mediation free、mediation fee、mediation cost、free of charge
  = 不收取任何费用；不收费

fired without reason、fired without any reason、fired for no reason、dismissed without reason、
fired without notice
  = 违反本法规定解除或者终止劳动合同；经济补偿标准的二倍；额外支付劳动者一个月工资
    """
)
