"""Words of a question that carry no subject."""

_FUNCTION = """
的 了 吗 呢 吧 啊 么 呀 嘛 是 在 有 和 与 或 及 就 也 都 还 又 很 太 被 把 给 让 对 从 向 于 以 为 而
我 你 他 她 它 我们 你们 他们 咱 自己 这 那 这个 那个 这样 那样 哪 哪些 哪个 谁 什么 啥 怎么 怎么办 怎样 咋 咋办
如何 怎么样 为什么 多少 几 多久 多长 时候 什么时候 是否 是不是 有没有 能 能不能 能否 可以 可不可以 会 要 想 应该 该 需要 得
请 请问 问 一下 一个 个 们 上 下 里 中 后 前 时 之 其 着 过 到 去 来 不 没 没有 未 别 算 办 说 做 搞 如果 因为
所以 但是 还是 以及 并 且 关于 有关 相关 规定 情况 问题 合法 犯法 合理 正常 a an the of for to in on my is are am was were be i me
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
