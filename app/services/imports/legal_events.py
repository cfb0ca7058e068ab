"""Announcements of an office: kept under the right they name, with the status each leaves it in."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.domain import asset as asset_rules
from app.domain.asset import CN
from app.domain.imports import SOURCE
from app.domain.legal_event import GRANTS, KIND, RIGHT_UNKNOWN, LegalEventRow, status_after
from app.queries.driver import driver
from app.services.imports.register import KnownRight, Rights, number_keys
from app.services.imports.work import Change, Entry, Outcome, Record, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_EVENTS = "SELECT asset_id, code, announced_on, text FROM legal_events WHERE asset_id = ANY($1)"
_STATUSES = """
SELECT asset_id, status, effective_on, recorded_at FROM asset_status_changes
WHERE asset_id = ANY($1) ORDER BY id
"""

Key = tuple[uuid.UUID, str, date | None, str | None]


@dataclass(frozen=True, slots=True)
class _Status:
    status: str
    effective_on: date | None
    recorded_at: datetime


async def plan(session: AsyncSession, work: Work, entries: Sequence[Entry[LegalEventRow]]) -> None:
    """Keep announcements, those of a batch in the order in which they took effect.

    One that is known already only confirms. Refuses, row by row: `legal_event.right_unknown`.
    """
    keys = [key for entry in entries for key in number_keys(CN, KIND, [entry.row.number])]
    rights = await Rights.load(session, work, keys)
    connection = await driver(session)
    ids = sorted(rights.by_id)
    known: set[Key] = {
        (row["asset_id"], row["code"], row["announced_on"], row["text"])
        for row in await connection.fetch(_EVENTS, ids)
    }
    statuses: dict[uuid.UUID, list[_Status]] = defaultdict(list)
    for row in await connection.fetch(_STATUSES, ids):
        statuses[row["asset_id"]].append(_Status(row["status"], row["effective_on"], row["recorded_at"]))
    for entry in sorted(entries, key=lambda one: one.row.since):
        event = entry.row
        right = rights.find(CN, KIND, [event.number])
        if right is None:
            work.refusals.append((entry.raws, RIGHT_UNKNOWN.error("/number", number=event.number.value)))
            continue
        key = right.id, event.code, event.announced_on, event.text
        change = Change.confirmed
        if key not in known:
            known.add(key)
            change = Change.created
            work.known(
                "legal_events",
                asset_id=right.id,
                code=event.code,
                announced_on=event.announced_on,
                effective_on=event.effective_on,
                text=event.text,
            )
            _take_effect(work, right, event, statuses[right.id])
        work.counts[f"code.{event.code}"] += 1
        work.outcomes.append(Outcome(entry.raws, "asset", right.id, change))


def _take_effect(work: Work, right: KnownRight, event: LegalEventRow, history: list[_Status]) -> None:
    """The status that the announcement leaves the right in, however late it arrives (AST-04)."""
    record = right.record
    granted_on, last_day = record["granted_on"], record["last_day_in_force"]
    status = status_after(event, granted_on=granted_on, last_day_in_force=last_day)
    if status is None:
        work.counts["without_effect"] += 1
        return
    since = [event.since, *asset_rules.taken_back(status, event.since, history)]
    for day in since:
        work.known("asset_status_changes", asset_id=right.id, status=status, effective_on=day, source=SOURCE)
        history.append(_Status(status, day, work.moment.now))
    news: Record = {}
    if event.code in GRANTS and granted_on is None:
        news["granted_on"] = event.since
    in_force = asset_rules.status_in_force(history, work.moment.today)
    if in_force is not None and in_force.status != record["status"]:
        news |= {"status": in_force.status, "status_source": SOURCE}
        work.differs("asset", record["number"], "status", record["status"], in_force.status)
    if news:
        right.revise(work, news)
