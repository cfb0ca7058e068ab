"""The story's financings: pledges filed and registered year by year, and loans repaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.cli.demo.world import BINHAI, DONGLI, District, World, wan

PATENT, TRADEMARK, MIXED = "patent", "trademark", "mixed"
LOAN_DAYS = 365
MARK_REGISTRATION_DAYS = 1_100


@dataclass(frozen=True, slots=True)
class Loan:
    """A financing to be made: so many 万元 on rights of a kind, covered by the district's pool or not."""

    principal_wan: int
    on: str
    covered: bool = False


@dataclass
class Filed:
    """A pledge under way, with the rights that its offices have yet to register."""

    id: str
    district: District
    firm: str
    patents: list[str]
    trademarks: list[str]
    covered: bool
    due_on: date
    registered_on: date | None = None
    pledged_patents: tuple[str, ...] = ()


LOANS: dict[str, dict[int, Sequence[Loan]]] = {
    "DL": {
        2018: (Loan(300, PATENT), Loan(400, PATENT), Loan(500, TRADEMARK), Loan(300, PATENT)),
        2019: (
            Loan(300, PATENT, covered=True),
            Loan(500, MIXED, covered=True),
            Loan(400, PATENT),
            Loan(300, TRADEMARK),
            Loan(400, MIXED, covered=True),
            Loan(200, PATENT, covered=True),
        ),
        2020: (
            Loan(300, PATENT, covered=True),
            Loan(500, MIXED, covered=True),
            Loan(400, MIXED, covered=True),
            Loan(300, MIXED),
            Loan(600, PATENT),
            Loan(300, TRADEMARK),
            Loan(200, PATENT, covered=True),
            Loan(300, PATENT, covered=True),
        ),
        2021: (
            *(Loan(400, PATENT, covered=True) for _ in range(4)),
            *(Loan(500, MIXED, covered=True) for _ in range(3)),
            Loan(600, PATENT),
            Loan(300, TRADEMARK),
            Loan(200, PATENT),
        ),
        2022: (
            *(Loan(450, PATENT, covered=True) for _ in range(6)),
            *(Loan(500, MIXED, covered=True) for _ in range(3)),
            Loan(600, PATENT),
            Loan(300, TRADEMARK),
            Loan(200, PATENT),
        ),
    },
    "BH": {
        2019: (Loan(500, PATENT), Loan(300, TRADEMARK), Loan(200, PATENT)),
        2020: (Loan(400, PATENT), Loan(300, MIXED), Loan(500, PATENT)),
        2021: (Loan(600, PATENT), Loan(300, MIXED), Loan(400, PATENT), Loan(100, TRADEMARK)),
        2022: (Loan(600, PATENT), Loan(400, MIXED), Loan(400, PATENT), Loan(200, TRADEMARK)),
    },
}


class Financing:
    """Files, registers and ends the story's pledges."""

    def __init__(self, world: World, pool: str) -> None:
        self._world = world
        self._caller = world.caller
        self._pool = pool
        self._numbers = 0
        self.filed: list[Filed] = []

    def file_year(self, year: int) -> None:
        """File the year's loans of both districts."""
        for district in (DONGLI, BINHAI):
            for loan in LOANS[district.plan].get(year, ()):
                self.file(district, loan, year)

    def file(self, district: District, loan: Loan, year: int) -> Filed:
        """A firm gets a loan on its rights: the bank files the pledge of all of them at once."""
        world, today = self._world, self._caller.today
        firm = world.firm(district, "智能装备")
        patents, trademarks = [], []
        if loan.on != TRADEMARK:
            patents.append(world.patent(district, [firm], filed_on=date(year - 4, 3, 15)))
        if loan.on != PATENT:
            trademarks.append(world.trademark(district, firm, registered_on=date(year - 3, 6, 21)))
        self._numbers += 1
        due_on = today + timedelta(days=LOAN_DAYS)
        body: dict[str, Any] = {
            "borrower_id": firm,
            "principal": wan(loan.principal_wan),
            "debt_from": today.isoformat(),
            "debt_to": due_on.isoformat(),
            "contract": {
                "number": f"示例质押合同-{district.plan}-{self._numbers}",
                "signed_on": today.isoformat(),
                "claim_kind": "流动资金借款",
                "security_scope": "本金、利息、违约金及实现质权的费用",
            },
            "items": [{"asset_id": asset, "pledgor_id": firm} for asset in (*patents, *trademarks)],
        }
        if loan.covered:
            body["pool_id"] = self._pool
        pledge = self._caller.post(district.bank, "/v1/pledges", body)
        filed = Filed(
            pledge["id"],
            district,
            firm,
            patents,
            trademarks,
            loan.covered,
            due_on,
            pledged_patents=tuple(patents),
        )
        self.filed.append(filed)
        return filed

    def register_patents(self) -> None:
        """The patent office registers what is filed."""
        for filed in self.filed:
            self._register(filed, filed.patents, {})
            filed.patents = []

    def register_trademarks(self) -> None:
        """The trademark office registers what is filed, on a day of its own, for a time."""
        ends_on = self._caller.today + timedelta(days=MARK_REGISTRATION_DAYS)
        for filed in self.filed:
            self._register(filed, filed.trademarks, {"expires_on": ends_on.isoformat()})
            filed.trademarks = []

    def _register(self, filed: Filed, assets: Sequence[str], more: dict[str, str]) -> None:
        if not assets:
            return
        today = self._caller.today
        numbers = range(self._numbers + 1, self._numbers + 1 + len(assets))
        self._numbers = numbers[-1]
        registrations = [
            {
                "asset_id": asset,
                "registration_no": f"Y{today.year}98{number:07d}",
                "registered_on": today.isoformat(),
                **more,
            }
            for asset, number in zip(assets, numbers, strict=True)
        ]
        body = {"registrations": registrations}
        self._caller.post(filed.district.bank, f"/v1/pledges/{filed.id}/registrations", body)
        filed.registered_on = filed.registered_on or today

    def repay_before(self, day: date, *, but_for: Sequence[Filed] = ()) -> None:
        """Loans registered before a day are paid back: registrations are cancelled, cover is released."""
        ending = [one for one in self.filed if one.registered_on and one.registered_on < day]
        for filed in ending:
            if filed not in but_for:
                self._caller.post(
                    filed.district.bank,
                    f"/v1/pledges/{filed.id}/deregistrations",
                    {"reason": "debt_paid", "deregistered_on": self._caller.today.isoformat()},
                )
                self.filed.remove(filed)
