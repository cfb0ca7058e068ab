"""Holds: everything that ties up a right, in one table, so that exclusivity is decided in one place."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, define


class HoldKind(StrEnum):
    """What ties up the right. An exclusive or sole licence is `exclusive_licence`."""

    lien = "lien"
    exclusive_licence = "exclusive_licence"
    licence = "licence"
    transfer_offer = "transfer_offer"
    reservation = "reservation"
    preservation = "preservation"
    suspension = "suspension"


STAY_KINDS = frozenset({HoldKind.preservation, HoldKind.suspension})
"""What stays dispositions of a right while it runs (LS-09, LS-10)."""
LICENCE_KINDS = frozenset({HoldKind.licence, HoldKind.exclusive_licence})
ENCUMBRANCES = LICENCE_KINDS | STAY_KINDS | {HoldKind.lien}
"""What stays on a right in whatever bundle it goes (UNI-29); offers and reservations come and go."""

EVERYWHERE = (0, 1_000_000)
"""Territory and field numbers run in [0, 1 000 000); the whole range means no limit."""

CHINA = (110_000, 900_000)


@dataclass(frozen=True, slots=True)
class Scope:
    """A territory and a field of use, each as a half-open range over its numbered tree."""

    territory: tuple[int, int] = EVERYWHERE
    field: tuple[int, int] = EVERYWHERE


RESERVATION_DAYS = 30
"""How long rights stay reserved for a licence under negotiation (domain §9.2)."""


def lane_range(kind: HoldKind, hold_id: uuid.UUID) -> tuple[int | None, int | None]:
    """Lane of a licence: all lanes for an exclusive or sole one, a lane of its own for an ordinary one.

    The own lane is numbered by the random part of the hold's UUIDv7.
    """
    if kind is HoldKind.exclusive_licence:
        return None, None
    number = hold_id.int & ((1 << 62) - 1)
    return number, number + 1


TERRITORY_UNKNOWN = define(
    "hold.territory_unknown",
    ErrorKind.invalid,
    "地域代码 {territory} 无法识别（应为 WW、CN 或 GB/T 2260 代码）",
    "Territory {territory} is not known: give WW, CN or a GB/T 2260 code.",
)
FIELD_UNKNOWN = define(
    "hold.field_unknown",
    ErrorKind.invalid,
    "领域代码 {field} 无法识别（应为 ALL 或 GB/T 4754 的 2 至 4 位代码）",
    "Field {field} is not known: give ALL or a GB/T 4754 code of 2 to 4 digits.",
)
LICENCE_CONFLICT = define(
    "hold.licence_conflict",
    ErrorKind.conflict,
    "与同一地域、领域和期间内的在先许可冲突",
    "Conflicts with a licence already in force for the same territory, field and period.",
    basis="技术合同解释第25条",
)
TRANSFER_OFFERED = define(
    "hold.transfer_already_offered",
    ErrorKind.conflict,
    "该权利已有一项有效的转让挂牌",
    "The right already has an open transfer listing.",
)
RESERVED = define(
    "hold.already_reserved",
    ErrorKind.conflict,
    "该权利已被预留",
    "The right is already reserved.",
)
PRESERVED = define(
    "hold.already_preserved",
    ErrorKind.conflict,
    "该权利在此期间已被保全，同一权利不得重复保全",
    "The right is under a court's preservation in that period already; there is no second one.",
    basis="最高人民法院关于审理专利纠纷案件适用法律问题的若干规定第13条",
)
ENCUMBERED = define(
    "hold.encumbered",
    ErrorKind.conflict,
    "该权利已出质，未经质权人同意不得转让或许可",
    "The right is pledged: it cannot be transferred or licensed without the pledgee's consent.",
    basis="民法典第444条",
)


def territory_range(code: str) -> tuple[int, int]:
    """Range of a territory: `WW` all, `CN` China, or a GB/T 2260 code (province codes end in 0000)."""
    if code == "WW":
        return EVERYWHERE
    if code == "CN":
        return CHINA
    if len(code) == 6 and code.isascii() and code.isdigit() and CHINA[0] <= int(code) < CHINA[1]:
        number = int(code)
        if number % 10_000 == 0:
            return number, number + 10_000
        if number % 100 == 0:
            return number, number + 100
        return number, number + 1
    raise TERRITORY_UNKNOWN.error(territory=code)


def field_range(code: str) -> tuple[int, int]:
    """Range of a field of use: `ALL`, or a GB/T 4754 division, group or class (2 to 4 digits)."""
    if code == "ALL":
        return EVERYWHERE
    if 2 <= len(code) <= 4 and code.isascii() and code.isdigit():
        width = 10 ** (4 - len(code))
        return int(code) * width, (int(code) + 1) * width
    raise FIELD_UNKNOWN.error(field=code)
