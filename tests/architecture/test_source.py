"""Rules of the house that can be read off the source."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from scripts import map as house
from scripts.map import NOUNS

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
MAX_LINES = 500

COMMITS = {"app/infra/db.py"}
"""The scopes of `Database` end every transaction; services and routes only take part."""

EXACT = ("domain", "models", "queries", "services", "schemas")
"""Layers in which amounts, shares and counts live: no binary fractions there."""

UNCOUNTED = ("audit", "ledger", "interest")
SINGULAR = ("domain", "models", "schemas")
PLURAL = ("routers", "services", "queries")
OTHERS = {
    # Values and checks that no table is named after.
    "domain": {
        "classification",
        "clock",
        "errors",
        "growth",
        "identifiers",
        "imports",
        "money",
        "operation",
        "patent_number",
        "permission",
        "request",
        "size_class",
        "state_machine",
        "term",
        "text",
        "trademark_number",
        "uscc",
        "working_day",
    },
    "models": {"base", "idempotency"},
    # `import` is a word of Python's own, so its schemas are `imports` like its other modules.
    "schemas": {"clock", "common", "health", "imports", "oauth"},
    "routers": {"clock", "dependencies", "health", "oauth", "paging", "refusals"},
    "queries": {
        "associated_marks",
        "clock",
        "concerned",
        "driver",
        "integrity",
        "paging",
        "serials",
        "terms",
    },
    "services": {"bookkeeping", "clock", "idempotency", "licensing", "sandbox", "terms", "working_days"},
}
"""Stems that are not nouns, with the layer they belong to; a new one is a decision."""


def modules(*layers: str) -> Iterator[tuple[str, ast.Module]]:
    """Path and syntax tree of the modules of these layers (of all of `app` without any)."""
    for folder in [APP / layer for layer in layers] or [APP]:
        for file in sorted(folder.rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def plural(noun: str) -> str:
    """The noun where many are meant; some words have no plural here."""
    if noun in UNCOUNTED:
        return noun
    return f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"


def test_the_api_tells_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert app.__version__ == project["version"]


def test_only_the_database_edge_commits() -> None:
    """One request, one transaction: `.commit(` stands in `app/infra/db.py` alone."""
    found = {
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit" and path not in COMMITS
    }
    assert found == set()


def test_states_change_only_through_their_model() -> None:
    """A model's own method asks the state machine; nobody else assigns `status`."""
    found = set()
    for path, tree in modules():
        if path.startswith("app/models/"):
            continue
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                found |= {
                    f"{path}:{node.lineno}"
                    for target in targets
                    if isinstance(target, ast.Attribute) and target.attr == "status"
                }
    assert found == set()


def test_nothing_that_counts_is_a_float() -> None:
    """Money is integer fen, shares are parts per million: no float type, column or literal."""
    found = {
        f"{path}:{node.lineno}"
        for path, tree in modules(*EXACT)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in {"float", "Float", "Double", "REAL", "Numeric"})
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    }
    assert found == set()


def test_modules_stay_readable() -> None:
    long = {
        path: lines
        for path, lines in (
            (str(file.relative_to(ROOT)), len(file.read_text(encoding="utf-8").splitlines()))
            for folder in (APP, ROOT / "tests")
            for file in folder.rglob("*.py")
        )
        if lines > MAX_LINES
    }
    assert long == {}


@pytest.mark.parametrize("layer", [*SINGULAR, *PLURAL])
def test_files_are_named_by_the_nouns(layer: str) -> None:
    """One noun, one word in every layer: singular for what it is, plural for what is done with it."""
    nouns = NOUNS if layer in SINGULAR else [plural(noun) for noun in NOUNS]
    stems = {stem for stem, _ in house.modules(layer)}
    strange = {
        stem for stem in stems if stem not in nouns and not any(stem.startswith(f"{noun}_") for noun in NOUNS)
    }
    assert strange == OTHERS[layer]


def test_every_package_has_its_place_among_the_layers() -> None:
    """What `lint-imports` checks is only as good as the layers it is told."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract for contract in contracts if contract["id"] == "layers"]
    named = {name.strip(" ()") for row in layers["layers"] for name in row.replace(":", "|").split("|")}
    present = {file.stem for file in APP.iterdir() if file.suffix == ".py" or (file / "__init__.py").exists()}
    assert layers["exhaustive"] is True
    assert present - {"__init__"} <= named
