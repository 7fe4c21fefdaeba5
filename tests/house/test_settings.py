"""Every setting is told in docs/settings.md and read by somebody."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterable

from deploy.local.settings import SERVICES, LocalSettings
from deploy.reference_pages import READ_DIRECTLY, settings_of
from shared.settings import PREFIX, Settings, setting
from tests.house.sources import ROOT, Source, planted, sources

_VARIABLE = re.compile(rf"\b{PREFIX}[A-Z0-9]+(?:_[A-Z0-9]+)*\b")
_BY_SERVICE = re.compile(r"\w+_(?:port|web|workers)")
CLASSES = (*map(settings_of, SERVICES), LocalSettings)


def variables(classes: Iterable[type[Settings]]) -> set[str]:
    fields = (field for declared in classes for field in dataclasses.fields(declared))
    return {PREFIX + field.name.upper() for field in fields}


def untold(names: Iterable[str], page: str) -> set[str]:
    """Variables without a row on the page."""
    return {name for name in names if f"| `{name}` |" not in page}


def mentioned(files: Iterable[str]) -> set[str]:
    """Variables that these texts name outright."""
    return {name for text in files for name in _VARIABLE.findall(text)}


def unread(declared: type[Settings], files: Iterable[Source]) -> set[str]:
    """Settings of a class that no code reads, as an attribute or by the variable's name."""
    files = tuple(files)
    read = {
        node.attr
        for source in files
        for node in source.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    named = mentioned(source.text for source in files)
    return {
        field.name
        for field in dataclasses.fields(declared)
        if field.name not in read and PREFIX + field.name.upper() not in named
    }


def told() -> str:
    return (ROOT / "docs/settings.md").read_text("utf-8")


def test_every_setting_is_on_the_page():
    assert untold(variables(CLASSES), told()) == set()


def test_every_variable_named_anywhere_is_on_the_page():
    texts = [s.text for s in sources("shared", "services", "deploy", "tests")]
    texts += [(ROOT / path).read_text("utf-8") for path in ("Makefile", ".ci/run")]
    texts += [f.read_text("utf-8") for f in (ROOT / "deploy/gateway").iterdir() if f.is_file()]
    ours = {name for name in mentioned(texts) if "PLANTED" not in name}
    assert untold(ours, told()) == set()


def test_every_setting_is_read():
    for declared in CLASSES:
        left = unread(declared, sources())
        # read as getattr(self, f"{service}_web") and so on
        assert {
            n for n in left if declared is not LocalSettings or not _BY_SERVICE.fullmatch(n)
        } == set()


def test_every_variable_read_directly_exists():
    texts = [
        s.text for s in sources("deploy", "tests") if not s.path.endswith("reference_pages.py")
    ]
    texts += [(ROOT / path).read_text("utf-8") for path in ("Makefile", ".ci/run")]
    assert set(READ_DIRECTLY) - mentioned(texts) == set()


def test_an_untold_and_an_unread_setting_are_noticed():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Planted(Settings):
        planted_days: int = setting(1, "Planted.")

    assert f"{PREFIX}PLANTED_DAYS" in untold(variables([Planted]), told())
    assert unread(Planted, [*sources(), *planted("settings.planted_days")]) == set()
    assert unread(Planted, sources()) == {"planted_days"}
    assert mentioned(['os.environ["TIAOJIE_PLANTED"]']) == {"TIAOJIE_PLANTED"}
