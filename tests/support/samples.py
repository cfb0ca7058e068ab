"""The sample organisations: entering them, and acting in their name below the API."""

from __future__ import annotations

import uuid
from dataclasses import replace

from app.domain.permission import Actor, system_actor
from app.infra.db import Database
from app.infra.security import new_secret, secret_digest
from app.services import sandbox
from app.services.sandbox import SampleClient

Samples = dict[str, SampleClient]


async def fill(database: Database) -> Samples:
    """The sample organisations by role, committed."""
    async with database.write() as unit:
        return await sandbox.add_organisations(
            unit.session, moment=unit.moment, new_secret=new_secret, digest=secret_digest
        )


def actor_of(samples: Samples, key: str) -> Actor:
    """The system's rights in the shoes of a sample organisation."""
    organisation = samples[key].organisation
    return replace(
        system_actor("test"),
        client_id=samples[key].client.id,
        organisation_id=organisation.id,
        party_id=organisation.party_id,
        district_code=organisation.district_code,
    )


def owner_of(samples: Samples, party_id: uuid.UUID) -> Actor:
    """The sample enterprise as if it were that party."""
    return replace(actor_of(samples, "sme"), party_id=party_id)
