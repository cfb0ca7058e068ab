"""The pages of docs/nouns name nothing that is not there: constraints, triggers, checks, functions, refusals."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import app.domain
import app.models
from app.domain.errors import ErrorCode, catalogue
from app.errors import CONSTRAINTS
from app.models.base import Base
from app.queries.integrity import CHECKS
from scripts import map as house, nouns, states
from scripts.text import ROOT

for package in (app.domain, app.models):
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(found.name)

PAGES = [nouns.page(noun) for noun in nouns.nouns()]
MIGRATIONS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "migrations").rglob("*.py"))
)
RAISED = {
    name: set(re.findall(r"(?:CONSTRAINT = |THEN |ELSE |:= )'(\w+_\w+)'", body))
    for name, body in re.findall(r"CREATE FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", MIGRATIONS, re.DOTALL)
}
"""Names under which a trigger's function refuses."""

TRIGGERS = {
    name: RAISED[function]
    for name, function in re.findall(
        r"CREATE (?:CONSTRAINT )?TRIGGER (\w+) .*?EXECUTE FUNCTION (\w+)\(", MIGRATIONS, re.DOTALL
    )
}
TABLES = set(Base.metadata.tables)
CHECKED = {check.name for check in CHECKS}
ids = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def constraints() -> Iterator[str]:
    for table in Base.metadata.tables.values():
        yield from (str(one.name) for one in table.constraints)
        yield from (str(one.name) for one in table.indexes)
    for raised in RAISED.values():
        yield from raised


CONSTRAINT_NAMES = set(constraints())


def by_hand(page: Path) -> str:
    """A page without what is generated."""
    return re.sub(
        r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )


def quoted(text: str) -> list[str]:
    """What stands in backticks, but for commands and what is shortened."""
    return [one for one in re.findall(r"`([^`]+)`", text) if " " not in one and "…" not in one]


def invariants(page: Path) -> list[tuple[list[str], list[str]]]:
    """By row of the table: the names of who enforces, and the refusals."""
    section = by_hand(page).split("## Invariants")[1].split("## Routes")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    assert rows
    assert {len(row) for row in rows} == {3}, page.name
    return [(quoted(enforcer), quoted(refusal)) for _, enforcer, refusal in rows]


def place(name: str) -> object | None:
    """What `services.listings.approve` or `domain.hold` names under `app`; None when there is nothing."""
    parts = ["app", *name.split(".")]
    for length in range(len(parts), 1, -1):
        module = ".".join(parts[:length])
        try:
            if importlib.util.find_spec(module) is None:
                continue
        except ModuleNotFoundError:
            continue
        thing: object | None = importlib.import_module(module)
        for part in parts[length:]:
            thing = getattr(thing, part, None)
        return thing
    return None


def is_place(name: str) -> bool:
    return name.partition(".")[0] in house.LAYERS and place(name) is not None


@cache
def given_by(name: str) -> frozenset[str]:
    """The codes that the module or package of a place can give."""
    parts = name.split(".")[:2]
    root = ROOT.joinpath("app", *parts)
    files = sorted(root.glob("*.py")) if root.is_dir() else [root.with_suffix(".py")]
    codes: set[str] = set()
    for file in files:
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        codes.update(_codes_in(file, importlib.import_module(module)))
    return frozenset(codes)


def _codes_in(file: Path, module: ModuleType) -> Iterator[str]:
    for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        value: object = None
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load):
            value = vars(module).get(one.id)
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            value = getattr(vars(module).get(one.value.id), one.attr, None)
        if isinstance(value, ErrorCode):
            yield value.code


def refusals_of(name: str) -> frozenset[str]:
    """What a named enforcer answers a caller with."""
    if "/" in name:
        return given_by(name.removeprefix("app/").removesuffix(".py"))
    if is_place(name):
        return given_by(name)
    if name.startswith("fk_") and name.endswith("_district_code"):
        return frozenset({"district.unknown"})
    raised = TRIGGERS.get(name, {name})
    return frozenset(CONSTRAINTS[one].code for one in raised if one in CONSTRAINTS)


def test_every_noun_has_a_page_and_every_page_a_noun() -> None:
    pages = {path.stem for path in nouns.FOLDER.glob("*.md")} - {"README"}
    assert pages == set(nouns.nouns())
    index = nouns.INDEX.read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"]({page.name})" not in index] == []
    assert {life.noun for life in states.LIVES} <= set(nouns.nouns())
    assert {part for parts in nouns.PARTS.values() for part in parts} <= set(house.NOUNS) - set(nouns.nouns())


def test_every_route_is_on_the_page_of_its_noun() -> None:
    """But for those that are about no noun: health, metrics, the test clock."""
    lost = {str(route.path) for route in nouns.routes() if not nouns.nouns_of(route) & set(nouns.nouns())}
    assert lost == {"/healthz", "/readyz", "/metrics", "/v1/sandbox/clock"}


@ids
def test_a_page_has_its_four_sections(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# [A-Z][A-Za-z ]+ [\u4e00-\u9fff、]+\n", text)
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == nouns.SECTIONS
    assert ("<!-- states:begin -->" in text) == (page.stem in {life.noun for life in states.LIVES})


@ids
def test_a_page_names_only_what_there_is(page: Path) -> None:
    text = by_hand(page)
    known = CONSTRAINT_NAMES | set(TRIGGERS) | TABLES
    codes = set(catalogue())
    wrong = [one for row in invariants(page) for one in row[1] if one not in codes]
    for enforcers, _ in invariants(page):
        wrong += [
            one
            for one in enforcers
            if not (one in known or one in CHECKED or is_place(one) or (ROOT / one).is_file())
        ]
    for one in quoted(text):
        if re.match(r"(ck|uq|ex|fk)_", one) and one not in CONSTRAINT_NAMES:
            wrong.append(one)
        if re.fullmatch(r"[a-z_]+(\.\w+)+", one) and not (one in codes | CHECKED or is_place(one)):
            wrong.append(one)
    assert wrong == []


@ids
def test_who_enforces_a_rule_gives_the_refusal_the_page_tells(page: Path) -> None:
    """Both ways: no refusal without a source in its row, and no constraint whose refusal is left out."""
    untrue = []
    for enforcers, told in invariants(page):
        possible = {code for one in enforcers for code in refusals_of(one)}
        untrue += [code for code in told if code not in possible]
        named = [one for one in enforcers if one in CONSTRAINTS]
        untrue += [f"{one}: {CONSTRAINTS[one].code}" for one in named if CONSTRAINTS[one].code not in told]
    assert untrue == []


def test_every_refusal_of_a_constraint_and_every_check_is_on_a_page() -> None:
    rows = [row for page in PAGES for row in invariants(page)]
    told = {code for _, refusals in rows for code in refusals}
    assert {code.code for code in CONSTRAINTS.values()} - told == set()
    assert CHECKED - {one for enforcers, _ in rows for one in enforcers} == set()
