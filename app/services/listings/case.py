"""What drafting, review and leaving share: whose listing it is, its last day and its events."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import listing as rules
from app.domain.identifiers import new_id
from app.queries import enforcements as enforcement_queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.permission import Actor
    from app.models.listing import Listing


def require_lister(actor: Actor, listing: Listing) -> None:
    """Raises: `listing.not_lister`."""
    if listing.organisation_id != actor.organisation_id:
        raise rules.NOT_LISTER.error()


def term_faults(expires_on: date, moment: Moment, pointer: str | None = None) -> list[Violation]:
    """`listing.term_passed` when the last day on the market is before today."""
    if expires_on >= moment.today:
        return []
    return [rules.TERM_PASSED.violation(pointer, expires_on=expires_on, today=moment.today)]


def told(
    listing: Listing,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    public: bool = False,
    facts: Sequence[events.NewFact] = (),
    more: Mapping[str, str] = MappingProxyType({}),
) -> events.NewEvent:
    """The event `listing.{what}`, for the lister and the district."""
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"listing.{what}",
        noun="listing",
        subject_id=listing.id,
        stream=listing.district_code,
        audience=[listing.organisation_id],
        public=public,
        payload={"number": listing.number, "status": listing.status, **more},
        facts=facts,
    )


def traced(trace_id: uuid.UUID | None) -> dict[str, str]:
    """What an event says of the enforcement behind it, if there is one."""
    return {} if trace_id is None else {"trace_id": str(trace_id)}


async def trace_of(session: AsyncSession, listing: Listing) -> dict[str, str]:
    """What events of a listing say of the enforcement whose disposal it is."""
    enforcement = await enforcement_queries.of_listing(session, listing.id) if listing.disposal else None
    return traced(enforcement.id if enforcement is not None else None)


async def tell(
    session: AsyncSession, actor: Actor, moment: Moment, listing: Listing, what: str, **more: str
) -> Listing:
    """Record `listing.{what}`, in public once the listing has been published."""
    public = listing.published_on is not None
    event = told(listing, what, public=public, more={**more, **await trace_of(session, listing)})
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return listing
