"""Events: every change says what happened, to whom, and what it counts for, in its own transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.identifiers import new_id
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.fact import FactRole, Measure
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact to be written with an event; `value` in fen for amounts, a count otherwise."""

    measure: Measure
    district_code: str
    role: FactRole
    value: int
    occurred_on: date
    source_noun: str
    source_id: uuid.UUID
    dimensions: Mapping[str, Any] = field(default_factory=dict)
    imported: bool = False


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written. `audience`: organisations that may see it besides the district's regulators."""

    type: str
    noun: str
    subject_id: uuid.UUID
    stream: str
    payload: Mapping[str, Any]
    occurred_on: date | None = None
    audience: Sequence[uuid.UUID] = ()
    public: bool = False
    facts: Sequence[NewFact] = ()
    id: uuid.UUID = field(default_factory=new_id)


EVENT_CTES = """
WITH event AS (
  INSERT INTO events (id, stream, type, noun, subject_id, audience, public, organisation_id, client_id,
                      request_id, occurred_on, recorded_at, payload)
  SELECT id, stream, type, noun, subject_id, audience, public, $2, $3, $4, occurred_on, $5, payload
  FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, stream text, type text, noun text, subject_id uuid,
       audience uuid[], public boolean, occurred_on date, payload jsonb)
  RETURNING id, stream, type, noun, subject_id
), tail AS (
  INSERT INTO outbox (event_id, stream) SELECT id, stream FROM event
), trace AS (
  INSERT INTO audit (id, organisation_id, client_id, request_id, action, noun, subject_id, outcome, codes,
                     detail, recorded_at)
  SELECT id, $2, $3, $4, type, noun, subject_id, 'done', '{}', '{}', $5 FROM event
)
"""
"""Event, outbox and audit rows from parameters $1 (events as JSON), $2 organisation, $3 client,
$4 request, $5 instant; the head of every statement that writes something that happened."""


def insert_facts(rows: str) -> str:
    """The part of a statement that writes facts at $5, from an array of `fact_records` as JSON."""
    return f"""
  INSERT INTO facts (id, district_code, measure, role, value, occurred_on, dimensions, source_noun,
                     source_id, imported, event_id, recorded_at)
  SELECT id, district_code, measure, role, value, occurred_on, dimensions, source_noun, source_id, imported,
         event_id, $5
  FROM jsonb_to_recordset({rows}) AS f(id uuid, district_code text, measure text, role text, value bigint,
       occurred_on date, dimensions jsonb, source_noun text, source_id uuid, imported boolean, event_id uuid)
"""


_RECORD = EVENT_CTES + insert_facts("$6::jsonb")


async def record(session: AsyncSession, *, actor: Actor, moment: Moment, events: Iterable[NewEvent]) -> None:
    """Write events with their outbox rows, audit rows and facts, in one statement.

    Call it before adding rows that refer to the events.
    """
    rows = list(events)
    connection = await driver(session)
    await connection.execute(
        _RECORD,
        event_rows(rows, moment),
        actor.organisation_id,
        actor.client_id,
        actor.request_id,
        moment.now,
        _json(fact_records(rows)),
    )


def event_rows(events: Sequence[NewEvent], moment: Moment) -> str:
    """The events as the JSON array the statement reads."""
    return _json(
        [
            {
                "id": event.id,
                "stream": event.stream,
                "type": event.type,
                "noun": event.noun,
                "subject_id": event.subject_id,
                "audience": list(event.audience),
                "public": event.public,
                "occurred_on": event.occurred_on or moment.today,
                "payload": event.payload,
            }
            for event in events
        ]
    )


def fact_records(events: Sequence[NewEvent]) -> list[dict[str, Any]]:
    """The facts of all events as the rows that `insert_facts` writes."""
    return [
        {
            "id": new_id(),
            "district_code": fact.district_code,
            "measure": fact.measure,
            "role": fact.role,
            "value": fact.value,
            "occurred_on": fact.occurred_on,
            "dimensions": dict(fact.dimensions),
            "source_noun": fact.source_noun,
            "source_id": fact.source_id,
            "imported": fact.imported,
            "event_id": event.id,
        }
        for event in events
        for fact in event.facts
    ]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
