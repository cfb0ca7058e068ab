"""Terms and ends of rights over HTTP: extensions, retroactive ends, restoration."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain.asset import AssetStatus, taken_back
from app.domain.patent_number import PatentType
from app.domain.term import ExtensionKind, extension_faults
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

TODAY = str(now().today)


async def patent(api: Api, database: SavepointDatabase) -> str:
    """Where an invention of the sample enterprise is, filed 2019-03-01."""
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[api.samples["sme"].organisation.party_id])
        return f"/v1/assets/{asset.id}"


async def tell(api: Api, path: str, status: str, effective_on: str) -> dict[str, Any]:
    """What the office says of a right, checked today."""
    version = (await api.get("sme", path)).json()["version"]
    body = {"status": status, "effective_on": effective_on, "source": "公报", "as_of": TODAY}
    told = await api.post("ip_office", f"{path}/statuses", body, headers={"If-Match": f'"{version}"'})
    assert told.status_code == 201, told.text
    shown: dict[str, Any] = told.json()
    return shown


async def in_force(api: Api, path: str, on: str, **known: str) -> str:
    found = await api.get("bank_a", f"{path}/statuses", effective_on=on, **known)
    return str(found.json()["in_force"]["status"])


async def test_an_extension_moves_the_last_day_in_force(api: Api, database: SavepointDatabase) -> None:
    """AST-07, LS-03: under a version; days add up; a drug's extension names the approval it is for."""
    path = await patent(api, database)
    assert (await api.get("sme", path)).json()["last_day_in_force"] == "2039-02-28"
    body = {"days": 30, "kind": "adjustment", "decided_on": "2024-05-01", "source": "期限补偿决定"}
    unsure = await api.post("ip_office", f"{path}/term-extensions", body)
    assert unsure.status_code == 428
    match = {"If-Match": '"1"'}
    extended = await api.post("ip_office", f"{path}/term-extensions", body, headers=match)
    assert (extended.status_code, extended.json()["last_day_in_force"]) == (201, "2039-03-30")
    drug = body | {"kind": "pharmaceutical"}
    match = {"If-Match": '"2"'}
    unnamed = await api.post("ip_office", f"{path}/term-extensions", drug, headers=match)
    assert codes(unnamed) == ["term.approval_missing"]
    assert (await api.post("sme", f"{path}/term-extensions", body, headers=match)).status_code == 403
    named = drug | {"approved_on": "2026-01-11", "days": 286}
    whole = await api.post("ip_office", f"{path}/term-extensions", named, headers=match)
    assert (whole.status_code, whole.json()["last_day_in_force"]) == (201, "2040-01-10")


@pytest.mark.parametrize(
    ("approved_on", "days", "fits"),
    [
        (date(2030, 6, 10), 1_826, True),
        (date(2030, 6, 10), 1_827, False),
        (date(2026, 1, 11), 316, True),
        (date(2026, 1, 11), 317, False),
    ],
)
def test_a_drugs_extension_is_bounded_twice(approved_on: date, days: int, fits: bool) -> None:
    """LS-03: five years more, and fourteen in all after the approval; to 2044-02-28 or 2040-01-10 here."""
    found = extension_faults(
        ExtensionKind.pharmaceutical,
        patent_type=PatentType.invention,
        days=days,
        last_day=date(2039, 2, 28),
        approved_on=approved_on,
    )
    assert [one.code.code for one in found] == ([] if fits else ["term.extension_too_long"])


async def test_an_end_by_unpaid_annuity_takes_the_late_period_back(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-04, LS-05: a late gazette ends it from the due day; what was known before is still told."""
    path = await patent(api, database)
    await tell(api, path, "late_fee", "2026-03-02")
    before = now().now.isoformat()
    shown = await tell(api, path, "terminated_fee", "2026-03-01")
    assert shown["status"] == "terminated_fee"
    assert await in_force(api, path, "2026-05-01") == "terminated_fee"
    assert await in_force(api, path, "2026-05-01", known_at=before) == "late_fee"
    assert await in_force(api, path, "2026-02-28") == "granted"


async def test_a_restored_right_is_granted_again_from_the_day_the_office_says(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-04, LS-07: ended, restorable, granted; each from its day."""
    path = await patent(api, database)
    for status, day in (
        ("terminated_fee", "2026-03-01"),
        ("restorable", "2026-09-10"),
        ("granted", "2026-10-20"),
    ):
        assert (await tell(api, path, status, day))["status"] == status
    days = ("2026-03-01", "2026-09-10", "2026-10-19", "2026-10-20")
    assert [await in_force(api, path, day) for day in days] == [
        "terminated_fee",
        "restorable",
        "restorable",
        "granted",
    ]


async def test_an_invalidated_right_never_existed(api: Api, database: SavepointDatabase) -> None:
    """LS-08: from its grant on, whatever was known to follow."""
    path = await patent(api, database)
    await tell(api, path, "late_fee", "2026-03-02")
    assert (await tell(api, path, "invalid_full", "2021-06-01"))["status"] == "invalid_full"
    assert await in_force(api, path, TODAY) == "invalid_full"


class Known:
    """A status of a history."""

    def __init__(self, status: AssetStatus, effective_on: date | None) -> None:
        self.status, self.effective_on, self.recorded_at = status.value, effective_on, now().now


def test_an_end_leaves_what_it_does_not_undo() -> None:
    """LS-05, LS-07: a late period that was followed by a payment or a restoration stays in the past."""
    known = [
        Known(AssetStatus.granted, None),
        Known(AssetStatus.late_fee, date(2025, 3, 2)),
        Known(AssetStatus.granted, date(2025, 5, 1)),
    ]
    assert taken_back(AssetStatus.terminated_fee, date(2025, 3, 1), known) == [date(2025, 3, 2)]
    assert taken_back(AssetStatus.terminated_fee, date(2026, 3, 1), known) == []
    assert taken_back(AssetStatus.expired, date(2025, 3, 1), known) == []


async def test_extensions_for_drugs_are_bounded_together(api: Api, database: SavepointDatabase) -> None:
    """LS-03: five years of them in all, however often the office decides."""
    path = await patent(api, database)
    body = {
        "kind": "pharmaceutical",
        "decided_on": "2024-05-01",
        "approved_on": "2038-01-01",
        "source": "期限补偿决定",
    }
    answers = []
    for version, days in ((1, 1_000), (2, 827), (2, 826)):
        headers = {"If-Match": f'"{version}"'}
        answers.append(
            await api.post("ip_office", f"{path}/term-extensions", body | {"days": days}, headers=headers)
        )
    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert codes(answers[1]) == ["term.extension_too_long"]
