"""What every table shares: the metadata with its naming convention, and the column types.

Constraint names are public: `app.errors` maps them to problems, so they follow one convention.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, MetaData, String, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - read once by SQLAlchemy
        uuid.UUID: Uuid(),
        datetime: TIMESTAMP(timezone=True),
        date: Date(),
        str: Text(),
        int: BigInteger(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text()),
        list[uuid.UUID]: ARRAY(Uuid()),
    }


Id = Annotated[uuid.UUID, mapped_column(primary_key=True, sort_order=-20)]
DistrictCode = Annotated[str, mapped_column(String(12), ForeignKey("districts.code"), sort_order=-10)]


class IdMixin:
    """A UUIDv7 primary key made by the application."""

    id: Mapped[Id]


class OperationalMixin(IdMixin):
    """An operational row: belongs to the district that administers the operation."""

    district_code: Mapped[DistrictCode]


def one_of(column: str, enum: type[StrEnum]) -> CheckConstraint:
    """A CHECK that holds a text column to the members of `enum`."""
    members = ", ".join(f"'{member.value}'" for member in enum)
    return CheckConstraint(f"{column} IN ({members})", name=column)
