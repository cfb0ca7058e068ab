"""The past of a right at two times: the statement, the domain's rules and a model written apart agree."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain import asset_history as rules
from app.domain.asset import AssetStatus
from app.domain.asset_state import RightState
from app.domain.errors import DomainError
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.imports import ImportKind
from app.domain.title import NewTitles, PassingKind, Share
from app.infra.db import Unit
from app.models.asset import AssetStatusChange, Title
from app.models.hold import Hold
from app.queries import titles as title_queries
from app.queries.asset_history import state_at
from app.services import assets, holds, titles
from app.services.assets.status import NewStatus
from app.services.holds import NewHold
from tests.factories.assets import GRANTED_ON, make_asset
from tests.factories.enrolments import make_document
from tests.support.counter import statements
from tests.support.database import SavepointDatabase
from tests.support.importing import Importer, document
from tests.support.samples import Samples

FIRST, LAST = date(2019, 3, 1), date(2027, 1, 1)
LAPSES = [AssetStatus.granted, AssetStatus.terminated_fee, AssetStatus.restorable, AssetStatus.expired]
BY_LAW = [kind for kind in PassingKind if kind is not PassingKind.agreement_on_shares]
HOLDERS = ("sme", "sme_b", "guarantor", "insurer")

Owners = frozenset[tuple[Any, int | None]]


@dataclass
class Told:
    """All that was told of one right, each with the round in which it was: nothing is ever changed here."""

    asset_id: uuid.UUID
    statuses: list[tuple[int, date, str]] = field(default_factory=list)
    passings: list[tuple[int, date, Owners]] = field(default_factory=list)
    givers: dict[date, Owners] = field(default_factory=dict)
    liens: list[tuple[int, uuid.UUID, date]] = field(default_factory=list)
    releases: dict[uuid.UUID, tuple[int, date]] = field(default_factory=dict)

    # The reference: ten lines that know nothing of rows, intervals or what took the place of what.
    def status(self, on: date, known: int) -> str | None:
        told = [(day, order, status) for order, day, status in self.statuses if order <= known and day <= on]
        return max(told)[2] if told else None

    def owners(self, on: date, known: int) -> Owners:
        told = sorted((day, order, owners) for order, day, owners in self.passings if order <= known)
        until = [owners for day, _, owners in told if day <= on]
        return until[-1] if until else self.givers.get(told[0][0], frozenset()) if told else frozenset()

    def encumbered(self, on: date, known: int) -> int:
        ends = {lien: on for lien, (order, on) in self.releases.items() if order <= known}
        return sum(order <= known and since <= on < ends.get(lien, LAST) for order, lien, since in self.liens)


class World:
    """Rights whose stories are told round after round, some by the office's clerk, some by published files."""

    def __init__(self, database: SavepointDatabase, samples: Samples, folder: Path, seed: int) -> None:
        self.database = database
        self.samples = samples
        self.importer = Importer(database, folder)
        self.random = Random(seed)
        self.known_at: list[datetime] = []
        self.entered: list[Told] = []
        self.imported: dict[str, Told] = {}
        self.parties = [samples[role].organisation.party_id for role in HOLDERS]

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.random.randint(0, (last - first).days))

    def near(self, told: Told) -> date:
        """Any day, or one around which something began or ended."""
        days: list[date] = [day for _, day, _ in told.statuses] + [day for _, day, _ in told.passings]
        days += [day for _, day in told.releases.values()]
        around = self.random.choice(days) + timedelta(days=self.random.randint(-1, 1))
        return self.random.choice([around, self.day(date(2009, 1, 1), LAST)])

    async def enter(self, count: int) -> None:
        async with self.database.write() as unit:
            self.document_id = await make_document(unit.session, self.samples["operator"].organisation.id)
        async with self.database.write() as unit:
            for _ in range(count):
                asset = await make_asset(unit.session, owners=self.parties[:1])
                told = Told(asset.id, [(0, GRANTED_ON, AssetStatus.granted)])
                told.passings.append((0, GRANTED_ON, frozenset({(self.parties[0], None)})))
                self.entered.append(told)
        self.known_at.append(datetime.now(UTC))

    async def round(self, number: int) -> None:
        async with self.database.write() as unit:
            for told in self.entered:
                happen = self.random.choice([self._status, self._status, self._pass, self._pass, self._lien])
                with suppress(DomainError):
                    await happen(unit, told, number)
        self.known_at.append(datetime.now(UTC))

    async def _status(self, unit: Unit, told: Told, number: int) -> None:
        status, day = self.random.choice(LAPSES), self.day(FIRST, unit.moment.today)
        new = NewStatus(status, day, "示例", unit.moment.today)
        await assets.change_status(unit.session, **self._by(unit), asset_id=told.asset_id, new=new)
        told.statuses.append((number, day, status))

    async def _pass(self, unit: Unit, told: Told, number: int) -> None:
        some = self.random.sample(self.parties, self.random.randint(1, 3))
        cuts = sorted(self.random.sample(range(1, 1_000_000), len(some) - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 1_000_000], strict=True)]
        undivided = self.random.random() < 0.5
        owners = [Share(party, None if undivided else part) for party, part in zip(some, parts, strict=True)]
        day = self.day(max(passed for _, passed, _ in told.passings), unit.moment.today)
        new = NewTitles(self.random.choice(BY_LAW), owners, day, None, None, self.document_id, "示例")
        await titles.pass_title(unit.session, **self._by(unit), asset_id=told.asset_id, new=new)
        shares = frozenset((owner.party_id, owner.share_ppm) for owner in owners)
        told.passings.append((number, day, shares))

    async def _lien(self, unit: Unit, told: Told, number: int) -> None:
        open_liens = [lien for _, lien, _ in told.liens if lien not in told.releases]
        if open_liens:
            day = self.day(FIRST, unit.moment.today)
            await holds.end(
                unit.session,
                moment=unit.moment,
                source_noun="test",
                source_ids=open_liens,
                reason="示例",
                ended_on=day,
            )
            told.releases[open_liens[0]] = (number, day)
            return
        lien, day = new_id(), self.day(FIRST, unit.moment.today)
        new = NewHold(told.asset_id, HoldKind.lien, "test", lien, new_id(), day)
        await holds.place(unit.session, moment=unit.moment, holds=[new])
        told.liens.append((number, lien, day))

    def _by(self, unit: Unit) -> dict[str, Any]:
        actor = self.samples["operator"].actor("test")
        return {"actor": actor, "moment": unit.moment, "expect_version": lambda _version: None}

    async def published(self, count: int, steps: int) -> None:
        """Documents of unbroken chains, each chain in an order of its own, one document of each per file."""
        chains: dict[str, list[tuple[int, date]]] = {}
        for right in range(count):
            number = f"9{right:07d}"
            days = sorted(self.random.sample(range(5_000), steps))
            chain = [(step, date(2010, 1, 1) + timedelta(days=day)) for step, day in enumerate(days)]
            self.random.shuffle(chain)
            chains[number] = chain
        for _ in range(steps):
            number_of_round, rows = len(self.known_at), []
            for number, chain in chains.items():
                step, day = chain.pop()
                sides = [f"SAMPLE {number} {letter}" for letter in (step, step + 1)]
                row = document("transfer", f"{number}-{step}", str(day), application_numbers=number)
                rows.append(row | {"assignor_orgs": sides[0], "assignee_orgs": sides[1]})
                told = self.imported.setdefault(number, Told(uuid.UUID(int=0)))
                giver, receiver = [frozenset({(side, None)}) for side in sides]
                told.passings.append((number_of_round, day, receiver))
                told.givers[day] = giver
            await self.importer.rows(ImportKind.recordals, rows)
            self.known_at.append(datetime.now(UTC))
        found = await self.importer.all("SELECT value, asset_id FROM asset_identifiers WHERE value LIKE '9%'")
        for number, asset_id in found:
            if number in self.imported:
                self.imported[number].asset_id = asset_id


