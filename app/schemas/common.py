"""Shapes that all requests and responses share: strict models, money, pages, problems."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    Tag,
)
from pydantic_core import PydanticCustomError

from app.domain.errors import DomainError
from app.domain.fact import signed_amount
from app.domain.money import MAX_FEN, Money, format_amount, parse_amount
from app.domain.text import normalise

T = TypeVar("T")


class RequestModel(BaseModel):
    """A request body: unknown fields are refused, and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ResponseModel(BaseModel):
    """A response body, built from rows or dataclasses."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


UNION_TAG = "kind="


def union_tag(kind: str) -> Tag:
    """Names a body that is one of several kinds; the name is no part of a fault's JSON pointer."""
    return Tag(UNION_TAG + kind)


Id = Annotated[uuid.UUID, Field(strict=False)]
"""A key in a request body: JSON brings it as a string."""


def _legible(text: str) -> str:
    if not normalise(text):
        raise PydanticCustomError("text_invisible", "String should have a visible character")
    return text


Legible = AfterValidator(_legible)
"""Refuses text of which nothing can be seen, such as zero-width characters alone."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000), Legible]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Legible]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Legible]
"""The number of an order or a document of another authority."""
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


MAX_ROWS = 200
"""Rows that one request enters or decides together: all of them or none."""


class ReasonIn(RequestModel):
    """Why it is done, where nothing else need be said."""

    reason: Text


def _written_day(value: object) -> object:
    """Hold a day to YYYY-MM-DD: pydantic alone would read a number as seconds since 1970."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_type", "Input should be a date written YYYY-MM-DD")
    return value


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_DAY, LAST_DAY = date(1850, 1, 1), date(2999, 12, 31)
"""Days outside are slips of the pen, and the ends of the calendar break arithmetic on them."""

Day = Annotated[date, Field(strict=False, ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_written_day)]
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime.combine(FIRST_DAY, time(), UTC), le=datetime.combine(LAST_DAY, time(), UTC)),
]


def _written_instant(value: object) -> object:
    """Hold an instant to a written one: pydantic alone would read a number as seconds since 1970."""
    if not isinstance(value, str) or not _INSTANT.match(value):
        raise PydanticCustomError("datetime_type", "Input should be a valid datetime")
    return value


_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:")

InstantIn = Annotated[Instant, Field(strict=False), BeforeValidator(_written_instant)]
"""A moment in a request body, with its offset from UTC (RFC 3339)."""


def _in_range(amount: str) -> str:
    try:
        parse_amount(amount)
    except DomainError as error:
        facts = {"maximum": format_amount(MAX_FEN)}
        raise PydanticCustomError("amount_range", "Amount should be at most {maximum}", facts) from error
    return amount


Amount = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,13})\.[0-9]{2}$"),
    AfterValidator(_in_range),
    Field(examples=["1250000.00"]),
]


class MoneyIn(RequestModel):
    """An amount with exactly two decimals, as a string: JSON numbers are refused."""

    amount: Amount
    currency: Currency = "CNY"

    @property
    def fen(self) -> int:
        """The amount in fen."""
        return parse_amount(self.amount)

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.fen, self.currency)


def _positive(money: MoneyIn) -> MoneyIn:
    if money.fen <= 0:
        raise PydanticCustomError("greater_than", "Amount should be greater than {gt}", {"gt": "0.00"})
    return money


PositiveMoney = Annotated[MoneyIn, AfterValidator(_positive)]


class MoneyOut(ResponseModel):
    """An amount with exactly two decimals, as a string."""

    amount: str
    currency: str

    @classmethod
    def of(cls, fen: int, currency: str = "CNY") -> MoneyOut:
        """`fen` as it is written on the wire."""
        return cls(amount=format_amount(fen), currency=currency)


class SignedMoneyOut(ResponseModel):
    """An amount that may be below zero, with exactly two decimals, as a string."""

    amount: str
    currency: str

    @classmethod
    def of(cls, fen: int, currency: str = "CNY") -> SignedMoneyOut:
        """`fen` as it is written on the wire, with a sign below zero."""
        return cls(amount=signed_amount(fen), currency=currency)


class Page(ResponseModel, Generic[T]):
    """One page of a list. `next_cursor` is null on the last page; `total` is given on request only."""

    items: list[T]
    next_cursor: str | None
    total: int | None = None


class ViolationOut(ResponseModel):
    """One objection of a problem. `remedy_zh`, `remedy_en`: what helps, where the rules say it."""

    code: str
    pointer: str | None
    message_zh: str
    message_en: str
    basis: str | None
    severity: str
    remedy_zh: str | None = None
    remedy_en: str | None = None
    facts: dict[str, Any]


class Problem(ResponseModel):
    """RFC 9457 problem details, with every violation at once."""

    type: str
    title: str
    title_en: str
    status: int
    detail: str
    code: str
    retryable: bool
    request_id: str
    violations: list[ViolationOut]
