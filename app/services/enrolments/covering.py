"""Covering: each firm counts once under a plan, whatever it is called and however it is entered (TG-06).

Every party of which an enrolment counted has a coverage. What makes one firm of several, or shows that it
never was one, decides which coverages count from which day; the facts are then corrected to that.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from app.domain.enrolment_coverage import Covered as CoveredParty, Fold, folds
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.models.enrolment import Coverage
from app.queries import enrolment_coverage as queries, party_successions
from app.queries.enrolment_coverage import Dimensions, Standing
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enrolment import Enrolment


class Covered(StrEnum):
    """What a counted enrolment means for the coverage of its firm as it is today."""

    first = "first"
    already = "already"
    moved = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a coverage: whether it is folded, and the facts that say so."""

    coverage: Coverage
    fold: Fold | None
    facts: Sequence[events.NewFact]

    @property
    def folded(self) -> bool:
        """Whether it is folded otherwise than before."""
        before = (self.coverage.folded_into_id, self.coverage.folded_on)
        return before != ((self.fold.into_id, self.fold.folded_on) if self.fold else (None, None))

    def apply(self) -> None:
        """Write the fold into the coverage."""
        self.coverage.folded_into_id = self.fold.into_id if self.fold else None
        self.coverage.folded_on = self.fold.folded_on if self.fold else None


@dataclass(frozen=True, slots=True)
class Covering:
    """A counted enrolment's part in the coverage: what it means, what changes, the coverage if it is new."""

    covered: Covered
    changes: Sequence[Change]
    new: Coverage | None

    @property
    def facts(self) -> list[events.NewFact]:
        """What it counts for."""
        return [fact for change in self.changes for fact in change.facts]


async def cover(
    session: AsyncSession,
    *,
    moment: Moment,
    enrolment: Enrolment,
    plan_id: uuid.UUID,
    day: date,
    event_id: uuid.UUID,
) -> Covering:
    """Cover the party of an enrolment that counted on `day`, from that day or the one it is covered since.

    All parties tied to it are locked first, so that two enrolments of one firm are counted one after the
    other. `finish` writes what this finds, once the event is recorded.
    """
    kin = await party_successions.lock_kin(session, [enrolment.party_id])
    firm = await party_successions.same_firm(session, enrolment.party_id, moment.today)
    coverages = await queries.lock(session, kin, plan_id)
    before = min((one.since for one in coverages if one.party_id in firm), default=None)
    own = next((one for one in coverages if one.party_id == enrolment.party_id), None)
    new = None
    if own is None:
        new = Coverage(
            id=new_id(),
            district_code=enrolment.district_code,
            plan_id=plan_id,
            party_id=enrolment.party_id,
            enrolment_id=enrolment.id,
            since=day,
            folded_on=None,
            folded_into_id=None,
            event_id=event_id,
            recorded_at=moment.now,
        )
        coverages.append(new)
    elif day < own.since:
        own.since, own.enrolment_id = day, enrolment.id
    covered = Covered.first if before is None else Covered.moved if day < before else Covered.already
    return Covering(covered, await _changes(session, coverages, kin, moment.today), new)


async def finish(session: AsyncSession, covering: Covering) -> None:
    """Write the coverages, after the event that carries their facts."""
    if covering.new is not None:
        session.add(covering.new)
    await session.flush()
    for change in covering.changes:
        change.apply()
    await session.flush()


async def settle_coverages(
    session: AsyncSession, *, actor: Actor, moment: Moment, party_ids: Collection[uuid.UUID]
) -> int:
    """Bring the coverages of these parties and their kin to what the register says of them today.

    Where covered parties have become one firm the later coverage counts no more from that day; where a
    merge was undone it counts again as if there had been none. Returns how many were folded or unfolded;
    doing it again changes nothing.
    """
    kin = await party_successions.lock_kin(session, party_ids)
    coverages = await queries.lock(session, kin)
    changes = [
        change
        for change in await _changes(session, coverages, kin, moment.today)
        if change.folded or change.facts
    ]
    if changes:
        told = [_told(change) for change in changes]
        await events.record(session, actor=actor, moment=moment, events=told)
        for change in changes:
            change.apply()
        await session.flush()
    return len(changes)


async def merge_coverages(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Settle all coverages of parties that successions tie to others, as mergers take effect by the day."""
    tied = await queries.tied(session)
    return await settle_coverages(session, actor=actor, moment=moment, party_ids=tied) if tied else 0


async def _changes(
    session: AsyncSession, coverages: Sequence[Coverage], kin: Collection[uuid.UUID], today: date
) -> list[Change]:
    """What becomes of each coverage of these parties, and what corrects its facts."""
    if not coverages:
        return []
    joins = await party_successions.joins(session, kin, today)
    target: dict[uuid.UUID, Fold] = {}
    for _, group in groupby(sorted(coverages, key=_plan), key=_plan):
        target.update(folds([CoveredParty(one.id, one.party_id, one.since) for one in group], joins))
    standing = await queries.standing(session, [one.id for one in coverages])
    dimensions = await queries.dimensions(session, {one.enrolment_id for one in coverages})
    return [
        Change(
            one,
            target.get(one.id),
            _corrections(one, target.get(one.id), dimensions[one.enrolment_id], standing[one.id]),
        )
        for one in coverages
    ]


def _plan(coverage: Coverage) -> str:
    return str(coverage.plan_id)


def _corrections(
    coverage: Coverage, fold: Fold | None, dimensions: Dimensions, standing: Standing
) -> list[events.NewFact]:
    """The facts between what a coverage counts for and what it should: one from its day, none once folded."""
    due: Standing = Counter({(coverage.since, dimensions): 1})
    if fold is not None:
        due[fold.folded_on, dimensions] -= 1
    due.subtract(standing)
    return [_fact(coverage, value, day, under) for (day, under), value in sorted(due.items()) if value != 0]


def _fact(coverage: Coverage, value: int, day: date, under: Dimensions) -> events.NewFact:
    return events.NewFact(
        measure=Measure.trusteeship_covered_count,
        district_code=coverage.district_code,
        role=FactRole.internal,
        value=value,
        occurred_on=day,
        source_noun="coverage",
        source_id=coverage.id,
        dimensions={
            "plan_id": str(coverage.plan_id),
            "party_id": str(coverage.party_id),
            "enrolment_id": under.enrolment_id,
            "size_class": under.size_class,
            "provider_organisation_id": under.provider_organisation_id,
        },
    )


def _told(change: Change) -> events.NewEvent:
    coverage, fold = change.coverage, change.fold
    payload: Mapping[str, object] = {
        "plan_id": coverage.plan_id,
        "party_id": coverage.party_id,
        "coverage_id": coverage.id,
        "into_id": fold.into_id if fold else None,
        "folded_on": fold.folded_on if fold else None,
    }
    return events.NewEvent(
        type="enrolment.coverage_folded" if fold else "enrolment.coverage_unfolded",
        noun="enrolment",
        subject_id=coverage.enrolment_id,
        stream=coverage.district_code,
        occurred_on=fold.folded_on if fold else None,
        facts=change.facts,
        payload=payload,
    )
