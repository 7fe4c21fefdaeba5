"""The product's own source files, and how the house tests look at them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("shared", "services", "deploy")
SERVICES = ("intake", "routing", "notify", "query")


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the repository, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in self.nodes if isinstance(node, ast.Call)]

    def at(self, node: ast.expr | ast.stmt) -> str:
        return f"{self.path}:{node.lineno}"


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders, all of the product by default."""
    files = [f for folder in folders or PRODUCT for f in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(Source(f.relative_to(ROOT).as_posix(), f.read_text("utf-8")) for f in files)


def planted(text: str, path: str = "services/intake/planted.py") -> tuple[Source, ...]:
    """One made-up file, with which a rule shows that it can fail."""
    return (Source(path, text),)


def called(call: ast.Call) -> str:
    """The name of what is called, without what it belongs to."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def string(node: ast.AST | None) -> str | None:
    """The value of a string literal, None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def strings(source: Source) -> set[str]:
    """All string literals of a file."""
    return {text for node in source.nodes if (text := string(node)) is not None}
