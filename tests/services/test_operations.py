"""LS-04, LS-09, LS-10, LS-14: the table of operations and states against what the services refuse."""

from __future__ import annotations

import uuid

import httpx
import pytest

from app.domain.asset import STATUSES, AssetKind, AssetStatus
from app.domain.hold import HoldKind
from app.domain.operation import STATUS_RULES, Operation, Verdict, statuses
from tests.factories import deals
from tests.factories.assets import make_asset, tie_up
from tests.factories.pledges import filing
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.operation_table import CIRCUMSTANCE_RULES, Circumstance

TRIED = (Operation.list_for_sale, Operation.transfer, Operation.licence, Operation.pledge)
REFUSALS = {
    "listing.right_ended",
    "listing.right_in_grace",
    "listing.right_stayed",
    "deal.right_ended",
    "deal.right_not_in_force",
    "deal.right_stayed",
    "pledge.ended_or_invalid",
    "pledge.not_granted",
    "pledge.annuity_unpaid",
    "pledge.suspended_or_preserved",
    "pledge.other",
}
"""What speaks against a right for its status or a stay."""
RIGHTS = [(kind, status) for kind in AssetKind for status in AssetStatus if status in STATUSES[kind]]


async def attempt(api: Api, operation: Operation, asset_id: uuid.UUID) -> set[str]:
    """What the service that does the operation says against the right's state."""
    owner, other = [api.samples[role].organisation.party_id for role in ("sme", "sme_b")]
    answer: httpx.Response
    if operation is Operation.pledge:
        answer = await api.post("bank_a", "/v1/pledges", filing(owner, [asset_id]))
    elif operation is Operation.list_for_sale:
        body = {
            "direction": "offer",
            "mode": "ordinary_licence",
            "owner_id": str(owner),
            "name": "示例挂牌",
            "description": "示例",
            "price": {"amount": "50000.00"},
            "expires_on": "2099-12-31",
            "asset_ids": [str(asset_id)],
        }
        made = await api.made("sme", "/v1/listings", body)
        await api.made("sme", f"/v1/listings/{made['id']}/submission", None)
        answer = await api.post("operator", f"/v1/listings/{made['id']}/approval", None)
    else:
        draft = deals.transfer if operation is Operation.transfer else deals.licence
        made = await api.made("sme", "/v1/deals", draft(owner, other, [asset_id]))
        answer = await deals.step(api, made, "agree")
    assert answer.status_code < 500, answer.text
    return set() if answer.is_success else set(codes(answer)) & REFUSALS


@pytest.mark.parametrize(("kind", "status"), RIGHTS, ids=[f"{kind}-{status}" for kind, status in RIGHTS])
async def test_the_services_refuse_what_the_table_refuses(
    api: Api, database: SavepointDatabase, kind: AssetKind, status: AssetStatus
) -> None:
    """LS-04, LS-05, LS-14: status by status, for each operation the product offers."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], kind=kind, status=status)
    for operation in TRIED:
        refused = await attempt(api, operation, asset.id)
        assert (refused == set()) == (status in statuses(operation)), (operation, refused)


@pytest.mark.parametrize("stay", [HoldKind.preservation, HoldKind.suspension])
async def test_the_services_refuse_a_stayed_right(
    api: Api, database: SavepointDatabase, stay: HoldKind
) -> None:
    """LS-09, LS-10: each operation of which the table says so."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
        await tie_up(unit.session, asset.id, stay)
    for operation in TRIED:
        assert CIRCUMSTANCE_RULES[operation][Circumstance.stayed].verdict is Verdict.no
        assert await attempt(api, operation, asset.id) != set(), operation


def test_every_status_has_its_cell_in_every_row() -> None:
    """Domain §2.1: no status is forgotten; a patent in its late period is transferred with a warning."""
    for operation in Operation:
        assert STATUS_RULES[operation].keys() == set(AssetStatus)
    assert STATUS_RULES[Operation.transfer][AssetStatus.late_fee].verdict is Verdict.warn
    assert statuses(Operation.open_licence) == {AssetStatus.granted, AssetStatus.invalid_part}
