"""The named schemes that come with the program, for districts to start from (domain §5.2)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from app.domain import scheme_template as rules
from app.domain.scheme_template import SchemeTemplate, read_template

FOLDER = Path(__file__).parents[1] / "data" / "schemes"


@cache
def templates() -> dict[str, SchemeTemplate]:
    """All templates by their codes, in the order of these."""
    read = [read_template(tomllib.loads(file.read_text(encoding="utf-8"))) for file in FOLDER.glob("*.toml")]
    return {one.code: one for one in sorted(read, key=lambda one: one.code)}


def get(code: str) -> SchemeTemplate:
    """One template. Raises: `scheme.template_not_found`."""
    found = templates().get(code)
    if found is None:
        raise rules.NOT_FOUND.error("path:code", code=code)
    return found
