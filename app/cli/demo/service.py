"""The story's services: insurance, trusteeship and portfolios."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.cli.demo.world import BINHAI, DONGLI, District, World, wan

INSURED_WAN = {
    "DL": {2018: 500, 2019: 700, 2020: 900, 2021: 1_200, 2022: 1_500},
    "BH": {2019: 400, 2020: 500, 2021: 600, 2022: 720},
}
POLICIES = 2
"""A year and a district."""
ENROLLED = {"DL": 8, "BH": 4}
"""Firms a year."""
DELIVERABLES = ("inventory", "visit", "report")
INVENTIONS, PCT_APPLICATIONS = 50, 10
"""What a portfolio needs to qualify."""


@dataclass(frozen=True, slots=True)
class Service:
    """An enrolment under way and who serves it."""

    id: str
    district: District
    trustee: str


class Services:
    """Insures, enrols, serves, evaluates, and builds portfolios."""

    def __init__(self, world: World, plans: dict[str, str]) -> None:
        self._world = world
        self._caller = world.caller
        self._plans = plans
        self._programmes: dict[str, str] = {}
        self._providers: dict[str, list[tuple[str, str]]] = {}
        self._firms: dict[str, list[str]] = {"DL": [], "BH": []}
        self._serving: list[Service] = []
        self._evaluated = 0
        self._policies: dict[str, str] = {}
        self._numbers = 0

    def insure(self, year: int) -> None:
        """The year's policies of both districts."""
        for district in (DONGLI, BINHAI):
            insured = INSURED_WAN[district.plan].get(year, 0)
            for part in range(POLICIES if insured else 0):
                self._numbers += 1
                today = self._caller.today
                body = {
                    "policy_no": f"示例保单-{district.plan}-{self._numbers}",
                    "insured_id": self._world.firm(district, "医疗器械"),
                    "product": ("enforcement", "infringement_loss")[part % 2],
                    "sum_insured": wan(insured // POLICIES),
                    "premium": wan(insured // POLICIES // 50),
                    "starts_on": today.isoformat(),
                    "ends_on": (today + timedelta(days=364)).isoformat(),
                }
                policy = self._caller.post(district.insurer, "/v1/policies", body)
                self._policies[district.plan] = policy["id"]

    def endorse(self, district: District, change_wan: int) -> None:
        """The sum insured of the district's last policy is raised or lowered."""
        self._numbers += 1
        body = {
            "endorsement_no": f"示例批单-{district.plan}-{self._numbers}",
            "delta": {
                "direction": "increase" if change_wan > 0 else "decrease",
                "amount": wan(abs(change_wan)),
            },
            "occurred_on": self._caller.today.isoformat(),
            "reason": "示例：保险金额调整",
        }
        policy = self._policies[district.plan]
        self._caller.post(district.insurer, f"/v1/policies/{policy}/endorsements", body)

    def open_programmes(self) -> None:
        """Both districts buy trusteeship for small firms under their plans and select providers."""
        caller = self._caller
        for district in (DONGLI, BINHAI):
            made = caller.post(
                district.ip_office,
                "/v1/programmes",
                {
                    "name": f"示例{district.name}中小微企业知识产权托管",
                    "plan_id": self._plans[district.plan],
                    "starts_on": "2019-01-01",
                    "ends_on": "2022-12-31",
                },
            )
            self._programmes[district.plan] = made["id"]
            self._providers[district.plan] = []
            for trustee in district.trustees:
                applied = caller.post(trustee, f"/v1/programmes/{made['id']}/providers", {})
                caller.post(
                    district.ip_office,
                    f"/v1/providers/{applied['id']}/selection",
                    {"quota": 50, "contract_no": f"示例政府购买服务合同-{trustee}"},
                )
                self._providers[district.plan].append((trustee, applied["id"]))

    def enrol(self, year: int) -> None:
        """New firms are enrolled and served; the first of them every year again, by turns of provider."""
        for district in (DONGLI, BINHAI):
            firms = self._firms[district.plan]
            fresh = [self._world.firm(district, "软件") for _ in range(ENROLLED[district.plan])]
            again = firms[:1]
            firms += fresh
            trustee, provider = self._providers[district.plan][year % len(district.trustees)]
            self._enrol(district, trustee, provider, [*again, *fresh])

    def _enrol(self, district: District, trustee: str, provider: str, firms: list[str]) -> None:
        caller, today = self._caller, self._caller.today
        rows = [
            {
                "party_id": firm,
                "industry": "software",
                "employees": 20 + place,
                "revenue_wan": 800 + 10 * place,
            }
            for place, firm in enumerate(firms)
        ]
        batch = {"programme_id": self._programmes[district.plan], "rows": rows}
        for one in caller.post(trustee, "/v1/enrolments/batch", batch)["items"]:
            path = f"/v1/enrolments/{one['id']}"
            word = self._world.paper(district.operator, "企业托管确认书")
            caller.post(
                district.operator, f"{path}/proxy-confirmation", {"data_consent": True, "document_id": word}
            )
            caller.post(district.operator, f"{path}/check", {})
            caller.post(district.operator, f"{path}/match", {"provider_id": provider})
            self._numbers += 1
            agreement = {
                "agreement_no": f"示例托管协议-{self._numbers}",
                "active_from": today.isoformat(),
                "active_to": (today + timedelta(days=250)).isoformat(),
            }
            caller.post(trustee, f"{path}/agreement", agreement)
            self._serving.append(Service(one["id"], district, trustee))

    def serve(self) -> None:
        """The providers deliver, with evidence, and the firms accept."""
        caller, day = self._caller, self._caller.today.isoformat()
        for service in self._serving:
            evidence = self._world.paper(
                service.trustee, "服务记录", shared_with=(service.district.operator,)
            )
            for kind in DELIVERABLES:
                record = caller.post(
                    service.trustee,
                    f"/v1/enrolments/{service.id}/service-records",
                    {"kind": kind, "summary": "示例服务", "occurred_on": day, "document_id": evidence},
                )
                caller.post(
                    service.district.operator,
                    f"/v1/service-records/{record['id']}/proxy-acceptance",
                    {"accepted_on": day},
                )

    def evaluate(self) -> None:
        """The terms are over; the IP offices evaluate what was done.

        The very first service is found wanting: its firm is covered when it is enrolled again, and once.
        """
        caller = self._caller
        for service in self._serving:
            body: dict[str, Any] = {
                "score": 88 if self._evaluated else 52,
                "evaluated_on": caller.today.isoformat(),
                "reason": "示例评价",
            }
            caller.post(service.district.ip_office, f"/v1/enrolments/{service.id}/evaluation", body)
            self._evaluated += 1
        self._serving.clear()

    def build_portfolio(
        self,
        district: District,
        year: int,
        *,
        inventions: int = INVENTIONS,
        pct_applications: int = PCT_APPLICATIONS,
    ) -> None:
        """An institute keeps rights together from one day on: enough of them, if no fewer are asked for."""
        world, caller = self._world, self._caller
        owner = world.firm(district, "装备研究院")
        members = [
            world.patent(district, [owner], filed_on=date(year - 4, 1 + place % 12, 8))
            for place in range(inventions)
        ]
        members += [
            world.patent(district, [owner], filed_on=date(year - 2, 1 + place % 12, 9), office="WO")
            for place in range(pct_applications)
        ]
        caller.post(
            district.operator,
            "/v1/portfolios",
            {
                "name": f"示例{district.name}高价值专利组合",
                "industry": "智能装备",
                "owner_id": owner,
                "asset_ids": members,
            },
        )
