"""Fictional parties: entered through the service, and as bodies for the API."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from app.domain.party import IdentifierScheme, PartyKind
from app.domain.permission import system_actor
from app.models.party import Party
from app.services import parties
from app.services.sandbox import sample_uscc
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

DISTRICT = "120110"
_numbers = itertools.count(200_000)


def party(number: int, **changes: object) -> dict[str, Any]:
    """A well-formed body with a 统一社会信用代码 of that number."""
    return {
        "name": f"示例新材料有限公司{number}",
        "district_code": DISTRICT,
        "identifiers": [{"scheme": "uscc", "value": sample_uscc(8_000 + number)}],
    } | changes


async def make_party(session: AsyncSession, *, district_code: str = DISTRICT) -> Party:
    """A party with a code of its own; what one process makes never collides."""
    number = next(_numbers)
    new = parties.NewParty(
        kind=PartyKind.organisation,
        name=f"示例科技有限公司{number}",
        district_code=district_code,
        identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, sample_uscc(number))],
        country="CN",
    )
    return await parties.register(session, actor=system_actor("test"), moment=now(), new=new)
