"""ID-14: IPC and Locarno symbols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.classification import Ipc, Locarno, parse_cpc, parse_ipc, parse_locarno
from app.domain.errors import DomainError

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "domain_vectors.json").read_text("utf-8")
)


@pytest.mark.parametrize("symbol", VECTORS["ipc_valid"])
def test_a_valid_symbol_is_its_own_canonical_form_with_or_without_the_blank(symbol: str) -> None:
    assert parse_ipc(symbol).canonical == symbol
    assert parse_ipc(symbol.replace(" ", "")).canonical == symbol


@pytest.mark.parametrize("symbol", [*VECTORS["ipc_invalid"], "H01M 10/0525 extra", "", "H01M/02"])
def test_invalid_symbols_are_refused(symbol: str) -> None:
    for allow_subclass in (False, True):
        with pytest.raises(DomainError) as caught:
            parse_ipc(symbol, allow_subclass=allow_subclass)
        assert caught.value.code.code == "ipc.format"


def test_a_symbol_comes_in_its_parts() -> None:
    assert parse_ipc("ｈ01m 0010／0525") == Ipc("H", "01", "M", "10", "0525")


def test_a_bare_subclass_serves_for_filters_only() -> None:
    parsed = parse_ipc("H01M", allow_subclass=True)
    assert (parsed.canonical, parsed.group, parsed.subgroup) == ("H01M", None, None)
    with pytest.raises(DomainError):
        parse_ipc("H01M")


@pytest.mark.parametrize("text", ["14-02", "１４－０２", "14–02"])
def test_locarno_symbols_are_read(text: str) -> None:
    assert parse_locarno(text) == Locarno("14", "02")
    assert parse_locarno(text).canonical == "14-02"


@pytest.mark.parametrize("text", ["00-01", "33-01", "1402", "14-2", "14-021", ""])
def test_other_locarno_symbols_are_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_locarno(text)
    assert caught.value.code.code == "locarno.format"


@pytest.mark.parametrize("text", ["Y02E 60/10", "G06F 2203/04101", "h01m10/0525"])
def test_cpc_symbols_have_the_form_of_ipc_and_a_section_more(text: str) -> None:
    assert parse_cpc(text).canonical.replace(" ", "") == text.replace(" ", "").upper()


def test_other_cpc_symbols_are_refused() -> None:
    for text in ("Y02E", "I01M 10/05", "Y2E 60/10"):
        with pytest.raises(DomainError) as caught:
            parse_cpc(text)
        assert caught.value.code.code == "cpc.format"
