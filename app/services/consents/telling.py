"""What is told about consents: to the grantor, to who asked, and never who lends."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.domain.identifiers import new_id
from app.services.events import NewEvent

if TYPE_CHECKING:
    from app.models.consent import Consent


def told(
    consent: Consent,
    what: str,
    *,
    also: Iterable[uuid.UUID] = (),
    event_id: uuid.UUID | None = None,
    **more: object,
) -> NewEvent:
    """The event `consent.{what}`; its audience need not know each other, so it names none of them."""
    audience = {consent.organisation_id, *also}
    if consent.requested_by is not None:
        audience.add(consent.requested_by)
    return NewEvent(
        id=event_id or new_id(),
        type=f"consent.{what}",
        noun="consent",
        subject_id=consent.id,
        stream=consent.district_code,
        audience=sorted(audience),
        payload={
            "number": consent.number,
            "kind": consent.kind,
            "action": consent.action,
            "status": consent.status,
            **more,
        },
    )
