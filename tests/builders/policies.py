"""Invented laws as Markdown files."""

from __future__ import annotations

from pathlib import Path

FERRY_ACT = """# 中华人民共和国渡口劳动法

{year}年1月2日 第十三届全国人民代表大会常务委员会第九次会议通过

<!-- INFO END -->

## 第一章 总则

第一条 {rule}

第二条 {more}

第三条 本法自{year}年3月1日起施行。
"""


def a_ferry_act(
    folder: Path,
    year: int = 2019,
    rule: str = "摆渡人每日摆渡不超过八小时。",
    more: str = "违反本法第一条的，依照《中华人民共和国船员法》第二条第一款处罚。",
) -> Path:
    """The file of an act, promulgated on 2 January of the year, in force from 1 March."""
    text = FERRY_ACT.format(year=year, rule=rule, more=more)
    return a_file(folder, f"社会法/渡口劳动法({year}-01-02).md", text)


def a_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
