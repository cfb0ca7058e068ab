"""Statements in booking order and balances of a day: against a plain list of what was booked, over three years."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app.domain.clock import Moment
from app.domain.ledger import Side, TransferKind
from app.domain.permission import system_actor
from app.domain.pool import SharingParty
from app.domain.scheme import Terms, Tier
from app.infra.db import Unit
from app.queries import ledger_balances, ledger_statements
from app.queries.ledger_balances import Totals
from app.services import events, ledger, pools, seals
from tests.factories.pledges import SHARES
from tests.support.api import Api

if TYPE_CHECKING:
    from app.models.ledger import LedgerAccount
    from app.models.pool import Pool

FIRST = date(2019, 1, 1)
MONTHS = 36
CODES = ("a", "b", "c")


@dataclass(frozen=True)
class Move:
    """What a transfer did to one account, in the order of booking."""

    code: str
    booked_on: date
    occurred_on: date
    totals: Totals
    event_id: uuid.UUID


@dataclass
class Diary:
    """A pool's ledger, and beside it every movement as a plain list."""

    unit: Unit
    pool: Pool
    accounts: dict[str, LedgerAccount]
    moves: list[Move] = field(default_factory=list)
    open: list[tuple[ledger.NewTransfer, str, str]] = field(default_factory=list)

    async def book(self, chance: random.Random, today: date) -> None:
        """One posting of some transfers, most of today, some of days long past."""
        moment = Moment(datetime.now(UTC), today)
        event = events.NewEvent(
            type="transfer.posted",
            noun="pool",
            subject_id=self.pool.id,
            stream=self.pool.district_code,
            payload={},
        )
        await events.record(self.unit.session, actor=system_actor("test"), moment=moment, events=[event])
        transfers = []
        for _ in range(chance.randint(1, 3)):
            back = chance.choice((0, 0, 0, 1, 20, 70, 400))
            day = max(FIRST, today - timedelta(days=back))
            if self.open and chance.random() < 0.4:
                transfers.append(self._resolve(chance, day, today, event.id))
            else:
                transfers.append(self._begin(chance, day, today, event.id))
        await ledger.post(
            self.unit.session,
            moment=moment,
            book=pools.book(self.pool),
            transfers=transfers,
            event_id=event.id,
        )

    def _begin(
        self, chance: random.Random, day: date, today: date, event_id: uuid.UUID
    ) -> ledger.NewTransfer:
        debit, credit = chance.sample(CODES, 2)
        kind = chance.choice((TransferKind.posted, TransferKind.posted, TransferKind.pending))
        made = ledger.NewTransfer(
            self.accounts[debit].id,
            self.accounts[credit].id,
            chance.randint(1, 1_000_000),
            "示例",
            "pool",
            self.pool.id,
            kind=kind,
            occurred_on=day,
        )
        fen = made.amount_fen
        posted, pending = (fen, 0) if kind is TransferKind.posted else (0, fen)
        self._note(debit, credit, moved=(posted, pending), days=(day, today), event_id=event_id)
        if kind is TransferKind.pending:
            self.open.append((made, debit, credit))
        return made

    def _resolve(
        self, chance: random.Random, day: date, today: date, event_id: uuid.UUID
    ) -> ledger.NewTransfer:
        pending, debit, credit = self.open.pop(0)
        kind = chance.choice((TransferKind.post, TransferKind.void))
        posts = kind is TransferKind.post
        fen = chance.randint(1, pending.amount_fen) if posts else pending.amount_fen
        day = max(day, pending.occurred_on or day)
        moved = (fen if posts else 0, -pending.amount_fen)
        self._note(debit, credit, moved=moved, days=(day, today), event_id=event_id)
        return ledger.NewTransfer(
            pending.debit_account_id,
            pending.credit_account_id,
            fen,
            "示例",
            "pool",
            self.pool.id,
            kind=kind,
            resolves_id=pending.id,
            occurred_on=day,
        )

    def _note(
        self,
        debit: str,
        credit: str,
        *,
        moved: tuple[int, int],
        days: tuple[date, date],
        event_id: uuid.UUID,
    ) -> None:
        (posted, pending), (day, today) = moved, days
        self.moves.append(Move(debit, today, day, Totals(posted, 0, pending, 0), event_id))
        self.moves.append(Move(credit, today, day, Totals(0, posted, 0, pending), event_id))

    def total(self, code: str, kept: set[uuid.UUID] | None = None, **by: date) -> Totals:
        """The sum of an account's movements that were `booked` or `occurred` by a day, of known events."""
        own = [
            one.totals
            for one in self.moves
            if one.code == code
            and one.booked_on <= by.get("booked", date.max)
            and one.occurred_on <= by.get("occurred", date.max)
            and (kept is None or one.event_id in kept)
        ]
        return Totals(
            sum(one.debits_posted for one in own),
            sum(one.credits_posted for one in own),
            sum(one.debits_pending for one in own),
            sum(one.credits_pending for one in own),
        )

    async def statement(self, code: str, first: date, last: date) -> ledger_statements.Statement:
        return await ledger_statements.statement(
            self.unit.session, self.accounts[code], first=first, last=last, after_version=0, limit=10_000
        )

    async def balances(self, on: date, as_of: datetime | None = None) -> dict[str, Totals]:
        found = await ledger_balances.balances(
            self.unit.session, self.pool.id, on=on, as_of=as_of, now=datetime.now(UTC)
        )
        return {one.code: one.totals for one in found.accounts}

    async def seal(self) -> datetime:
        """Seal all there is; when that was."""
        await self.unit.session.flush()
        await self.unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        while await seals.seal(self.unit.session, moment=Moment.at(datetime.now(UTC))):
            pass
        await self.unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        last = await self.unit.session.scalar(text("SELECT max(sealed_at) FROM seals"))
        assert isinstance(last, datetime)
        return last


