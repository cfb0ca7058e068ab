"""What speaks against passing or licensing one right, as pure functions (TR-03 to TR-18).

Deals ask at the agreement and at the signature, under locks; blockers ask before anybody drafts a deal.
Consents are judged apart (`app.domain.consent_need`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from app.domain import deal as rules, hold as hold_rules
from app.domain.asset import CN, AssetKind, AssetStatus, MarkKind
from app.domain.asset_sign import BOUND_KINDS, COLLECTIVE_MARK
from app.domain.deal import EXCLUSIVE, LICENSABLE, TRANSFERABLE, LicenceType
from app.domain.errors import Violation


@dataclass(frozen=True, slots=True)
class DealRight:
    """A right as a deal looks at it on a day. An owner that is None is unrecorded.

    `reserved`: another deal keeps it (DEA-03). `conflicting`: a live licence leaves no room for the one
    that is wanted (TR-14). `associated`: the marks that go together with this one (TR-11), id and number.
    """

    number: str
    status: AssetStatus
    last_day_in_force: date | None
    owner_ids: Collection[uuid.UUID | None]
    stayed: bool
    reserved: bool
    conflicting: bool = False
    mark_kind: MarkKind | None = None
    associated: Collection[tuple[uuid.UUID, str]] = ()


def to_transfer(grantor_id: uuid.UUID, right: DealRight, pointer: str | None = None) -> Iterator[Violation]:
    """What speaks against passing the right: owner, status, stay, another's reservation.

    An application passes as well (专利申请权), a right in its late period too; whoever licenses a right
    keeps the licence (TR-05).
    """
    if grantor_id not in right.owner_ids:
        yield rules.TRANSFEROR_NOT_OWNER.violation(pointer, number=right.number)
    if right.status not in TRANSFERABLE:
        yield rules.RIGHT_ENDED.violation(pointer, number=right.number, status=right.status.value)
    if right.stayed:
        yield rules.RIGHT_STAYED.violation(pointer, number=right.number)
    if right.reserved:
        yield hold_rules.RESERVED.violation(pointer, number=right.number)


def to_sign_transfer(
    grantor_id: uuid.UUID,
    right: DealRight,
    *,
    asset_ids: Collection[uuid.UUID],
    pointer: str | None = None,
) -> Iterator[Violation]:
    """What speaks against signing the transfer of a right among `asset_ids`, but for consents.

    A collective or certification mark does not pass by contract alone (LS-16), and no mark passes without
    the marks that go together with it (商标法第42条第2款).
    """
    yield from to_transfer(grantor_id, right, pointer)
    if right.mark_kind in BOUND_KINDS:
        yield COLLECTIVE_MARK.violation(pointer, number=right.number)
    missing = [number for asset_id, number in right.associated if asset_id not in asset_ids]
    if missing:
        yield rules.ASSOCIATED_MARKS_MISSING.violation(
            pointer, number=right.number, missing="、".join(missing)
        )


def to_agree_licence(
    grantor_id: uuid.UUID,
    right: DealRight,
    *,
    licence_type: LicenceType,
    term_to: date,
    pointer: str | None = None,
) -> Iterator[Violation]:
    """What speaks already against agreeing on a licence: owner, status, stay, term; for an exclusive or sole
    one another's reservation as well.
    """
    yield from _to_license(grantor_id, right, term_to, pointer)
    if licence_type in EXCLUSIVE and right.reserved:
        yield hold_rules.RESERVED.violation(pointer, number=right.number)


def to_sign_licence(
    grantor_id: uuid.UUID, right: DealRight, *, term_to: date, pointer: str | None = None
) -> Iterator[Violation]:
    """What speaks against signing a licence, but for consents (TR-17)."""
    yield from _to_license(grantor_id, right, term_to, pointer)
    if right.reserved:
        yield hold_rules.RESERVED.violation(pointer, number=right.number)
    if right.conflicting:
        yield hold_rules.LICENCE_CONFLICT.violation(pointer, number=right.number)


def _to_license(
    grantor_id: uuid.UUID, right: DealRight, term_to: date, pointer: str | None
) -> Iterator[Violation]:
    """The licensor is an owner, the right is in force, not stayed, and outlives the licence."""
    number = right.number
    if grantor_id not in right.owner_ids:
        yield rules.LICENSOR_NOT_OWNER.violation(pointer, number=number)
    if right.status not in LICENSABLE:
        yield rules.RIGHT_NOT_IN_FORCE.violation(pointer, number=number, status=right.status.value)
    if right.stayed:
        yield rules.RIGHT_STAYED.violation(pointer, number=number)
    last_day = right.last_day_in_force
    if last_day is not None and term_to > last_day:
        yield rules.TERM_EXCEEDS_RIGHT.violation(pointer, number=number, term_to=term_to, last_day=last_day)


def export_faults(
    kinds: Collection[AssetKind], grantor_country: str | None, grantee_country: str | None
) -> list[Violation]:
    """A patent that a Chinese owner passes abroad needs the evidence of 技术出口 (TR-04).

    Hong Kong, Macao and Taiwan count as abroad; a party without a country counts as Chinese.
    """
    if AssetKind.patent not in kinds or (grantor_country or CN) != CN or (grantee_country or CN) == CN:
        return []
    return [rules.EXPORT_EVIDENCE_REQUIRED.violation("/export_evidence", country=grantee_country)]
