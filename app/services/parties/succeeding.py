"""Successions: one party follows another by rename, merger or split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain import party as rules
from app.domain.district import NATIONAL
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.party import NewSuccession, succession_faults
from app.models.party import PartySuccession
from app.queries import parties as queries, party_successions
from app.services import enrolments, events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def succeed(
    session: AsyncSession, *, actor: Actor, moment: Moment, new: NewSuccession
) -> PartySuccession:
    """Record that a party follows another; where that makes one firm of them, plans cover it once (TG-06).

    A new name of one legal person, whose 统一社会信用代码 stays, is no succession: see `rename`. Two parties
    cannot bear one code. Raises: `party.not_found`; all that apply: `request.date_…`,
    `party.succession_to_itself`, `.succession_of_duplicate`, `.succession_exists`, `.already_succeeded`,
    `.succession_circular`.
    """
    party = await queries.get(session, new.predecessor_id)
    await queries.require(session, {"/successor_id": new.successor_id})
    both = [new.predecessor_id, new.successor_id]
    await party_successions.lock_kin(session, both)
    refuse_if(
        succession_faults(
            new,
            recorded=await party_successions.recorded(session, new.predecessor_id),
            followed_by_predecessor=await party_successions.follows(
                session, new.successor_id, new.predecessor_id
            ),
            registered_on=party.registered_on,
            today=moment.today,
        )
    )
    event = events.NewEvent(
        type="party.succeeded",
        noun="party",
        subject_id=new.predecessor_id,
        stream=NATIONAL,
        public=True,
        occurred_on=new.occurred_on,
        payload={"successor_id": new.successor_id, "kind": new.kind, "source": new.source},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = PartySuccession(
        id=new_id(),
        predecessor_id=new.predecessor_id,
        successor_id=new.successor_id,
        kind=new.kind.value,
        occurred_on=new.occurred_on,
        source=new.source,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    if new.kind in rules.ONE_FIRM:
        await enrolments.settle_coverages(session, actor=actor, moment=moment, party_ids=both)
    return made
