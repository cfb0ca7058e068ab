"""Holds on rights: when they have effect."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.infra.db import Unit
from app.queries import assets as queries, pledge_filing
from app.services import holds
from app.services.holds import NewHold
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support.samples import Samples, actor_of


@pytest.mark.parametrize(
    ("days", "stays"),
    [
        ((None, None), True),
        ((0, 0), True),
        ((-10, None), True),
        ((-10, -1), False),
        ((1, 10), False),
    ],
)
@pytest.mark.parametrize("kind", [HoldKind.preservation, HoldKind.suspension])
async def test_a_stay_holds_a_right_within_its_period_only(
    unit: Unit, samples: Samples, kind: HoldKind, days: tuple[int | None, int | None], stays: bool
) -> None:
    """LS-09, LS-10: listings, licences and pledges judge alike; without a period it lasts until it is lifted."""
    today = unit.moment.today

    def day(offset: int | None) -> date | None:
        return None if offset is None else today + timedelta(days=offset)

    owner = (await make_party(unit.session)).id
    asset = await make_asset(unit.session, owners=[owner])
    first, last = days
    period = None if first is last is None else (day(first), day(last))
    stay = NewHold(asset.id, kind, "stay", new_id(), new_id(), today, period=period)
    await holds.place(unit.session, moment=unit.moment, holds=[stay])
    (right,) = await queries.lock_rights(unit.session, [asset.id])
    ground = await pledge_filing.lock_and_read(
        unit.session,
        asset_ids=[asset.id],
        pool_id=None,
        party_ids=[owner],
        borrower_id=owner,
        actor=actor_of(samples, "bank_a"),
        today=today,
    )
    assert (right.stayed(today), ground.rights[asset.id].stayed) == (stays, stays)
