"""Every vector of the domain is judged as it says: no key is left out, and none is unknown here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.classification import parse_ipc
from app.domain.errors import DomainError
from app.domain.patent_number import parse_patent_number
from app.domain.size_class import size_of
from app.domain.term import trademark_last_day_in_force
from app.domain.trademark_number import parse_trademark_number
from app.domain.uscc import parse_uscc
from tests.domain.test_size_class import INDUSTRIES, classed

VECTORS = Path(__file__).parents[1] / "data" / "domain_vectors.json"
TODAY = date(2026, 6, 30)


def accepted(read: Callable[[str], object], texts: list[str]) -> None:
    for text in texts:
        read(text)


def refused(read: Callable[[str], object], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(DomainError):
            read(text)


def patent(text: str) -> object:
    return parse_patent_number(text, today=TODAY)


def trademarks(vectors: Mapping[str, Any]) -> None:
    """Numbers, and the last day where the vector tells both ends of a term (LS-12)."""
    assert set(vectors) == {"confirmed", "from_memory", "invalid"}
    accepted(parse_trademark_number, [*(one["no"] for one in vectors["confirmed"]), *vectors["from_memory"]])
    refused(parse_trademark_number, vectors["invalid"])
    terms = [
        (date.fromisoformat(one["from"]), date.fromisoformat(one["to"]))
        for one in vectors["confirmed"]
        if "from" in one
    ]
    assert terms
    assert all(trademark_last_day_in_force(begun, 0) == ended for begun, ended in terms)


def sizes(rows: list[dict[str, Any]]) -> None:
    assert {row["industry"] for row in rows} == set(INDUSTRIES)
    for row in rows:
        for line in ("large", "medium", "small"):
            assert classed(row, dict(zip(row["metrics"], row[line], strict=True))) == line


def cases(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        found, _ = size_of(INDUSTRIES[row["industry"]], row.get("X"), row.get("Y"), row.get("Z"), TODAY)
        assert found == row["expect"], row


JUDGES: dict[str, Callable[[Any], None]] = {
    "patent_no_valid_real": lambda rows: accepted(patent, [row["no"] for row in rows]),
    "patent_no_valid_synthetic": lambda rows: accepted(patent, rows),
    "patent_no_invalid": lambda rows: refused(patent, [row["no"] for row in rows]),
    "uscc_valid_real": lambda rows: accepted(parse_uscc, [row["code"] for row in rows]),
    "uscc_valid_synthetic_dongli_binhai": lambda rows: accepted(parse_uscc, rows),
    "uscc_invalid": lambda rows: refused(parse_uscc, [row["code"] for row in rows]),
    "trademark_no": trademarks,
    "ipc_valid": lambda rows: accepted(parse_ipc, rows),
    "ipc_invalid": lambda rows: refused(parse_ipc, rows),
    "sme_thresholds_unit_wan_yuan": sizes,
    "sme_cases": cases,
}


@pytest.mark.parametrize("key", JUDGES)
def test_every_vector_is_judged_as_it_says(key: str) -> None:
    """AST-01, AST-02, ID-01 to ID-17, LS-12, TG-08, TG-09."""
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))[key]
    assert vectors
    JUDGES[key](vectors)


def test_no_kind_of_vector_goes_unjudged() -> None:
    """A key that is added fails here until something judges it."""
    assert set(json.loads(VECTORS.read_text(encoding="utf-8"))) == set(JUDGES)
