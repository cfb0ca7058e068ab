"""What a caller sees of an operational table: its own cases, and a regulator those of its district."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, true

from app.domain.district import OUTSIDE_EVERY_PLAN

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from app.domain.permission import Actor


def seen_by(
    actor: Actor, district_code: InstrumentedAttribute[str], *reasons: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Rows that one of `reasons` shows, and those of the district the caller regulates: 000000 is all."""
    if actor.regulates == OUTSIDE_EVERY_PLAN:
        return true()
    if actor.regulates is None:
        return or_(*reasons)
    return or_(*reasons, district_code == actor.regulates)
