"""Granted consents, entered below the API."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.domain.consent import ConsentEvent, ConsentKind, ConsentStatus, Proceeds
from app.domain.deal import DealKind
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.models.consent import Consent, ConsentItem
from app.queries import holds as hold_queries
from app.services import events
from app.services.events import NewEvent
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.organisation import Organisation

_numbers = itertools.count(1)


async def make_consent(
    session: AsyncSession,
    *,
    organisation: Organisation,
    grantor_id: uuid.UUID,
    asset_ids: Sequence[uuid.UUID],
    kind: ConsentKind = ConsentKind.co_owner,
    action: DealKind = DealKind.transfer,
    **changes: Any,
) -> Consent:
    """A consent to one deal over the rights, valid for a month; a pledgee's lifts every lien on them."""
    moment, key = now(), new_id()
    district = organisation.district_code
    event = NewEvent(type="consent.granted", noun="consent", subject_id=key, stream=district, payload={})
    await events.record(session, actor=system_actor("test"), moment=moment, events=[event])
    facts: dict[str, Any] = {
        "valid_from": moment.today,
        "valid_to": moment.today + timedelta(days=30),
        "max_uses": 1,
        "proceeds": Proceeds.free.value,
        "version": 1,
    }
    consent = Consent(
        id=key,
        district_code=district,
        number=f"CO-TEST-{next(_numbers)}",
        kind=kind.value,
        grantor_id=grantor_id,
        organisation_id=organisation.id,
        action=action.value,
        status=ConsentStatus.requested.value,
        decided_on=moment.today,
        event_id=event.id,
        recorded_at=moment.now,
        **(facts | changes),
    )
    session.add(consent)
    await session.flush()
    session.add_all(
        ConsentItem(id=new_id(), district_code=district, consent_id=key, asset_id=asset_id, hold_id=hold_id)
        for asset_id, hold_id in await _covered(session, kind, asset_ids)
    )
    await session.flush()
    consent.advance(ConsentEvent.grant)
    await session.flush()
    return consent


async def _covered(
    session: AsyncSession, kind: ConsentKind, asset_ids: Sequence[uuid.UUID]
) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    if kind is ConsentKind.co_owner:
        return [(asset_id, None) for asset_id in asset_ids]
    liens = await hold_queries.live(session, asset_ids, [HoldKind.lien])
    return [(asset_id, lien.id) for asset_id in asset_ids for lien in liens[asset_id]]
