"""Pledges that were registered before they are entered here (PLG-15): original dates, no side effects.

The office has judged them; of the grounds only that holds which lasts: a CN right carries one live lien.
They count in statistics on their own days, known from their entry. One event speaks for all of a batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, Regime
from app.domain.errors import Reason
from app.domain.hold import RESERVED
from app.domain.identifiers import new_id
from app.domain.pledge import (
    ALREADY_PLEDGED,
    EXPIRY_MISSING,
    EXPIRY_OF_PATENT,
    REGISTRATION_NO_TAKEN,
    PledgeStatus,
)
from app.domain.pledge_count import Counted
from app.domain.pledge_ground import NOT_OWNER, OTHER
from app.models.pledge import Pledge, PledgeItem
from app.services import events, rule_packs
from app.services.pledges import covering, figures

if TYPE_CHECKING:
    import uuid
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.errors import Violation
    from app.domain.permission import Actor
    from app.domain.pledge_filing import History, NewPledge
    from app.domain.pledge_ground import Right
    from app.queries.pledge_batches import Tenure
    from app.queries.pledge_filing import FilingState
    from app.services.pledges.filed import FiledPledge, Rows


def objections(
    new: NewPledge,
    state: FilingState,
    registered: AbstractSet[tuple[str, uuid.UUID]],
    tenures: Iterable[Tenure],
) -> list[Violation]:
    """What keeps history from being entered; `registered`: numbers in use, each with its right.

    What is in force is its owner's: pledged by who has the right now, or had it on the day of filing and
    passed it on with the pledge (`tenures`). Who owned what when it is over may not be known.
    """
    past = new.history
    if past is None:
        raise ValueError("not history")
    found: list[Violation] = []
    for position, item in enumerate(new.items):
        right, pointer = state.rights[item.asset_id], f"/items/{position}/asset_id"
        if right.regime is not Regime.cn:
            reason = Reason("not a Chinese right", "非中国权利")
            found.append(OTHER.violation(pointer, reason=reason, asset_id=right.id, number=right.number))
        if past.deregistered_on is None:
            found += _live_faults(pointer, right, item.pledgor_id, past.filed_on, tenures)
        found += _registration_faults(pointer, right, past, registered)
    if past.with_commitment and state.pool is not None:
        kinds = [(right.kind, right.patent_type) for right in state.rights.values()]
        found += covering.pool_objections(new, state.pool, kinds)
    return found


def _registration_faults(
    pointer: str, right: Right, past: History, registered: AbstractSet[tuple[str, uuid.UUID]]
) -> Iterator[Violation]:
    """What is wrong with the registration of a right as it is told."""
    done = past.of(right.id)
    if (done.registration_no, right.id) in registered:
        yield REGISTRATION_NO_TAKEN.violation(pointer, registration_no=done.registration_no)
    if right.kind is AssetKind.patent and done.expires_on is not None:
        yield EXPIRY_OF_PATENT.violation(pointer)
    if right.kind is AssetKind.trademark and past.deregistered_on is None and done.expires_on is None:
        yield EXPIRY_MISSING.violation(pointer)


def _live_faults(
    pointer: str, right: Right, pledgor_id: uuid.UUID, filed_on: date, tenures: Iterable[Tenure]
) -> Iterator[Violation]:
    """What keeps a right from being pledged to this day: another's claim on it, or that it is not his."""
    about = {"asset_id": right.id, "number": right.number}
    for lien in right.liens:
        yield ALREADY_PLEDGED.violation(pointer, kind="lien", since=lien.since, rank=lien.rank, **about)
    if right.reserved:
        yield RESERVED.violation(pointer, **about)
    passed_on = (one.held(right.id, pledgor_id, filed_on) for one in tenures)
    if pledgor_id not in right.owners and not any(passed_on):
        yield NOT_OWNER.violation(pointer, **about)


def rule_pack(past: History) -> str:
    """The rules in force when it was filed."""
    return rule_packs.packs().national(past.filed_on).pack.code


@dataclass(slots=True)
class Entry:
    """The one event of a batch's history, and what was entered of it in a chunk.

    It is recorded with the first chunk that enters something; its manifest tells what was sent. Which
    lines were taken is in the answer, and every pledge entered names the event.
    """

    event: events.NewEvent | None
    recorded: bool = False
    _entered: list[FiledPledge] = field(default_factory=list)

    def take(self, new: NewPledge, filed: FiledPledge) -> uuid.UUID | None:
        """The event under which history is entered; None: it is none."""
        if new.history is None or self.event is None:
            return None
        self._entered.append(filed)
        return self.event.id

    async def count(self, session: AsyncSession, rows: Rows) -> None:
        """Put the event, once, and the facts of what was entered into the rows of a chunk."""
        if not self._entered or self.event is None:
            return
        if not self.recorded:
            rows.happened.insert(0, self.event)
            self.recorded = True
        rows.count(replace(self.event, facts=await _facts(session, self._entered)))
        self._entered.clear()


def entry(actor: Actor, fingerprints: Sequence[bytes]) -> Entry:
    """The entry of a batch that holds history; `fingerprints` of its lines."""
    if not fingerprints:
        return Entry(None)
    subject_id = new_id()
    return Entry(
        events.NewEvent(
            type="pledge.entered",
            noun="pledge",
            subject_id=subject_id,
            stream=actor.district_code,
            audience=[actor.organisation_id],
            payload={
                "lines": len(fingerprints),
                "lines_sha256": hashlib.sha256(b"".join(fingerprints)).hexdigest(),
            },
        )
    )


async def _facts(session: AsyncSession, entered: Sequence[FiledPledge]) -> list[events.NewFact]:
    """What pledges count for, on their own days."""
    pledges = [_as_kept(filed) for filed in entered]
    headings = await figures.first_headings(
        session,
        [
            figures.Begun(
                filed.items[0][0].pledgor_id,
                [item.asset_id for item, _ in filed.items],
                filed.registered_on or filed.filed_on,
            )
            for filed in entered
        ],
    )
    made: list[events.NewFact] = []
    for (pledge, items), heading in zip(pledges, headings, strict=True):
        made += figures.registration_facts(pledge, heading, items)
        after = figures.counted_days(items)
        made += figures.counting_facts(pledge, heading, items, Counted(None, None), after)
    return [replace(fact, imported=True) for fact in made]


def _as_kept(filed: FiledPledge) -> tuple[Pledge, list[PledgeItem]]:
    """The pledge and its rights as figures read them."""
    pledge = Pledge(
        id=filed.id,
        district_code=filed.district_code,
        pledgee_id=filed.pledgee_id,
        pool_id=filed.pool_id,
        principal_fen=filed.principal_fen,
        ip_share_bp=filed.ip_share_bp,
        filed_on=filed.filed_on,
        registered_on=filed.registered_on,
        mixed_on=filed.mixed_on,
    )
    items = [
        PledgeItem(
            asset_id=item.asset_id,
            asset_kind=item.asset_kind,
            pledgor_id=item.pledgor_id,
            registered_on=item.registered_on,
            status=PledgeStatus.registered,
        )
        for item, _ in filed.items
    ]
    return pledge, items
