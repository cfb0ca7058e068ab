"""Random lives of firms, merged, undone, renamed and counted, against a model of ten lines (TG-06, AST-14)."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app.domain.clock import Moment
from app.domain.duplicate import DuplicateDecision
from app.domain.enrolment import EnrolmentStatus
from app.domain.enrolment_coverage import Covered, Join, folds
from app.domain.errors import DomainError
from app.domain.identifiers import new_id
from app.domain.party import NewSuccession, SuccessionKind
from app.models.enrolment import Enrolment
from app.queries import integrity
from app.services import duplicates, enrolments, events, parties
from app.services.enrolments import covering
from tests.factories.clock import now
from tests.factories.duplicates import CHECKER, second_client
from tests.factories.enrolments import make_programme, make_provider
from tests.factories.parties import DISTRICT, bare_party
from tests.support.api import Api
from tests.support.database import SavepointDatabase

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

FIRST = date(2020, 1, 1)
CHECKS = {"enrolment.coverage_counted_once", "enrolment.counted_is_covered", "duplicate.one_code"}
Edge = tuple[Any, Any, date]


def model(counts: Sequence[tuple[Any, date]], edges: Sequence[Edge], on: date) -> int:
    """How many firms are covered on a day: the groups of joined parties of which one was counted by then."""
    group = {party: party for party, _ in counts}
    for one, other, day in edges:
        if day <= on:
            before, after = group.get(one, one), group.get(other, other)
            group |= {one: before, other: after}
            group = {party: after if firm == before else firm for party, firm in group.items()}
    return len({group[party] for party, day in counts if day <= on})


@dataclass
class World:
    """What has happened, for the model."""

    session: AsyncSession
    api: Api
    programme: dict[str, Any]
    provider: dict[str, Any]
    firms: list[uuid.UUID]
    moment: Moment
    counts: list[tuple[uuid.UUID, date]] = field(default_factory=list)
    merges: dict[uuid.UUID, Edge] = field(default_factory=dict)
    successions: list[Edge] = field(default_factory=list)

    async def count(self, chance: random.Random) -> None:
        """A service counted, on a day that may lie back."""
        firm = chance.choice(self.firms)
        day = FIRST + timedelta(days=chance.randrange((self.moment.today - FIRST).days + 1))
        enrolment = await counted_enrolment(self, firm, day)
        made = events.NewEvent(
            type="enrolment.counted",
            noun="enrolment",
            subject_id=enrolment.id,
            stream=DISTRICT,
            payload={},
        )
        plan_id = uuid.UUID(self.programme["plan_id"])
        covering_ = await covering.cover(
            self.session, moment=self.moment, enrolment=enrolment, plan_id=plan_id, day=day, event_id=made.id
        )
        told = replace(made, facts=covering_.facts)
        await events.record(
            self.session, actor=self.api.actor("ip_office"), moment=self.moment, events=[told]
        )
        await covering.finish(self.session, covering_)
        self.counts.append((firm, day))

    async def merge(self, chance: random.Random) -> None:
        """Two rows proposed and merged, unless that is refused."""
        party_id, duplicate_id = chance.sample(self.firms, 2)
        proposed = await duplicates.propose(
            self.session,
            actor=self.api.actor("operator"),
            moment=self.moment,
            party_id=party_id,
            duplicate_party_id=duplicate_id,
            reason="示例",
        )
        await duplicates.decide(
            self.session,
            actor=self.api.actor(CHECKER),
            moment=self.moment,
            duplicate_id=proposed.id,
            decision=DuplicateDecision.merged,
        )
        self.merges[proposed.id] = (duplicate_id, party_id, self.moment.today)

    async def undo(self, chance: random.Random) -> None:
        """A merge that is undone."""
        if self.merges:
            undone = chance.choice(list(self.merges))
            await duplicates.undo(
                self.session,
                actor=self.api.actor("operator"),
                moment=self.moment,
                duplicate_id=undone,
                reason="示例",
            )
            del self.merges[undone]

    async def succeed(self, chance: random.Random) -> None:
        """A rename, merger or split of a day that may lie back, unless that is refused."""
        one, other = chance.sample(self.firms, 2)
        kind = chance.choice([SuccessionKind.rename, SuccessionKind.merger, SuccessionKind.split_])
        day = FIRST + timedelta(days=chance.randrange((self.moment.today - FIRST).days + 1))
        new = NewSuccession(one, other, kind, day, "示例")
        await parties.succeed(self.session, actor=self.api.actor("operator"), moment=self.moment, new=new)
        if kind is not SuccessionKind.split_:
            self.successions.append((one, other, day))

    async def check(self) -> None:
        """On every day on which anything happened the facts sum up to what the model counts."""
        edges = [*self.successions, *self.merges.values()]
        edges.sort(key=lambda edge: edge[2])
        statement = text(
            "SELECT occurred_on, sum(value) FROM facts WHERE measure = 'trusteeship_covered_count'"
            " AND dimensions ->> 'plan_id' = :plan_id GROUP BY 1"
        )
        rows = await self.session.execute(statement, {"plan_id": self.programme["plan_id"]})
        by_day = {day: int(value) for day, value in rows}
        days = {*by_day, *(day for _, day in self.counts), *(edge[2] for edge in edges), self.moment.today}
        found = {on: sum(value for day, value in by_day.items() if day <= on) for on in days}
        assert found == {on: model(self.counts, edges, on) for on in days}
        broken = {finding.check for finding in await integrity.findings(self.session)}
        assert broken & CHECKS == set()


async def counted_enrolment(world: World, firm: uuid.UUID, day: date) -> Enrolment:
    """An enrolment that has just been counted, written as the evaluation leaves it."""
    enrolment_id = new_id()
    made = events.NewEvent(
        type="enrolment.applied", noun="enrolment", subject_id=enrolment_id, stream=DISTRICT, payload={}
    )
    await events.record(world.session, actor=world.api.actor("operator"), moment=world.moment, events=[made])
    enrolment = Enrolment(
        id=enrolment_id,
        district_code=DISTRICT,
        number=f"EN-{enrolment_id}",
        programme_id=uuid.UUID(world.programme["id"]),
        party_id=firm,
        organisation_id=world.api.actor("operator").organisation_id,
        provider_id=uuid.UUID(world.provider["id"]),
        industry="other",
        employees=50,
        size_class=random.Random(str(enrolment_id)).choice(["small", "medium", "micro"]),
        size_rule="300-2011",
        confirmed_on=day,
        data_consent_on=day,
        ended_on=day,
        counted_on=day,
        findings=[],
        status=EnrolmentStatus.counted.value,
        applied_on=day,
        event_id=made.id,
        recorded_at=world.moment.now,
        version=1,
    )
    world.session.add(enrolment)
    await world.session.flush()
    return enrolment


@pytest.mark.parametrize("seed", range(12))
async def test_random_lives_agree_with_the_model(api: Api, database: SavepointDatabase, seed: int) -> None:
    """TG-06, AST-14: whatever is counted, merged, undone and succeeded, in whatever order, on every day."""
    chance = random.Random(seed)
    await second_client(api, database)
    programme = await make_programme(api, database)
    provider = await make_provider(api, programme)
    async with database.write() as unit:
        firms = [(await bare_party(unit.session, f"示例随机{number}")).id for number in range(5)]
        start = Moment(now().now, date(2021, 1, 1))
        world = World(unit.session, api, programme, provider, firms, start)
        deeds = [world.count, world.merge, world.merge, world.undo, world.succeed]
        for _ in range(25):
            days = timedelta(days=chance.randrange(60))
            world.moment = Moment(now().now, world.moment.today + days)
            try:
                await chance.choice(deeds)(chance)
            except DomainError:
                continue
            await world.check()
        settled = await enrolments.merge_coverages(
            unit.session, actor=api.actor("operator"), moment=world.moment
        )
        assert settled == 0
        assert len(world.counts) > 1


def test_of_three_that_became_one_only_the_earliest_goes_on() -> None:
    """TG-06: each of the others ends on the day it was joined, or on its own when that came after."""
    ids = [new_id() for _ in range(3)]
    days = [date(2020, 5, 1), date(2020, 1, 1), date(2022, 1, 1)]
    covered = [Covered(one, one, day) for one, day in zip(ids, days, strict=True)]
    joins = [Join(ids[0], ids[1], date(2021, 1, 1)), Join(ids[0], ids[2], date(2020, 6, 1))]
    found = folds(covered, joins)
    assert {key: fold.folded_on for key, fold in found.items()} == {
        ids[0]: date(2021, 1, 1),
        ids[2]: date(2022, 1, 1),
    }
