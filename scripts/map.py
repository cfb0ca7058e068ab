"""The map of the house in README.md: a row per noun, a column per layer, a link per module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scripts.text import ROOT, table

LAYERS = ("domain", "models", "queries", "services", "schemas", "routers")
NOUNS = (
    # register
    "party",
    "duplicate",
    "asset",
    "title",
    "tag",
    "portfolio",
    "recordal",
    "legal_event",
    "reconciliation",
    "hold",
    "stay",
    "fee",
    "blocker",
    # market
    "mandate",
    "listing",
    "offer",
    "deal",
    "consent",
    # finance
    "application",
    "valuation",
    "pledge",
    "rule_pack",
    "decision",
    "filing",
    "amendment",
    "loan",
    "demand",
    "enforcement",
    "encumbrance",
    "reservation",
    "delegation",
    "pool",
    "fund",
    "source",
    "scheme",
    "commitment",
    "claim",
    "recovery",
    "ledger",
    "account",
    "transfer",
    "entry",
    "monitor",
    "period",
    "bank_statement",
    "interest",
    "policy",
    "stress_test",
    # service
    "programme",
    "provider",
    "enrolment",
    "service_record",
    "subsidy",
    # statistics
    "plan",
    "task",
    "indicator",
    "target",
    "observation",
    "fact",
    "statistic",
    "scoreboard",
    "release",
    # everywhere
    "document",
    "approval",
    "notice",
    "event",
    "seal",
    "root",
    "webhook",
    "audit",
    "certificate",
    "job",
    "import",
    "district",
    "organisation",
    "client",
    "problem",
)
"""The words of the house, one per concept. A module named after none of them is shared by all."""


def singular(stem: str) -> str:
    """The noun in a module's name: plural where the module works on many."""
    if stem.endswith("ies"):
        return stem[:-3] + "y"
    return stem[:-1] if stem.endswith("s") and not stem.endswith("ss") else stem


def modules(layer: str) -> Iterator[tuple[str, Path]]:
    """Every module and package of a layer with its name."""
    for path in sorted((ROOT / "app" / layer).iterdir()):
        package = path.is_dir() and (path / "__init__.py").exists()
        if package or (path.suffix == ".py" and path.stem != "__init__"):
            yield path.stem, path


def noun_of(stem: str) -> str | None:
    """The noun a module belongs to, by its whole name or its first words; None when it is shared."""
    found = [noun for noun in NOUNS if singular(stem) == noun or stem.startswith(f"{noun}_")]
    return max(found, key=len, default=None)


def render() -> str:
    """The table: nouns that have a module, in the order of the glossary, then what is shared."""
    cells: dict[tuple[str | None, str], list[str]] = {}
    for layer in LAYERS:
        for stem, path in modules(layer):
            link = f"[{stem}]({path.relative_to(ROOT).as_posix()})"
            cells.setdefault((noun_of(stem), layer), []).append(link)
    present = {noun for noun, _ in cells}
    rows = [
        [f"**{noun}**" if noun else "*shared*", *(" ".join(cells.get((noun, layer), [])) for layer in LAYERS)]
        for noun in (*NOUNS, None)
        if noun in present
    ]
    return table(["noun", *LAYERS], rows)
