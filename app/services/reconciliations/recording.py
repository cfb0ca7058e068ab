"""Holding a list against the register: the reconciliation, its refused rows, and a task per difference."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import reconciliation as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.reconciliation import DIFFERENCE, Subject
from app.domain.reconciliation_difference import Difference
from app.domain.request import date_faults
from app.models.reconciliation import Reconciliation
from app.queries import documents as document_queries, parties as party_queries
from app.queries.driver import driver
from app.queries.serials import next_number
from app.services import events, notices
from app.services.events import NewEvent
from app.services.reconciliations import lists
from app.services.reconciliations.comparing import compare

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_ADD = """
INSERT INTO reconciliation_differences (id, district_code, reconciliation_id, line, kind, asset_id, hold_id,
  number, field, listed, registered, assignee_id, due_on, status, event_id, recorded_at, version)
SELECT r.id, $2, $3, r.line, r.kind, r.asset_id, r.hold_id, r.number, r.field, r.listed, r.registered, $4, $5,
  $6, $7, $8, 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, line int, kind text, asset_id uuid, hold_id uuid,
  number text, field text, listed text, registered text)
"""


@dataclass(frozen=True, slots=True)
class NewReconciliation:
    """A list that was uploaded as a document, of the day `list_as_of`.

    `complete_for`: owners of whom the list names everything. `assignee_id` None: the caller decides.
    """

    subject: Subject
    list_as_of: date
    document_id: uuid.UUID
    source: str
    complete_for: Sequence[uuid.UUID] = ()
    assignee_id: uuid.UUID | None = None


async def record(
    session: AsyncSession, *, actor: Actor, moment: Moment, new: NewReconciliation
) -> Reconciliation:
    """Hold a list against the register; every difference becomes a task, of which the assignee is told.

    Raises, all that apply: `request.date_in_future`, `reconciliation.assignee_unknown`,
    `reconciliation.owner_unknown`; then `document.not_found`, `import.encoding`, `import.csv_broken`,
    `import.columns_missing`, `import.column_twice`.
    """
    assignee_id = new.assignee_id or actor.organisation_id
    refuse_if(await _faults(session, new, assignee_id, moment.today))
    document = await document_queries.get(session, actor, new.document_id, pointer="/document_id")
    content = await document_queries.content(session, document)
    listed = lists.read(content, name=document.name, subject=new.subject, list_as_of=new.list_as_of)
    found = await compare(
        session,
        listed,
        subject=new.subject,
        list_as_of=new.list_as_of,
        complete_for=new.complete_for,
    )
    differing = {one.line for one in found if one.line is not None}
    reconciliation = Reconciliation(
        id=new_id(),
        district_code=actor.district_code,
        number=await next_number(session, "reconciliation", actor.district_code, moment.today),
        organisation_id=actor.organisation_id,
        subject=new.subject.value,
        list_as_of=new.list_as_of,
        source=new.source,
        document_id=document.id,
        file_sha256=document.sha256,
        complete_for=list(dict.fromkeys(new.complete_for)),
        rows=listed.rows,
        matched=listed.rows - len(listed.refused) - len(differing),
        refused=len(listed.refused),
        refusals=[entry for refused in listed.refused for entry in refused.told()],
        event_id=new_id(),
        recorded_at=moment.now,
    )
    event = _recorded(reconciliation, assignee_id, len(found))
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(reconciliation)
    await session.flush()
    if found:
        due_on = rules.due_on(moment.today)
        await _assign(session, reconciliation, found, assignee_id=assignee_id, due_on=due_on)
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.differences_found,
            recipients=[assignee_id],
            facts={"number": reconciliation.number, "differences": len(found)},
            due_on=due_on,
        )
    return reconciliation


async def _faults(
    session: AsyncSession, new: NewReconciliation, assignee_id: uuid.UUID, today: date
) -> list[Violation]:
    found = date_faults("/list_as_of", new.list_as_of, today=today)
    if assignee_id not in await document_queries.organisations(session, [assignee_id]):
        found.append(rules.ASSIGNEE_UNKNOWN.violation("/assignee_id", organisation_id=assignee_id))
    known = await party_queries.existing(session, new.complete_for)
    found += [
        rules.OWNER_UNKNOWN.violation(f"/complete_for_owner_ids/{position}", party_id=party_id)
        for position, party_id in enumerate(new.complete_for)
        if party_id not in known
    ]
    return found


async def _assign(
    session: AsyncSession,
    reconciliation: Reconciliation,
    found: Sequence[Difference],
    *,
    assignee_id: uuid.UUID,
    due_on: date,
) -> None:
    """A task per difference, in one statement."""
    columns = ("line", "kind", "asset_id", "hold_id", "number", "field", "listed", "registered")
    rows = [{"id": new_id(), **{name: getattr(one, name) for name in columns}} for one in found]
    connection = await driver(session)
    await connection.execute(
        _ADD,
        json.dumps(rows, ensure_ascii=False, default=str),
        reconciliation.district_code,
        reconciliation.id,
        assignee_id,
        due_on,
        DIFFERENCE.initial.value,
        reconciliation.event_id,
        reconciliation.recorded_at,
    )


def _recorded(reconciliation: Reconciliation, assignee_id: uuid.UUID, differences: int) -> NewEvent:
    return NewEvent(
        id=reconciliation.event_id,
        type="reconciliation.recorded",
        noun="reconciliation",
        subject_id=reconciliation.id,
        stream=reconciliation.district_code,
        audience=sorted({reconciliation.organisation_id, assignee_id}),
        payload={
            "number": reconciliation.number,
            "subject": reconciliation.subject,
            "list_as_of": str(reconciliation.list_as_of),
            "rows": reconciliation.rows,
            "matched": reconciliation.matched,
            "refused": reconciliation.refused,
            "differences": differences,
        },
    )
