"""Invented figures for scoreboards: plans, facts without operations, and observations already decided."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

import app
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.domain.plan_entry import read_plan
from app.infra.db import Database, Unit
from app.models.document import Document, DocumentContent
from app.models.observation import Observation
from app.models.plan import Indicator, Plan
from app.services import events, plans, seals

ACTOR = system_actor("test")
FOLDER = Path(app.__file__).parent / "data" / "plans"


async def make_plan(unit: Unit, name: str, *, district_code: str | None = None) -> Plan:
    """The plan of a document in `app/data/plans`, under a code of its own and maybe of another district."""
    new = read_plan(tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
    new = replace(new, code=f"{new.code}-{new_id()}", district_code=district_code or new.district_code)
    return await plans.create(unit.session, actor=ACTOR, moment=unit.moment, new=new)


async def indicators_of(unit: Unit, plan: Plan) -> dict[str, Indicator]:
    """A plan's indicators by code."""
    found = await unit.session.scalars(select(Indicator).where(Indicator.plan_id == plan.id))
    return {indicator.code: indicator for indicator in found}


async def happened(unit: Unit, stream: str, facts: Sequence[events.NewFact] = ()) -> uuid.UUID:
    """An event of no further meaning, with facts."""
    event = events.NewEvent(
        type="plan.tried", noun="plan", subject_id=new_id(), stream=stream, payload={}, facts=facts
    )
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=[event])
    return event.id


def fact(
    measure: Measure,
    value: int,
    on: date,
    *,
    district_code: str = "120110",
    role: FactRole = FactRole.internal,
    source_id: uuid.UUID | None = None,
    plan_id: uuid.UUID | None = None,
) -> events.NewFact:
    """A fact of no particular operation, `plan_id` being the plan it names."""
    named = {} if plan_id is None else {"plan_id": str(plan_id)}
    return events.NewFact(measure, district_code, role, value, on, "deal", source_id or new_id(), named)


async def make_document(unit: Unit, organisation_id: uuid.UUID) -> Document:
    """Evidence."""
    content = new_id().bytes
    event_id = await happened(unit, "120110")
    sha256 = await unit.session.scalar(text("SELECT encode(sha256(:content), 'hex')"), {"content": content})
    unit.session.add(DocumentContent(sha256=sha256, content=content))
    await unit.session.flush()
    document = Document(
        id=new_id(),
        district_code="120110",
        organisation_id=organisation_id,
        series_id=new_id(),
        name="示例佐证.pdf",
        media_type="application/pdf",
        sha256=sha256,
        size_bytes=len(content),
        shared_with=[],
        version=1,
        event_id=event_id,
        recorded_at=unit.moment.now,
    )
    unit.session.add(document)
    await unit.session.flush()
    return document


def observation(
    unit: Unit,
    indicator: Indicator,
    document: Document,
    year: int,
    value_micro: int,
    *,
    decided: uuid.UUID | None,
    component: str = "value",
    subject: str = "",
    status: str = "approved",
    revision: int = 1,
) -> Observation:
    """An observation in a state, decided by that event."""
    return Observation(
        id=new_id(),
        district_code=indicator.district_code,
        indicator_id=indicator.id,
        organisation_id=document.organisation_id,
        component=component,
        subject=subject,
        year=year,
        revision=revision,
        value_micro=value_micro,
        note=None,
        reason=None,
        document_id=document.id,
        status=status,
        submitted_on=unit.moment.today,
        decided_on=None if decided is None else unit.moment.today,
        event_id=document.event_id,
        decided_event_id=decided,
        superseded_event_id=None,
        recorded_at=unit.moment.now,
        version=1,
    )


async def observe(
    unit: Unit,
    indicator: Indicator,
    document: Document,
    year: int,
    value_micro: int,
    **changes: Any,
) -> Observation:
    """An observation, decided by an event of its own unless it waits for that."""
    waits = changes.get("status") == "submitted"
    decided = None if waits else await happened(unit, indicator.district_code)
    made = observation(unit, indicator, document, year, value_micro, decided=decided, **changes)
    unit.session.add(made)
    await unit.session.flush()
    return made


async def seal(database: Database) -> None:
    """Seal everything that happened."""
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        while await seals.seal(unit.session, moment=unit.moment):
            pass
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
