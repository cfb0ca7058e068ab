"""The rule packs that come with the program, each chosen by day and district."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from app.domain import rule_pack as rules
from app.domain.pledge_ground_check import CODES
from app.domain.rule_pack import Pack, RulePack, RulePacks, read_pack

FOLDER = Path(__file__).parents[1] / "data" / "rule_packs"


@cache
def packs() -> RulePacks:
    """All packs, read once."""
    files = sorted(FOLDER.glob("*.toml"))
    return RulePacks([read_pack(tomllib.loads(file.read_text(encoding="utf-8")), CODES) for file in files])


def listed() -> list[Pack]:
    """All packs in the order in which they came into force."""
    return sorted(packs().by_code.values(), key=lambda pack: (pack.effective_from, pack.code))


def get(code: str) -> Pack:
    """One pack. Raises: `rule_pack.not_found`."""
    found = packs().by_code.get(code)
    if found is None:
        raise rules.NOT_FOUND.error("path:code", code=code)
    return found


def of_grounds(code: str) -> RulePack:
    """A pack to judge by. Raises: `rule_pack.not_found`, `rule_pack.not_of_grounds`."""
    found = get(code)
    if not isinstance(found, RulePack):
        raise rules.NOT_OF_GROUNDS.error("path:code", code=code)
    return found
