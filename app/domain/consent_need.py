"""Which consents a deal needs over a right, and which of those that exist serve it (UNI-01, RB-04)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain import deal as deal_rules
from app.domain.consent import ConsentKind, Scope, Wanted, misfits, needs_co_owners
from app.domain.deal import DealKind, LicenceType
from app.domain.errors import Violation

REQUESTS = "/v1/consents/requests"
"""Where a consent that is missing is asked for."""


@dataclass(frozen=True, slots=True)
class Need:
    """A lien to be lifted from a right (`hold_id`), or an owner who has to agree (None: unrecorded)."""

    asset_id: uuid.UUID
    number: str
    kind: ConsentKind
    pointer: str | None = None
    hold_id: uuid.UUID | None = None
    owner_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A consent: whose, over which rights (each with the lien it lifts), and in which scope.

    `taken`: the deal has used it before, and so it serves it still, whatever became of it.
    """

    kind: ConsentKind
    grantor_id: uuid.UUID
    covered: frozenset[tuple[uuid.UUID, uuid.UUID | None]]
    scope: Scope
    taken: bool = False

    def covers(self, need: Need) -> bool:
        """Whether it is the consent that is needed, if it serves at all."""
        if self.kind is not need.kind or (need.asset_id, need.hold_id) not in self.covered:
            return False
        return need.kind is ConsentKind.pledgee or self.grantor_id == need.owner_id

    def misfits(self, wanted: Wanted, need: Need) -> list[Violation]:
        """Why it does not serve the deal; empty when it does."""
        return [] if self.taken else misfits(self.scope, wanted, need.pointer, number=need.number)


def needs(
    action: DealKind,
    licence_type: LicenceType | None,
    *,
    asset_id: uuid.UUID,
    number: str,
    grantor_id: uuid.UUID,
    owner_ids: Sequence[uuid.UUID | None],
    lien_ids: Sequence[uuid.UUID],
    pointer: str | None = None,
) -> Iterator[Need]:
    """What a right asks of a deal: its liens in their rank, then its other owners in their order.

    Every live lien needs its pledgee's consent (民法典第444条), and all but an ordinary licence every owner's
    beside the grantor's (TR-03).
    """
    for hold_id in lien_ids:
        yield Need(asset_id, number, ConsentKind.pledgee, pointer, hold_id=hold_id)
    if needs_co_owners(action, licence_type) and grantor_id in owner_ids:
        for owner_id in owner_ids:
            if owner_id != grantor_id:
                yield Need(asset_id, number, ConsentKind.co_owner, pointer, owner_id=owner_id)


def unmet(needed: Sequence[Need], candidates: Sequence[Candidate], wanted: Wanted) -> list[Need]:
    """The needs that none of the consents serves."""
    return [
        need
        for need in needed
        if not any(one.covers(need) and not one.misfits(wanted, need) for one in candidates)
    ]


def objections(
    missing: Sequence[Need], candidates: Sequence[Candidate], wanted: Wanted
) -> Iterator[Violation]:
    """What is missing, once per right and kind; then why the nearest consent that exists does not serve."""
    by_right: dict[tuple[uuid.UUID, ConsentKind], list[Need]] = {}
    for need in missing:
        by_right.setdefault((need.asset_id, need.kind), []).append(need)
    for (_, kind), found in by_right.items():
        yield from _missing(kind, found)
    for need in missing:
        faults = [one.misfits(wanted, need) for one in candidates if one.covers(need)]
        yield from min(faults, key=len, default=[])


def _missing(kind: ConsentKind, found: Sequence[Need]) -> Iterator[Violation]:
    first = found[0]
    facts: Mapping[str, object] = {"number": first.number, "request": REQUESTS}
    if kind is ConsentKind.pledgee:
        holds = [str(need.hold_id) for need in found]
        yield deal_rules.PLEDGEE_CONSENT_REQUIRED.violation(first.pointer, **facts, hold_ids=holds)
        return
    owners = [str(need.owner_id) for need in found if need.owner_id is not None]
    if owners:
        yield deal_rules.CO_OWNER_CONSENT_MISSING.violation(first.pointer, **facts, owner_ids=owners)
    if len(owners) < len(found):
        yield deal_rules.OWNER_UNRECORDED.violation(first.pointer, number=first.number)
