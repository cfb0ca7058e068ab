"""Goods and services of marks on the wire."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from app.schemas.common import MAX_ROWS, Day, Id, Legible, RequestModel, ResponseModel, Text

Item = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Legible]
Group = Annotated[
    str,
    StringConstraints(max_length=10),
    Field(description="Similarity group (类似群): four digits, the class first; null: not known."),
]


class GoodsItemIn(RequestModel):
    """One item of goods or services of a class."""

    item: Item
    similar_group: Group | None = None


class GoodIn(GoodsItemIn):
    """One item of goods or services with its Nice class."""

    nice_class: int


class GoodsIn(RequestModel):
    """Items of goods or services that a mark is registered for."""

    items: Annotated[list[GoodIn], Field(min_length=1, max_length=MAX_ROWS)]


class RemovalsIn(RequestModel):
    """Items struck out of a registration by the office on a day."""

    item_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_ROWS)]
    removed_on: Day
    reason: Text


class GoodOut(ResponseModel):
    """An item of goods or services; `removed_on`: the day it was struck out."""

    id: uuid.UUID
    nice_class: int
    similar_group: str | None
    item: str
    removed_on: date | None


class GoodsOut(ResponseModel):
    """The items of a mark; with `on`, those protected on that day."""

    asset_id: uuid.UUID
    on: date | None
    items: list[GoodOut]
