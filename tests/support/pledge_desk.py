"""A desk at which a state machine works with pledges over HTTP beside plain ones, and sees whether both agree."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from app.domain.asset import AssetKind
from app.domain.permission import system_actor
from app.queries import integrity
from app.services import jobs
from tests.factories.assets import make_asset
from tests.factories.claims import document, money
from tests.factories.pledges import make_pool
from tests.support.instance import Instance
from tests.support.plain_pledge import Plain

PROMPT: dict[str, Any] = {"npl_warn_bp": 10_000, "npl_suspend_bp": 10_000, "paid_ratio_suspend_bp": 10_000}
DAILY = ("follow_loans", "watch_pledges")


def yuan(units: int) -> dict[str, str]:
    return money(f"{units * 10_000}.00")


class PledgeDesk(RuleBasedStateMachine):
    """Rights, a pool and the pledges of one bank, here and there; `touched` since both sides were compared."""

    run: ClassVar[Callable[..., Any]]
    stage: ClassVar[Instance]
    today: ClassVar[date]
    counted: ClassVar[set[str]]

    def sit_down(self) -> None:
        """Five rights of one firm, the last two of them marks, and a pool with money."""
        self.pledges: list[Plain] = []
        self.touched: list[Plain] = []
        self.sold: set[str] = set()
        self.run(self._open())

    async def _open(self) -> None:
        self.owner = self.stage.api.samples["sme"].organisation.party_id
        kinds = [AssetKind.patent] * 3 + [AssetKind.trademark] * 2
        async with self.stage.database.write() as unit:
            made = [await make_asset(unit.session, owners=[self.owner], kind=kind) for kind in kinds]
        self.rights = [str(one.id) for one in made]
        self.marks = set(self.rights[3:])
        self.pool = (await make_pool(self.stage.api, **PROMPT))["id"]
        self.paper = await document(self.stage.api, "operator")

    def send(self, allowed: bool, path: str, body: dict[str, Any], by: str = "bank_a") -> dict[str, Any]:
        """Both sides do it, or both refuse; what the service answered."""
        answer = self.run(self.stage.api.post(by, path, body))
        assert answer.is_success == allowed, (path, body, answer.text)
        assert answer.is_success or answer.status_code in {404, 409, 422}, answer.text
        if allowed:
            self.counted.add(path.rsplit("/", maxsplit=1)[-1])
        shown: dict[str, Any] = answer.json()
        return shown

    def free(self, right: str) -> bool:
        return right not in self.sold and not any(right in one.live for one in self.pledges)

    def some(self, rights: list[str], pick: int) -> list[str]:
        """A part of them, or all."""
        chosen = [one for place, one in enumerate(rights) if pick >> place & 1]
        return chosen or rights

    def known_stale(self, rights: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "asset_id": one,
                "code": "pledge.status_stale",
                "pledgor_on": str(self.today),
                "pledgee_on": str(self.today),
            }
            for one in rights
        ]

    def entry(self, right: str, days: int) -> dict[str, Any]:
        """The office's registration of today, of a mark for so many days."""
        entry = {"asset_id": right, "registration_no": str(uuid.uuid4()), "registered_on": str(self.today)}
        return entry | ({"expires_on": str(self.after(days))} if right in self.marks else {})

    def after(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def amended(self, kind: str, right: str, to: date) -> dict[str, Any]:
        entry: dict[str, Any] = {"asset_id": right, "registered_on": str(self.today)}
        if kind == "substitution":
            entry |= {"registration_no": str(uuid.uuid4())}
        if right in self.marks and kind != "release":
            entry |= {"expires_on": str(max(to, self.after(1)))}
        return entry

    async def pass_days(self) -> None:
        moved = await self.stage.api.put("bank_a", "/v1/sandbox/clock", {"business_date": str(self.today)})
        assert moved.is_success, moved.text
        for name in DAILY:
            async with self.stage.database.write() as unit:
                moment = replace(unit.moment, today=self.today)
                await jobs.JOBS[name](unit.session, system_actor(f"job:{name}"), moment)

    @invariant()
    def agree(self) -> None:
        """States of pledges and rights, debts, ends, liens and the pool's cover."""
        if not hasattr(self, "pledges"):
            return
        for one in self.touched:
            assert self.run(self._shown(one.id)) == {
                "status": one.status,
                "items": one.items,
                "debt_to": str(one.debt_to),
                "unsecured": one.unsecured,
                "loan": (one.loan, f"{one.owed * 10_000}.00") if one.loan else None,
            }
        self.touched = []
        liens = {(right, one.id) for one in self.pledges for right in one.live}
        covers = {one.id: one.cover * 1_000_000 for one in self.pledges if one.cover}
        assert self.run(self._kept()) == (liens, covers)

    async def _shown(self, pledge_id: str) -> dict[str, Any]:
        api = self.stage.api
        pledge = (await api.get("bank_a", f"/v1/pledges/{pledge_id}")).json()
        loan = await api.get("bank_a", f"/v1/pledges/{pledge_id}/loan")
        known = loan.json() if loan.is_success else None
        return {
            "status": pledge["status"],
            "items": {item["asset_id"]: item["status"] for item in pledge["items"]},
            "debt_to": pledge["debt_to"],
            "unsecured": pledge["unsecured_since"] is not None,
            "loan": (known["status"], known["outstanding"]["amount"]) if known else None,
        }

    async def _kept(self) -> tuple[set[tuple[str, str]], dict[str, int]]:
        """Live liens on the rights, and what the pool covers of each pledge, in fen."""
        liens = await self.stage.owner.fetch(_LIENS, [uuid.UUID(one) for one in self.rights])
        covers = await self.stage.owner.fetch(_COVERS, uuid.UUID(self.pool))
        return (
            {(str(row["asset_id"]), str(row["source_id"])) for row in liens},
            {str(row["pledge_id"]): row["outstanding_fen"] for row in covers},
        )

    def teardown(self) -> None:
        if hasattr(self, "pledges"):
            assert self.run(self._amiss()) == []

    async def _amiss(self) -> list[integrity.Finding]:
        async with self.stage.database.read() as unit:
            return await integrity.findings(unit.session)


_LIENS = """
SELECT asset_id, source_id FROM holds
WHERE kind = 'lien' AND ended_at IS NULL AND asset_id = ANY($1::uuid[])
"""
_COVERS = """
SELECT pledge_id, outstanding_fen FROM commitments
WHERE pool_id = $1 AND status IN ('committed', 'anomaly')
"""
