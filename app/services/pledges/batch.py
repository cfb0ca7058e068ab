"""Filing thousands of pledges in one transaction: locked at once, then decided and written by chunks.

The number of statements grows with the number of chunks, not of pledges or rights; what is in memory does
not grow with the batch but for an id, a key and a result of each line.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.decision import DecisionKind
from app.domain.errors import DomainError, Violation
from app.domain.pledge_batch import KEY_TWICE, LineOutcome
from app.domain.pledge_filing import faults
from app.domain.request import IN_FLIGHT, KEY_REUSED
from app.queries import pledge_batches as queries
from app.queries.driver import driver
from app.services import decisions, events
from app.services.pledges import histories, judging
from app.services.pledges.filed import Rows, filed_pledge
from app.services.pledges.running import Running
from app.services.pledges.statement import write_each

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.pledge_batches import Wanted

CHUNK = 250
"""Filings that are read, decided and written together, unless they name more rights than `RIGHTS`."""
RIGHTS = 2_000
"""Rights of which a chunk is full, so that filings of hundreds of rights take no more memory than others."""
TURN = 25
"""Decisions after which other requests get their turn."""
MAX_TOLD = 1_000
"""Objections that a batch refused as a whole tells."""
TOLD = 100
"""Objections that are told of one line."""

_SETTLE = """
SET CONSTRAINTS ALL DEFERRED; DISCARD PLANS; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED
"""
"""Lets every deferred rule speak. Rules plan their queries once per connection: what they planned for tables
that were small before the chunk is planned anew, or each row would read all rows of the batch."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a batch: what it must lock, and what is wrong with it as it is written."""

    position: int
    key: str | None
    fingerprint: bytes
    asset_ids: Sequence[uuid.UUID] = ()
    pool_id: uuid.UUID | None = None
    application_id: uuid.UUID | None = None
    historic: bool = False
    violations: Sequence[Violation] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What became of a line."""

    key: str | None
    outcome: LineOutcome
    pledge_id: uuid.UUID | None = None
    number: str | None = None
    violations: Sequence[Violation] = ()


async def file_all(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    lines: Sequence[Line],
    read: Callable[[Line], Wanted],
    atomic: bool,
) -> list[Item]:
    """File every line in its order; what each became, in the same order.

    `atomic`: all of them or none, with every objection raised at once. Otherwise each line stands by itself.
    `read` makes the filing of a well-formed line when its turn has come. A line that was filed before
    under its key counts as done, so that a batch may be sent again. History (PLG-15) is entered under one
    event for the whole batch.

    Raises: what `file` does where the batch is atomic; `idempotency.in_flight` where another request is
    just using a key of the batch.
    """
    items = _unread(lines)
    if atomic and items:
        raise _refused(items)
    good = [line for line in lines if line.position not in items]
    await queries.lock(
        session,
        asset_ids={asset_id for line in good for asset_id in line.asset_ids},
        pool_ids={line.pool_id for line in good if line.pool_id is not None},
        application_ids={line.application_id for line in good if line.application_id is not None},
    )
    entry = histories.entry(actor, [line.fingerprint for line in good if line.historic])
    for chunk in _chunks(good):
        work = _Chunk(actor, moment, [read(line) for line in chunk], entry)
        done = await work.file(session)
        items |= zip((line.position for line in chunk), done, strict=True)
    refused = {place: item for place, item in items.items() if item.outcome is LineOutcome.refused}
    if atomic and refused:
        raise _refused(refused)
    return [items[line.position] for line in lines]


def _unread(lines: Sequence[Line]) -> dict[int, Item]:
    """The lines that cannot be read, and those whose key another line has already."""
    items: dict[int, Item] = {}
    seen: set[str] = set()
    for line in lines:
        found = list(line.violations)
        if line.key in seen:
            found.append(KEY_TWICE.violation(f"/{line.position}/key", key=line.key))
        if line.key is not None:
            seen.add(line.key)
        if found:
            items[line.position] = Item(line.key, LineOutcome.refused, violations=found)
    return items


def _refused(items: dict[int, Item]) -> DomainError:
    found = [violation for place in sorted(items) for violation in items[place].violations]
    return DomainError(found[:MAX_TOLD])


def _chunks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    chunk: list[Line] = []
    rights = 0
    for line in lines:
        if chunk and (len(chunk) == CHUNK or rights + len(line.asset_ids) > RIGHTS):
            yield chunk
            chunk, rights = [], 0
        chunk.append(line)
        rights += len(line.asset_ids)
    if chunk:
        yield chunk


class _Chunk:
    """Some lines of a batch while they are decided and written."""

    def __init__(
        self, actor: Actor, moment: Moment, wanted: Sequence[Wanted], entry: histories.Entry
    ) -> None:
        self._actor, self._moment, self._wanted, self._entry = actor, moment, wanted, entry
        self._rows = Rows()

    async def file(self, session: AsyncSession) -> list[Item]:
        """Decide every line where the lines before it leave things, then write what is to be filed."""
        today = self._moment.today
        state = await queries.read(session, actor=self._actor, today=today, wanted=self._wanted)
        running = Running(state)
        done: list[Item] = []
        for place, (line, serial) in enumerate(zip(self._wanted, state.numbers, strict=True)):
            if place % TURN == 0:
                await asyncio.sleep(0)
            done.append(_known(line, state.known) or self._decide(line, running, serial))
        await self._entry.count(session, self._rows)
        await self._write(session)
        return done

    def _decide(self, line: Wanted, running: Running, serial: int) -> Item:
        new, actor, today = line.new, self._actor, self._moment.today
        state = running.state(new, serial)
        found = faults(new, actor.party_id, today=today) or judging.unknown(new, state)
        if found:
            return _refusal(line, found)
        decision = None
        if new.history is not None:
            found = histories.objections(new, state, running.registered, running.tenures)
            rule_pack = histories.rule_pack(new.history)
        else:
            judgement = judging.judge(new, state, self._moment)
            found, rule_pack = judgement.objections, judgement.pack.code
            decision = decisions.row(DecisionKind.filing, new, judgement)
        if found:
            return _refusal(line, found)
        filed = filed_pledge(new, state, actor, today=today, rule_pack=rule_pack)
        self._rows.add(
            new,
            filed,
            state,
            actor,
            today=today,
            decision=decision,
            import_event_id=self._entry.take(new, filed),
        )
        running.take(filed, state)
        answer = {"pledge_id": str(filed.id), "number": filed.number}
        self._rows.keep(line.key, line.fingerprint, json.dumps(answer))
        return Item(line.key, LineOutcome.created, filed.id, filed.number)

    async def _write(self, session: AsyncSession) -> None:
        """Write the chunk and let every deferred rule speak, so that none of it waits for the last chunk."""
        rows = self._rows
        if "pledges" not in rows.tables:
            return
        connection = await driver(session)
        kept = await connection.fetch(
            write_each(rows.parts),
            events.event_rows(rows.happened, self._moment),
            self._actor.organisation_id,
            self._actor.client_id,
            self._actor.request_id,
            self._moment.now,
            rows.json(),
        )
        if len(kept) < len(rows.tables["kept"]):
            raise IN_FLIGHT.error()
        await connection.execute(_SETTLE)


def _known(line: Wanted, known: Mapping[str, str | None]) -> Item | None:
    """What the line became when it was sent before; its key stands for nothing else."""
    if line.key not in known:
        return None
    body = known[line.key]
    if body is None:
        return Item(
            line.key,
            LineOutcome.refused,
            violations=[KEY_REUSED.violation(f"/{line.position}/key")],
        )
    answer = json.loads(body)
    return Item(line.key, LineOutcome.exists, uuid.UUID(answer["pledge_id"]), answer["number"])


def _refusal(line: Wanted, found: Sequence[Violation]) -> Item:
    """The line refused, each objection with its place in the batch."""
    told = [
        replace(violation, pointer=f"/{line.position}/pledge{violation.pointer or ''}")
        for violation in found[:TOLD]
    ]
    return Item(line.key, LineOutcome.refused, violations=told)
