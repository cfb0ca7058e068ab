"""Organisations and their clients, as the keeper of an instance enters them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import DomainError
from app.domain.permission import Role, system_actor
from app.infra.db import Unit
from app.models.event import Event
from app.models.organisation import Organisation
from app.models.party import Party
from app.queries import parties as party_queries
from app.services import clients, organisations
from app.services.sandbox import sample_uscc
from tests.factories.parties import make_party


async def add(unit: Unit, uscc: str, **changes: Any) -> Organisation:
    values: dict[str, Any] = {
        "name": "示例运营中心",
        "uscc": uscc,
        "roles": [Role.operator],
        "district_code": "120110",
    }
    return await organisations.add(
        unit.session, actor=system_actor("test"), moment=unit.moment, **(values | changes)
    )


async def test_an_organisation_of_a_live_instance_is_entered_with_its_party_and_called_for(
    unit: Unit,
) -> None:
    """OPS-08: party, organisation and client each leave an event; the client can call in its roles."""
    entered = await add(unit, sample_uscc(7_900).lower())
    party = await unit.session.get_one(Party, entered.party_id)
    assert (party.name, party.district_code) == ("示例运营中心", "120110")
    client = await clients.issue(
        unit.session,
        actor=system_actor("test"),
        moment=unit.moment,
        organisation_id=entered.id,
        client_id="example-operator",
        secret_sha256=b"0" * 32,
        roles=[Role.operator],
    )
    known = await clients.find(unit.session, "example-operator")
    assert known is not None
    assert known.actor("test").regulates == "120110"
    told = (
        select(Event.type).where(Event.subject_id.in_([party.id, entered.id, client.id])).order_by(Event.id)
    )
    assert list(await unit.session.scalars(told)) == [
        "party.registered",
        "organisation.enrolled",
        "client.issued",
    ]


async def test_a_party_that_the_register_knows_stays_as_it_is_and_is_one_organisation(unit: Unit) -> None:
    party = await make_party(unit.session, district_code="120116")
    (code,) = (await party_queries.identifiers(unit.session, [party.id]))[party.id]
    name = party.name
    entered = await add(unit, code.value, name="示例另一名称")
    assert (entered.party_id, entered.district_code, entered.name) == (party.id, "120110", "示例另一名称")
    await unit.session.refresh(party)
    assert (party.name, party.district_code) == (name, "120116")
    with pytest.raises(DomainError, match=r"organisation\.already_enrolled"):
        await add(unit, code.value)
