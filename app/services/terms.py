"""Terms: rights whose term is over take the status that the law gives them, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.queries import terms as queries
from app.queries.driver import driver
from app.services import events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.terms import Over

MANIFEST = 1_000
"""Most rights named by one event."""
SOURCE = "按期限推算"
"""Status source of what follows from the calendar and was told by no office."""

# `status_as_of` becomes the day of the change: nobody has checked the status since.
_CHANGE = """
WITH change AS (
  SELECT id, asset_id, status, effective_on
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[]) AS c(id, asset_id, status, effective_on)
), history AS (
  INSERT INTO asset_status_changes (id, asset_id, status, effective_on, source, event_id, recorded_at)
  SELECT id, asset_id, status, effective_on, $5, $6, $7 FROM change
)
UPDATE assets a
SET status = c.status, status_as_of = c.effective_on, status_source = $5, version = a.version + 1
FROM change c WHERE a.id = c.asset_id
"""


async def expire(session: AsyncSession, *, actor: Actor, moment: Moment) -> dict[str, int]:
    """Give every right whose term is over its new status; how many took which.

    Doing it again changes nothing. A trademark enters its renewal window (LS-13), and one whose grace is
    over too passes through grace. All of a business date is one transaction, so the rights stay locked
    until its end; who wants one of them meanwhile is told to try again (`request.busy`).
    """
    counted: dict[str, int] = {}
    while over := await queries.over(session, moment.today, limit=MANIFEST):
        await _change(session, actor, moment, over)
        for right in over:
            counted[right.status.value] = counted.get(right.status.value, 0) + 1
    session.expire_all()
    return counted


async def _change(session: AsyncSession, actor: Actor, moment: Moment, over: Sequence[Over]) -> None:
    event_id = new_id()
    manifest = [
        {"asset_id": right.asset_id, "status": right.status, "effective_on": right.effective_on}
        for right in over
    ]
    event = events.NewEvent(
        id=event_id,
        type="asset.terms_ended",
        noun="manifest",
        subject_id=event_id,
        stream=NATIONAL,
        public=True,
        payload={"business_date": moment.today, "assets": manifest},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await (await driver(session)).execute(
        _CHANGE,
        [new_id() for _ in over],
        [right.asset_id for right in over],
        [right.status.value for right in over],
        [right.effective_on for right in over],
        SOURCE,
        event_id,
        moment.now,
    )