def shares(rows: Iterable[Any], named: Callable[[Any], Any]) -> Owners:
    return frozenset((named(row), row.share_ppm) for row in rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_history_is_read_as_a_model_of_ten_lines_has_it(
    database: SavepointDatabase, samples: Samples, tmp_path: Path, seed: int
) -> None:
    """AST-04, AST-05: grants, lapses, restorations, passings and liens, late news among them, at random T1, T2.

    Three ways: the one statement, the domain's rules over all rows, and the model.
    """
    world = World(database, samples, tmp_path, seed)
    await world.enter(10)
    for number in range(1, 13):
        await world.round(number)
    await world.published(10, 4)
    rounds, seen = len(world.known_at), set()
    async with database.read() as unit:
        for _ in range(150):
            told = world.random.choice([*world.entered, *world.imported.values()])
            on, known = world.near(told), world.random.randrange(rounds)
            known_at = world.known_at[known]
            by_law = told in world.entered
            state = await state_at(unit.session, told.asset_id, on=on, known_at=known_at)
            expected = told.owners(on, known)
            assert shares(state.owners, attrgetter("party_id" if by_law else "name")) == expected
            kept = (await unit.session.scalars(select(Title).where(Title.asset_id == told.asset_id))).all()
            held = rules.titles_held(kept, on=on, known_at=known_at)
            assert shares(held, attrgetter("party_id")) == shares(state.owners, attrgetter("party_id"))
            chain = await title_queries.chain(unit.session, told.asset_id, on=on, known_at=known_at)
            assert {link.title.id for link in chain} == {title.id for title in held}
            if by_law:
                await _same_status(unit, state, told.status(on, known))
                await _same_holds(unit, state, told.encumbered(on, known))
            seen.add((by_law, bool(expected), state.in_force, bool(state.encumbrances)))
    assert len(seen) >= 6
    assert sum(len(told.passings) - 1 for told in world.entered) > 20
    assert sum(len(told.releases) for told in world.entered) > 3


async def _same_status(unit: Unit, state: RightState, expected: str | None) -> None:
    of_right = select(AssetStatusChange).where(AssetStatusChange.asset_id == state.asset_id)
    changes = (await unit.session.scalars(of_right)).all()
    held = rules.status_held(changes, on=state.on, known_at=state.known_at)
    assert (held.status if held else None) == (state.status.status if state.status else None) == expected


@dataclass(frozen=True)
class Running:
    """A hold as the rules see it."""

    first_day: date | None
    last_day: date | None
    ended_on: date | None
    recorded_at: datetime
    ended_at: datetime | None


async def _same_holds(unit: Unit, state: RightState, expected: int) -> None:
    found = (await unit.session.scalars(select(Hold).where(Hold.asset_id == state.asset_id))).all()
    placed = [Running(h.placed_on, None, h.ended_on, h.recorded_at, h.ended_at) for h in found]
    running = rules.holds_running(placed, on=state.on, known_at=state.known_at)
    assert len(running) == len(state.encumbrances) == expected


async def test_the_state_of_a_right_is_one_statement(unit: Unit, samples: Samples) -> None:
    """AST-05: numbers, status, owners and what hangs on the right come in one snapshot."""
    owner = samples["sme"].organisation.party_id
    asset = await make_asset(unit.session, owners=[owner])
    later = unit.moment.now + timedelta(hours=1)
    async with statements(await unit.session.connection()) as seen:
        state = await state_at(unit.session, asset.id, on=date(2022, 1, 1), known_at=later)
    assert len(seen.work) == 1
    assert ([found.party_id for found in state.owners], state.in_force, state.known) == ([owner], True, True)
    before = await state_at(unit.session, asset.id, on=date(2022, 1, 1), known_at=later - timedelta(days=1))
    assert (before.status, before.owners, before.in_force, before.known) == (None, (), False, False)
    after = await state_at(unit.session, asset.id, on=date(2039, 3, 1), known_at=later)
    assert (after.last_day_in_force, after.in_force) == (date(2039, 2, 28), False)
    with pytest.raises(DomainError) as refused:
        await state_at(unit.session, new_id(), on=date(2022, 1, 1), known_at=later)
    assert refused.value.code.code == "asset.not_found"


async def test_a_hold_with_a_period_runs_within_it_as_far_as_was_known(unit: Unit, samples: Samples) -> None:
    """LS-09: a preservation lapses by itself; one lifted early ran until then, but not as known before."""
    asset = await make_asset(unit.session, owners=[samples["sme"].organisation.party_id])
    placed, lifted = unit.moment.now, unit.moment.now + timedelta(hours=2)
    source, period = new_id(), (date(2026, 1, 1), date(2026, 6, 30))
    new = NewHold(asset.id, HoldKind.preservation, "test", source, new_id(), date(2026, 1, 3), period=period)
    await holds.place(unit.session, moment=unit.moment, holds=[new])
    end = "UPDATE holds SET ended_at = :at, ended_on = '2026-03-01', end_reason = '示例' WHERE source_id = :source"
    await unit.session.execute(text(end), {"at": lifted, "source": source})

    async def until(on: date, known_at: datetime) -> list[date | None]:
        state = await state_at(unit.session, asset.id, on=on, known_at=known_at)
        return [found.until for found in state.encumbrances]

    assert await until(date(2025, 12, 31), lifted) == await until(date(2026, 7, 1), placed) == []
    assert await until(date(2026, 6, 30), placed) == [date(2026, 6, 30)]
    assert await until(date(2026, 2, 28), lifted) == [date(2026, 2, 28)]
    assert await until(date(2026, 3, 1), lifted) == []
