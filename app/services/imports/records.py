"""What is stored of a run itself: its row from the first batch on, its event when it is complete."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.queries.driver import driver
from app.services import events
from app.services.imports.work import Record, to_json

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.services.imports.rows import Source
    from app.services.imports.run import Summary

_RUNNING = """
SELECT id, event_id, recorded_at, accepted, unchanged, refused, manifest::text AS manifest FROM imports
WHERE kind = $1 AND file_sha256 = $2 AND status = 'running'
"""
_LINES_DONE = "SELECT id, rows_done FROM imports WHERE kind = $1 AND file_sha256 = $2 AND status = 'running'"
_BEGIN = """
INSERT INTO imports (id, kind, file_name, file_sha256, rows, accepted, unchanged, refused, status, rows_done,
                     manifest, event_id, recorded_at, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'running', $9, $10::text::jsonb, $11, $12, NULL)
"""
_GO_ON = """
UPDATE imports SET accepted = $2, unchanged = $3, refused = $4, rows_done = $5, manifest = $6::text::jsonb
WHERE id = $1
"""
_COMPLETE = """
UPDATE imports SET status = 'completed', finished_at = $2, manifest = $3::text::jsonb WHERE id = $1
"""


@dataclass(slots=True)
class State:
    """A run as it is stored. Its row is written with the first batch that changes something (`begun`).

    `taken_up`: when a run that was cut off had begun; None for one that was not cut off. `errors_at` and
    `differences_at` are the lengths of its reports when the last batch was kept.
    """

    id: uuid.UUID
    event_id: uuid.UUID
    begun: bool = False
    batches: int = 0
    errors_at: int = 0
    differences_at: int = 0
    taken_up: datetime | None = None

    @classmethod
    def new(cls) -> State:
        """A run that has not begun. Its event's id is chosen now: every row it writes carries it."""
        return cls(new_id(), new_id())


async def resume(
    connection: asyncpg.Connection[asyncpg.Record], source: Source, summary: Summary
) -> State | None:
    """The run over this file that was cut off, if there is one; `summary` goes on from what it did."""
    row = await connection.fetchrow(_RUNNING, source.kind.value, source.sha256)
    if row is None:
        return None
    manifest = json.loads(row["manifest"])
    summary.accepted, summary.unchanged, summary.refused = row["accepted"], row["unchanged"], row["refused"]
    summary.changes = Counter(manifest["changes"])
    summary.codes = Counter(manifest["codes"])
    summary.counts = Counter(manifest["counts"])
    summary.differing = Counter(manifest["differing"])
    summary.differences = manifest["differences"]
    summary.resumed = summary.done
    places = manifest["reports"]
    return State(
        id=row["id"],
        event_id=row["event_id"],
        begun=True,
        batches=manifest["batches"],
        errors_at=places["errors"],
        differences_at=places["differences"],
        taken_up=row["recorded_at"],
    )


async def undisturbed(
    connection: asyncpg.Connection[asyncpg.Record], state: State, source: Source, summary: Summary
) -> bool:
    """Whether no other process has gone on with this file since this one's last batch."""
    row = await connection.fetchrow(_LINES_DONE, source.kind.value, source.sha256)
    if row is None:
        return not state.begun
    return state.begun and (row["id"], row["rows_done"]) == (state.id, summary.done)


async def save(
    connection: asyncpg.Connection[asyncpg.Record],
    moment: Moment,
    state: State,
    source: Source,
    summary: Summary,
) -> None:
    """How far the run has come with the batch that is about to be written."""
    state.batches += 1
    places = {"errors": state.errors_at, "differences": state.differences_at}
    manifest = to_json(_manifest(state, source, summary) | {"reports": places})
    done = (summary.accepted, summary.unchanged, summary.refused)
    if state.begun:
        await connection.execute(_GO_ON, state.id, *done, summary.done, manifest)
        return
    file = (source.kind.value, source.path.name, source.sha256, source.rows)
    await connection.execute(
        _BEGIN, state.id, *file, *done, summary.done, manifest, state.event_id, moment.now
    )
    state.begun = True
    summary.import_id = state.id


async def complete(
    session: AsyncSession, moment: Moment, state: State, source: Source, summary: Summary
) -> None:
    """The run's one event, with the manifest of all that it did."""
    manifest = _manifest(state, source, summary)
    event = events.NewEvent(
        type="import.completed",
        noun="import",
        subject_id=state.id,
        stream=NATIONAL,
        payload=manifest,
        id=state.event_id,
    )
    await events.record(session, actor=system_actor("import"), moment=moment, events=[event])
    await (await driver(session)).execute(_COMPLETE, state.id, moment.now, to_json(manifest))
    summary.import_id = state.id


def _manifest(state: State, source: Source, summary: Summary) -> Record:
    return {
        "kind": summary.kind,
        "file": summary.file,
        "file_sha256": source.sha256,
        "batches": state.batches,
        "rows": summary.rows,
        "accepted": summary.accepted,
        "unchanged": summary.unchanged,
        "refused": summary.refused,
        "changes": summary.changes,
        "codes": summary.codes,
        "counts": summary.counts,
        "differing": summary.differing,
        "differences": summary.differences,
    }
