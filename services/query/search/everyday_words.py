"""What people say, and the words of the statutes for it.

`said` is a regular expression without capturing groups, in simplified characters and small
letters; `meant` are words or phrases that stand in the statutes, the most telling first. Where two
entries match at the same place, the earlier one wins: put the more special first.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class EverydayWord(NamedTuple):
    said: str
    meant: tuple[str, ...]


_NOT = "(?:不|没有|没|未|拒绝|不肯|从来不)"
_GIVE = "(?:给我们|给我|给员工|给|帮我|帮|让|愿意|有)?"

WORDS: tuple[EverydayWord, ...] = (
    # pay
    EverydayWord(
        f"{_NOT}{_GIVE}(?:发|付|支付|结|结算|结清)(?:工资|工钱|薪水|薪资|钱)"
        "|(?:拖欠|欠|克扣|扣|拖着|压)(?:了|我|着|民工|农民工|几个月|两个月|三个月)*(?:的)?(?:工资|工钱|薪水|薪资|薪)"
        "|欠薪|讨薪|要不到工资|工资(?:拖欠|被拖欠|没发|不发|拖着不发|还没发|被克扣|被扣)"
        "|unpaid wages?|wage arrears|withheld (?:pay|wages?)",
        (
            "拖欠劳动者的工资",
            "拖欠或者未足额支付劳动报酬",
            "未及时足额支付劳动报酬",
            "拖欠劳动报酬",
            "支付令",
            "劳动报酬",
        ),
    ),
    EverydayWord("底薪|最低(?:工资|薪资)|minimum wage", ("最低工资", "最低工资标准")),
    EverydayWord(
        "试用期(?:的)?(?:工资|薪水|待遇)|probation(?:ary)? (?:pay|wage)",
        ("试用期的工资", "试用期"),
    ),
    EverydayWord(
        "(?:加班|周末加班|节假日加班|过节加班|春节加班|国庆加班|加班加点)(?:费|工资|的钱|钱)"
        "|(?:几|多少|双|三|两|2|3)倍(?:的)?加班|overtime pay",
        (
            "高于劳动者正常工作时间工资的工资报酬",
            "向劳动者支付加班费",
            "不支付加班费",
            "加班费",
            "延长工作时间",
        ),
    ),
    EverydayWord(
        "(?:强制|强迫|被迫|天天|老是|一直|经常|逼着?)(?:我们|我)?(?:要)?加班|996|007|超时加班|加班太多|加班上限"
        "|forced overtime",
        ("延长工作时间", "强迫或者变相强迫劳动者加班", "工作时间"),
    ),
    EverydayWord("加班|overtime", ("加班", "延长工作时间", "加班费")),
    EverydayWord(
        "(?:双|两|2|二)倍(?:的)?工资|双薪|double (?:pay|wages?)", ("二倍的工资", "订立书面劳动合同")
    ),
    EverydayWord(
        f"{_NOT}{_GIVE}(?:签|订|签订)(?:过|书面|劳动|一份)*合同|{_NOT}劳动合同|合同{_NOT}签"
        "|no (?:written |labou?r )*contract",
        ("未与劳动者订立书面劳动合同", "书面劳动合同", "二倍的工资"),
    ),
    EverydayWord("工资条|工资单|pay ?slip", ("工资", "劳动报酬")),
    EverydayWord(
        "降薪|减薪|降工资|调低工资|少发工资|pay cut", ("降低工资", "变更劳动合同", "劳动报酬")
    ),
    EverydayWord("提成|绩效|年终奖|奖金|bonus", ("劳动报酬", "奖金", "工资")),
    EverydayWord("罚款|扣钱|罚钱", ("克扣", "规章制度", "扣除")),
    # dismissal and compensation
    EverydayWord(
        "(?:试用期).{0,3}(?:被裁|被辞|被开|辞退|开除|解雇|不合格|不录用|赶走)",
        ("在试用期中", "试用期解除劳动合同", "试用期间被证明不符合录用条件"),
    ),
    EverydayWord(
        "(?:违法|非法|无故|无缘无故|随便|突然|莫名其妙)(?:被)?(?:辞退|开除|解除|解雇|裁员|裁掉|炒)(?:劳动合同|合同)?"
        "|unfair(?:ly)? dismiss(?:al|ed)",
        ("违反本法规定解除或者终止劳动合同", "支付赔偿金", "解除劳动合同"),
    ),
    EverydayWord(
        "(?<!仲)裁员|被裁|裁掉|优化(?:掉|了)?|经济性裁员|layoffs?|laid off|redundan(?:t|cy)",
        ("裁减人员", "解除劳动合同"),
    ),
    EverydayWord(
        "炒(?:了)?(?:我)?鱿鱼|(?:被)?(?:公司|单位|老板|厂里|厂)?(?:辞退|开除|解雇|劝退|辞掉|炒掉|开掉|撵走|赶走|除名|解聘)(?:了|我)*"
        "|被辞|fired|dismiss(?:al|ed)",
        ("解除劳动合同", "解除或者终止劳动合同", "辞退"),
    ),
    EverydayWord("n\\+1|代通知金|notice pay", ("额外支付劳动者一个月工资", "提前三十日")),
    EverydayWord("2n|(?:双|两|2|二)倍赔偿|赔偿金", ("经济补偿标准的二倍", "赔偿金")),
    EverydayWord(
        "(?:能|可以|应该|应|该|要|得|会)?(?:赔|补|补偿|赔偿)(?:我|给我|偿|给)?(?:多少|几个月|几倍|什么)(?:钱|工资|补偿)?"
        "|赔多少|补多少|遣散费|离职补偿|补偿金|经济补偿|补偿|辞退费|severance(?: pay)?",
        (
            "应当向劳动者支付经济补偿",
            "经济补偿按劳动者在本单位工作的年限",
            "经济补偿标准的二倍",
            "经济补偿",
            "赔偿金",
        ),
    ),
    EverydayWord(
        "赔钱|赔我|要赔|得赔|赔吗|赔不赔|赔付|谁赔|怎么赔|compensation",
        ("赔偿", "经济补偿", "待遇"),
    ),
    EverydayWord(
        "合同(?:到期|期满|到了|快到期)(?:了)?(?:公司|单位)?(?:不|没)?(?:续签|续)?(?:了)?|不续签|contract expir(?:y|ed|es)",
        ("终止固定期限劳动合同", "劳动合同期满"),
    ),
    EverydayWord("(?:解除|终止|解约)(?:劳动)?合同|解约", ("解除劳动合同", "终止劳动合同")),
    EverydayWord("集体合同|集体协商", ("订立集体合同", "集体合同", "集体协商")),
    EverydayWord("无固定期|长期合同|永久合同|铁饭碗", ("无固定期限劳动合同",)),
    EverydayWord(
        "离职证明|解除证明|辞职证明|(?:不给|不办)?(?:转)?(?:离职手续|档案)|leaving certificate",
        ("解除或者终止劳动合同的证明", "档案和社会保险关系转移手续"),
    ),
    EverydayWord(
        "被迫(?:辞职|离职)|逼(?:我|着)*(?:辞职|离职|走)|逼走",
        ("劳动者可以解除劳动合同", "未及时足额支付劳动报酬", "暴力、威胁"),
    ),
    EverydayWord(
        "(?:怎么|如何|想|要|主动)?(?:辞职|离职|辞工|跳槽|不干了|不想干|走人)|提前(?:多久|几天|多少天)(?:辞职|离职)|resign(?:ation)?|quit",
        ("劳动者提前三十日", "解除劳动合同"),
    ),
    EverydayWord(
        "调岗|换岗|转岗|调动岗位|调整岗位|换工作地点|调到外地|降职",
        ("变更劳动合同", "调整工作岗位", "另行安排的工作"),
    ),
    EverydayWord("公司(?:搬家|搬迁|搬走|迁址)", ("客观情况发生重大变化", "变更劳动合同")),
    EverydayWord(
        "(?:公司|工厂|厂子|厂|单位)(?:倒闭|破产|关门|跑路|停业)(?:了)?|倒闭|bankrupt(?:cy)?",
        ("被依法宣告破产", "所欠职工的工资", "破产"),
    ),
    EverydayWord("老板(?:跑路|跑了|失联)|跑路", ("拖欠", "劳动报酬", "逃匿")),
    # the contract
    EverydayWord(
        "试用期(?:最长|最多|可以|能|应该)?(?:是)?(?:多久|多长|几个月|多少个月|期限)|试用期(?:太长|延长|超过)|probation(?: period)?",
        ("试用期不得超过", "试用期"),
    ),
    EverydayWord(
        "(?:扣|扣押|押|收|没收)(?:了|我|的|走)*(?:身份证|证件|毕业证|证)|(?:交|收|要)?(?:押金|保证金|服装费|担保)|deposit",
        ("扣押劳动者的居民身份证", "向劳动者收取财物", "提供担保"),
    ),
    EverydayWord("竞业(?:协议|限制|禁止)?|non-?compete", ("竞业限制", "保守用人单位的商业秘密")),
    EverydayWord(
        "培训费|培训(?:完|后|过)|服务期|(?:要|得|交|赔)?违约金|training costs?",
        ("服务期", "违约金", "专业技术培训", "培训费用"),
    ),
    EverydayWord("(?:劳务)?派遣|外包|劳务公司|agency work(?:er)?", ("劳务派遣", "被派遣劳动者")),
    EverydayWord("兼职|小时工|钟点工|临时工|零工|part[- ]time", ("非全日制用工", "小时计酬")),
    EverydayWord(
        "工伤自负|生死状|霸王条款|合同无效", ("劳动合同无效", "免除自己的法定责任", "无效")
    ),
    EverydayWord(
        "(?:算不算|是不是|证明|确认|认定|存在|有没有)?(?:劳动关系|事实劳动)|没合同怎么证明",
        ("自用工之日起即与劳动者建立劳动关系", "确认劳动关系", "劳动关系"),
    ),
    EverydayWord("规章制度|员工手册|公司规定|公司制度", ("规章制度",)),
    # hours and leave
    EverydayWord("年假|年休假|带薪假|annual leave|paid leave", ("带薪年休假", "年休假")),
    EverydayWord(
        "(?:一天|每天|一周|每周)(?:最多)?(?:上班|工作|干)(?:多少|几)(?:个)?(?:小时|钟头|天)|工时|上班时间|working hours",
        ("每日工作时间不超过八小时", "工作时间", "工时制度"),
    ),
    EverydayWord(
        "(?:没有|没|不给|不让)(?:休息|双休|放假|休假|周末)(?:日)?|单休|双休|大小周|days? off",
        ("每周至少休息一日", "休息日", "休息休假"),
    ),
    EverydayWord("婚假|丧假|marriage leave", ("婚丧假",)),
    EverydayWord("节假日|法定假|春节|国庆|holidays?", ("法定休假日", "休假")),
    EverydayWord(
        "(?:生病|得病|患病|病假|住院|病了|大病)(?:期间)?|sick(?: leave|ness)?",
        ("患病或者非因工负伤", "医疗期", "病"),
    ),
    # women and young workers
    EverydayWord("产假|maternity leave", ("生育享受不少于九十天的产假", "产假")),
    EverydayWord(
        "怀孕|孕妇|孕期|三期|有喜|pregnan(?:t|cy)",
        ("孕期、产期、哺乳期", "怀孕", "孕期"),
    ),
    EverydayWord(
        "哺乳期?|喂奶|吸奶|breast-?feeding|nursing", ("哺乳期", "哺乳", "哺乳未满一周岁的婴儿")
    ),
    EverydayWord("生孩子|生小孩|生娃|生育", ("生育", "产假", "生育保险待遇")),
    EverydayWord("生育津贴|生育(?:保险|报销)|产假工资", ("生育津贴", "生育保险待遇")),
    EverydayWord(
        "(?:不招|不要|拒绝录用|只招)(?:女的|女生|女性|妇女|男的|男生|男性)|(?:问|打听)(?:婚育|结婚|生孩子)|性别歧视|重男轻女|gender discrimination",
        ("限定为男性", "性别为由拒绝录", "性别歧视", "女性求职者的婚育情况"),
    ),
    EverydayWord("性骚扰|骚扰|咸猪手|sexual harassment", ("性骚扰",)),
    EverydayWord("歧视|discrimination", ("歧视", "就业歧视", "平等就业")),
    EverydayWord("同工不同酬|男女同酬|同工同酬|equal pay", ("同工同酬",)),
    EverydayWord("童工|未成年|child labou?r", ("未满十六周岁的未成年人", "未成年工")),
    EverydayWord("夜班", ("夜班劳动", "夜班")),
    EverydayWord("女(?:工|员工|职工|职员)", ("女职工",)),
    # social insurance and injury
    EverydayWord(
        f"(?:{_NOT}|断)(?:{_GIVE})(?:交|缴|缴纳|买|上|办)(?:过|齐|足)?(?:社保|五险一金|五险|保险|社会保险|养老保险|养老)"
        "|(?:社保|五险一金|五险|保险)(?:没|不|断|少|未)(?:有)?(?:交|缴|缴纳|买|上|办)|漏缴社保|欠缴社保|补缴社保"
        "|no social insurance",
        (
            "未依法为劳动者缴纳社会保险费",
            "未按时足额缴纳社会保险费",
            "不缴纳社会保险费",
            "不办理社会保险登记",
            "未依法缴纳工伤保险费",
        ),
    ),
    EverydayWord(
        "(?:自愿)?(?:放弃|不要)(?:社保|五险|五险一金)", ("缴纳社会保险费", "依法参加社会保险")
    ),
    EverydayWord("社保|五险一金|五险|social insurance|social security", ("社会保险", "社会保险费")),
    EverydayWord(
        "(?:工伤|上班受伤|工地受伤|干活受伤|工作受伤|受工伤|上班(?:时)?摔伤|工地摔伤|受伤)(?:了)?(?:谁|由谁|公司|单位|老板)?"
        "(?:来)?(?:负责|赔偿|赔|出钱|承担|给钱)|工伤(?:赔偿|待遇|费用|医药费|医疗费)",
        ("因工伤发生的下列费用", "由用人单位支付工伤保险待遇", "工伤保险待遇", "工伤"),
    ),
    EverydayWord(
        "工伤认定|算不算工伤|是不是工伤|算工伤|认定工伤", ("工伤认定", "工伤保险待遇", "工伤")
    ),
    EverydayWord(
        "(?:上下班|上班路上|下班路上|通勤)(?:出)?(?:车祸|交通事故)?", ("上下班途中", "工伤")
    ),
    EverydayWord(
        "工伤|上班受伤|工地受伤|干活受伤|工作受伤|摔伤|砸伤|受伤|work injur(?:y|ies)|injured at work",
        ("工伤", "因工负伤", "工伤保险待遇"),
    ),
    EverydayWord("因工(?:致残|负伤|伤残)|伤残|致残", ("因工负伤", "丧失劳动能力", "伤残")),
    EverydayWord("职业病|尘肺|中毒|occupational disease", ("职业病", "职业病诊断", "职业病病人")),
    EverydayWord(
        "失业(?:金|保险|补助)|领失业|unemployment benefits?",
        ("从失业保险基金中领取失业保险金", "领取失业保险金", "失业保险金"),
    ),
    EverydayWord("退休金|养老金|pension", ("基本养老金", "按月领取基本养老金", "养老保险")),
    EverydayWord(
        "退休|超龄|retire(?:d|ment)?", ("法定退休年龄", "开始依法享受基本养老保险待遇", "退休")
    ),
    EverydayWord("医保|看病报销|医药费", ("基本医疗保险", "医疗费用")),
    EverydayWord("公积金", ("住房公积金", "福利待遇")),
    EverydayWord("高温|防暑|劳保|安全帽|防护用品", ("劳动防护用品", "劳动保护", "劳动安全卫生")),
    EverydayWord("违章指挥|冒险作业|危险作业", ("强令冒险作业", "违章指挥")),
    # disputes
    EverydayWord(
        "(?:仲裁|劳动仲裁|申请仲裁)?(?:的)?(?:时效|有效期|期限)|(?:多久|几年|多长时间|什么时候)(?:内|之内)?(?:申请|提出|去)?(?:劳动)?仲裁|过期还能仲裁"
        "|limitation period|time limit",
        ("申请仲裁的时效期间", "仲裁时效期间"),
    ),
    EverydayWord(
        "(?:劳动)?仲裁(?:要|需要|得|会)?(?:多久|多长时间|几天|几个月)(?:出结果|结束|裁决)?|仲裁审理期限",
        ("受理仲裁申请之日起四十五日内", "仲裁裁决"),
    ),
    EverydayWord(
        "(?:劳动)?仲裁(?:要|需要|得)?(?:不要|收不收|要不要)?(?:多少)?(?:交钱|花钱|收费|费用|钱)",
        ("仲裁不收费",),
    ),
    EverydayWord(
        "(?:去|到|在|找)?哪(?:里|儿|个地方|个)?(?:可以|能)?(?:申请)?(?:劳动)?仲裁|(?:劳动)?仲裁(?:要)?(?:去|到|在)?哪(?:里|儿|个地方)?(?:申请)?|仲裁管辖",
        ("劳动合同履行地或者用人单位所在地", "管辖"),
    ),
    EverydayWord(
        "对?(?:劳动)?仲裁(?:结果|裁决)?(?:不服|输了|不满意)",
        ("自收到仲裁裁决书之日起十五日内", "仲裁裁决不服", "向人民法院提起诉讼"),
    ),
    EverydayWord(
        "(?:谁|怎么)?举证|(?:没有|没|缺)证据|证据|evidence", ("提供证据", "证据", "举证责任")
    ),
    EverydayWord(
        "调解书|调解协议(?:书)?(?:不履行|不执行|反悔|没履行|不算数)|不履行调解|反悔",
        ("调解协议书", "在协议约定期限内不履行", "支付令"),
    ),
    EverydayWord("司法确认", ("司法确认", "确认调解协议")),
    EverydayWord("支付令|payment order", ("支付令",)),
    EverydayWord("强制执行|不执行|老赖", ("申请强制执行", "申请执行")),
    EverydayWord("先拿钱|先执行|先予执行", ("先予执行",)),
    EverydayWord("财产保全|冻结账户|转移财产", ("保全", "财产保全")),
    EverydayWord("投诉|举报|劳动局|劳动监察|complain(?:t)?", ("投诉", "劳动行政部门", "举报")),
    EverydayWord(
        "请不起律师|没钱请律师|免费律师|法援|法律援助|legal aid",
        ("法律援助", "免予核查经济困难状况"),
    ),
    EverydayWord(
        "农民工|民工|工地|包工头|工头|migrant workers?", ("进城务工人员", "农民工", "劳动报酬")
    ),
    EverydayWord("打官司|起诉|上法院|告(?:公司|老板|单位)|sue", ("向人民法院提起诉讼", "起诉")),
    EverydayWord("调解|mediation", ("调解",)),
    EverydayWord("劳动仲裁|arbitration", ("劳动争议仲裁", "申请仲裁")),
    EverydayWord("工会|union", ("工会",)),
    EverydayWord("找工作难|下岗|就业困难", ("就业困难人员", "就业援助")),
    EverydayWord("黑中介|中介费|职业中介", ("职业中介机构", "中介")),
    EverydayWord("泄露(?:隐私|信息)|隐私|监控|privacy", ("个人信息", "隐私")),
)

_FUNCTION = """
的 了 吗 呢 吧 啊 么 呀 嘛 是 在 有 和 与 或 及 就 也 都 还 又 很 太 被 把 给 让 对 从 向 于 以 为 而
我 你 他 她 它 我们 你们 他们 咱 自己 这 那 这个 那个 这样 那样 哪 哪些 哪个 谁 什么 啥 怎么 怎么办 怎样 咋 咋办
如何 怎么样 为什么 多少 几 多久 多长 时候 什么时候 是否 是不是 有没有 能 能不能 能否 可以 可不可以 会 要 想 应该 该 需要 得
请 请问 问 一下 一个 个 们 上 下 里 中 后 前 时 之 其 着 过 到 去 来 不 没 没有 未 别 算 办 说 做 搞 如果 因为
所以 但是 还是 以及 并 且 关于 有关 相关 规定 情况 问题 a an the of for to in on my is are am was were be i me
you he she they we it do does did how what when where who why can could should would may my your not no
and or if with about get got has have had
"""

FUNCTION_WORDS: frozenset[str] = frozenset(_FUNCTION.split())
"""Words that carry no subject; a question of these alone cannot be searched."""

_CONTEXT = """
公司 老板 单位 厂 厂里 厂子 工厂 企业 店 店里 员工 职工 工人 打工 打工人 上班 工作 干活 法律 法规 政策 条文
钱 人 天 月 年 company boss employer employee worker job work law
"""

CONTEXT_WORDS: frozenset[str] = frozenset(_CONTEXT.split())
"""Words true of nearly every labour question; they count only when nothing else is there."""

QUESTIONS: tuple[str, ...] = (
    "被辞退能赔多少", "公司不给交社保", "怀孕被开除", "拖欠工资怎么办", "试用期被裁", "试用期最长多久",
    "试用期工资多少", "加班费怎么算", "没签合同双倍工资", "年假没休", "工伤谁赔", "工伤认定", "产假多少天",
    "离职证明不给开", "辞职要提前多久", "合同到期不续签有补偿吗", "劳动仲裁时效", "劳动仲裁要花钱吗",
    "劳动仲裁去哪里申请", "竞业限制", "服务期违约金", "扣押身份证", "最低工资", "被迫离职", "裁员补偿",
    "请不起律师怎么办", "农民工讨薪", "哺乳期加班", "失业金怎么领", "调解协议不履行", "公司破产工资怎么办",
    "职场性骚扰", "劳务派遣同工同酬", "仲裁不服怎么办",
)  # fmt: skip
"""Questions offered while somebody types."""


def pattern() -> re.Pattern[str]:
    """One expression for all entries; the number of the group that matched is the entry's."""
    return re.compile("|".join(f"({word.said})" for word in WORDS))
