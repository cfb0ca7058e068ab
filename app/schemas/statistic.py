"""Figures and their rows on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import Field

from app.schemas.common import ResponseModel


class DefinitionOut(ResponseModel):
    """What the measure means; the rules are numbered in the project's domain rules."""

    zh: str
    en: str
    wording_zh: str
    wording_en: str
    rules: list[str]
    version: int
    additive: bool = Field(
        description="False for counts of distinct objects: slices or districts of it do not sum to a total."
    )


class CellOut(ResponseModel):
    """One figure. Counts have `value`; amounts have `amount` in yuan and `value_wan` in 万元 (ST-10)."""

    period: str
    district: str
    slice: dict[str, str | None] = Field(description="Value per slice; null: the facts lack the dimension.")
    value: int | None
    amount: str | None
    value_wan: str | None
    facts: int = Field(description="Number of facts summed; 0 in a period without any.")


class Answered(ResponseModel):
    """What was asked, and on what knowledge the answer rests."""

    measure: str
    unit: str = Field(description="`1` for counts, `fen` for amounts.")
    definition: DefinitionOut
    district: str
    first_day: date
    last_day: date
    roles: list[str]
    imported: bool | None
    where: list[str]
    scope: str = Field(description="`all`: every fact of the district; `visible`: those the caller may see.")
    as_of: datetime | None
    seals: dict[str, int] = Field(description="Per stream the number of the last seal included.")
    settled: bool = Field(description="Whether the same question will always have this answer.")
    data_as_of: datetime | None = Field(description="When the youngest fact summed became known.")
    computed_at: datetime


class StatisticOut(Answered):
    """Figures of a measure."""

    group_by: str
    currency: str | None
    cells: list[CellOut]


class FactOut(ResponseModel):
    """One fact behind a figure."""

    id: uuid.UUID
    district: str
    role: str
    value: int | None
    amount: str | None
    occurred_on: date
    dimensions: dict[str, Any]
    source_noun: str
    source_id: uuid.UUID
    imported: bool
    event_id: uuid.UUID
    recorded_at: datetime


class MeasureOut(ResponseModel):
    """An entry of the dictionary of measures."""

    measure: str
    unit: str
    definition: DefinitionOut


class MeasuresOut(ResponseModel):
    """The dictionary of measures."""

    items: list[MeasureOut]
