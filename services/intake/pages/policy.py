"""What the pages of intake have in common: they need nothing but themselves, and may run nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from functools import cache
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@cache
def page_template(name: str) -> Template:
    """A page of this folder: whatever is put in is escaped, and a hole in it is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def content_security_policy(page: str) -> str:
    """The policy to send with a page: nothing is allowed but the one style sheet it carries."""
    style = _STYLE.search(page)
    digest = base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest())
    return (
        f"default-src 'none'; style-src 'sha256-{digest.decode()}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def qr_inline(url: str) -> str:
    """The address as an inline SVG without size: the style sheet gives it one."""
    return segno.make_qr(url, error="m").svg_inline(border=4, omitsize=True, dark="#000")


def qr_image(url: str) -> str:
    """The address as an SVG document, with no margin of its own."""
    drawn = io.BytesIO()
    segno.make_qr(url, error="m").save(drawn, kind="svg", border=0, scale=4, dark="#000")
    return drawn.getvalue().decode()