@pytest.fixture
async def diary(unit: Unit, api: Api) -> Diary:
    shares = {SharingParty(party): share for party, share in SHARES.items()}
    pool = await pools.open_pool(
        unit.session,
        actor=api.actor("pool_manager"),
        moment=unit.moment,
        name="示例",
        currency="CNY",
        scheme=Terms("T", FIRST, 10, [Tier(shares)], "示例"),
    )
    new = [ledger.NewAccount(code, f"示例科目{code}", Side.debit) for code in CODES]
    opened = await ledger.open_accounts(unit.session, moment=unit.moment, book=pools.book(pool), accounts=new)
    return Diary(unit, pool, {account.code: account for account in opened})


def month_of(number: int) -> tuple[date, date]:
    """First and last day of a month of the three years."""
    year, month = divmod(number, 12)
    first = date(FIRST.year + year, month + 1, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_statements_of_36_months_chain_and_never_change(diary: Diary, seed: int) -> None:
    """POL-11, POL-07: opening is the closing before, closing the sum of the entries, whatever is booked later."""
    chance = random.Random(seed)
    closed: dict[tuple[str, int], ledger_statements.Statement] = {}
    for number in range(MONTHS):
        first, last = month_of(number)
        for day in sorted(chance.sample(range(28), 3)):
            await diary.book(chance, first + timedelta(days=day))
        for code in CODES:
            closed[code, number] = await diary.statement(code, first, last)
    for code in CODES:
        before = ledger_statements.Stand(0, Totals())
        for number in range(MONTHS):
            first, last = month_of(number)
            again = await diary.statement(code, first, last)
            assert again == closed[code, number]
            assert again.opening == before
            assert again.closing.totals == diary.total(code, booked=last)
            assert again.closing.account_version - again.opening.account_version == len(again.lines)
            posted = sum(
                entry.posted_fen if entry.side == "debit" else -entry.posted_fen for entry, _ in again.lines
            )
            assert again.closing.totals.balance("debit") - before.totals.balance("debit") == posted
            before = again.closing
        whole = await diary.statement(code, FIRST, month_of(MONTHS - 1)[1])
        assert (whole.opening.account_version, whole.closing) == (0, before)


async def test_a_balance_of_a_day_sums_what_has_effect_by_then_and_was_known(diary: Diary) -> None:
    """POL-07: a back-dated entry changes the balance of the day, not what was known of that day before."""
    chance = random.Random(3)
    known: list[tuple[datetime, set[uuid.UUID]]] = []
    for number in range(MONTHS):
        first, _ = month_of(number)
        await diary.book(chance, first + timedelta(days=chance.randrange(28)))
        if number % 9 == 8:
            known.append((await diary.seal(), {one.event_id for one in diary.moves}))
    assert any(one.occurred_on < one.booked_on for one in diary.moves)
    for _ in range(60):
        day = FIRST + timedelta(days=chance.randrange(36 * 30))
        found = await diary.balances(day)
        assert {code: found[code] for code in CODES} == {
            code: diary.total(code, occurred=day) for code in CODES
        }
        as_of, kept = chance.choice(known)
        found = await diary.balances(day, as_of)
        assert {code: found[code] for code in CODES} == {
            code: diary.total(code, kept, occurred=day) for code in CODES
        }
        assert sum(one.debits_posted for one in found.values()) == sum(
            one.credits_posted for one in found.values()
        )


async def test_what_corrects_a_month_ahead_of_its_booking_counts_from_its_own_day(diary: Diary) -> None:
    """POL-07: an entry may have effect later than it is booked; until then no balance of a day has it."""
    moment = Moment(datetime.now(UTC), date(2020, 5, 10))
    transfer = ledger.NewTransfer(
        diary.accounts["a"].id,
        diary.accounts["b"].id,
        700,
        "示例",
        "pool",
        diary.pool.id,
        occurred_on=date(2020, 6, 1),
    )
    await ledger.post(
        diary.unit.session,
        moment=moment,
        book=pools.book(diary.pool),
        transfers=[transfer],
        event_id=diary.pool.event_id,
    )
    days = (date(2020, 5, 9), date(2020, 5, 31), date(2020, 6, 1))
    assert [(await diary.balances(day))["a"].debits_posted for day in days] == [0, 0, 700]


async def test_journals_hold_whole_postings_and_pages_lose_none(diary: Diary) -> None:
    """POL-11: every posting once, in the order of booking, with all its transfers."""
    chance = random.Random(4)
    for number in range(12):
        await diary.book(chance, month_of(number)[0])
    first, last = FIRST, month_of(11)[1]
    seen: list[uuid.UUID] = []
    after: uuid.UUID | None = None
    while True:
        page = await ledger_statements.journals(
            diary.unit.session, diary.pool.id, first=first, last=last, after=after, limit=5
        )
        for legs in page.journals:
            assert len({(leg.posting_id, leg.event_id, leg.booked_on) for leg in legs}) == 1
            assert [leg.position for leg in legs] == list(range(len(legs)))
            seen.append(legs[0].posting_id)
        if page.next_cursor is None:
            break
        after = uuid.UUID(page.next_cursor)
    assert len(seen) == len(set(seen)) == 12
    counted = await ledger_statements.count_journals(
        diary.unit.session, diary.pool.id, first=first, last=last
    )
    assert counted == 12
    one_month = await ledger_statements.journals(
        diary.unit.session,
        diary.pool.id,
        first=month_of(3)[0],
        last=month_of(3)[1],
        after=None,
        limit=5,
    )
    assert [legs[0].posting_id for legs in one_month.journals] == [seen[3]]
