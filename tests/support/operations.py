"""What the rows of the operations themselves come to, row by row and without the application's rules.

The counterpart of the facts: measures with their days, worked out from pledges, deals, policies,
enrolments and portfolios (ST-08 to ST-10, PL-28, TG-06, DL-04). A party counts where it is registered.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import text

from app.infra.db import Unit

Row = Mapping[str, Any]

STATEMENTS: Mapping[str, str] = {
    "pledge_items": """SELECT p.id, p.principal_fen, i.asset_kind, i.registered_on, f.district_code
        FROM pledge_items i JOIN pledges p ON p.id = i.pledge_id JOIN parties f ON f.id = i.pledgor_id
        WHERE i.registered_on IS NOT NULL ORDER BY p.id, i.ordinal""",
    "deals": """SELECT d.kind, d.amount_fen, d.affiliated, d.contract_on, d.recorded_on, d.registered_on,
        ARRAY[f.district_code, t.district_code] AS districts
        FROM deals d JOIN parties f ON f.id = d.grantor_id JOIN parties t ON t.id = d.grantee_id
        WHERE d.contract_on IS NOT NULL""",
    "policies": """SELECT p.sum_insured_fen AS fen, p.starts_on AS day, f.district_code
        FROM policies p JOIN parties f ON f.id = p.insured_id WHERE p.status <> 'voided'
        UNION ALL SELECT e.delta_fen, e.occurred_on, f.district_code FROM policy_endorsements e
        JOIN policies p ON p.id = e.policy_id JOIN parties f ON f.id = p.insured_id
        WHERE p.status <> 'voided'""",
    "enrolments": """SELECT g.plan_id, e.party_id, e.counted_on, f.district_code
        FROM enrolments e JOIN programmes g ON g.id = e.programme_id JOIN parties f ON f.id = e.party_id
        WHERE e.status = 'counted'""",
    "successions": "SELECT predecessor_id, successor_id FROM party_successions",
    "members": """SELECT m.portfolio_id, m.joined_on, m.left_on, a.office, a.patent_type, f.district_code
        FROM portfolio_members m JOIN portfolios p ON p.id = m.portfolio_id
        JOIN assets a ON a.id = m.asset_id JOIN parties f ON f.id = p.owner_id ORDER BY m.portfolio_id""",
}


async def operations(unit: Unit) -> dict[str, list[Row]]:
    """The rows of all operations that plans count."""
    found: dict[str, list[Row]] = {}
    for name, statement in STATEMENTS.items():
        rows = await unit.session.execute(text(statement))
        found[name] = [dict(row) for row in rows.mappings()]
    return found


def counted(rows: Mapping[str, Sequence[Row]], plan_id: uuid.UUID, district: str) -> list[Row]:
    """What a plan's district counts: measure, value and day, as facts have them."""
    in_district = {
        name: [row for row in found if row["district_code"] == district]
        for name, found in rows.items()
        if name not in {"deals", "successions"}
    }
    found = [
        *_pledges(in_district["pledge_items"]),
        *_deals(row for row in rows["deals"] if district in row["districts"]),
        *(("policy_amount", row["fen"], row["day"]) for row in in_district["policies"]),
        *_coverages(in_district["enrolments"], rows["successions"], plan_id),
        *_portfolios(in_district["members"]),
    ]
    return [{"measure": measure, "value": value, "occurred_on": day} for measure, value, day in found]


def _pledges(items: Sequence[Row]) -> Iterator[tuple[str, int, date]]:
    """A financing once, with its first registration; a mixed one on the day of its second kind."""
    for _, group in groupby(items, key=lambda row: row["id"]):
        rights = list(group)
        first: dict[str, date] = {}
        for right in sorted(rights, key=lambda row: row["registered_on"]):
            first.setdefault(right["asset_kind"], right["registered_on"])
            yield "pledge_registration_count", 1, right["registered_on"]
        yield "pledge_financing_count", 1, min(first.values())
        yield "pledge_financing_amount", rights[0]["principal_fen"], min(first.values())
        if len(first) == 2:
            yield "pledge_mixed_count", 1, max(first.values())


def _deals(deals: Iterator[Row]) -> Iterator[tuple[str, int, date]]:
    """A transfer on its registration; a licence on its recordal, or else on its contract's day."""
    for deal in deals:
        licence = deal["kind"] == "licence"
        day = (deal["recorded_on"] or deal["contract_on"]) if licence else deal["registered_on"]
        if day is not None:
            yield f"{deal['kind']}_count", 1, day
            yield f"{deal['kind']}_amount", 0 if deal["affiliated"] else deal["amount_fen"], day


def _coverages(
    enrolments: Sequence[Row], successions: Sequence[Row], plan_id: uuid.UUID
) -> Iterator[tuple[str, int, date]]:
    """Each firm once under the plan, whatever became of it, on the first day one of its enrolments counted."""
    after = {row["predecessor_id"]: row["successor_id"] for row in successions}
    since: dict[uuid.UUID, date] = {}
    for row in enrolments:
        if row["plan_id"] == plan_id:
            firm = row["party_id"]
            while firm in after:
                firm = after[firm]
            since[firm] = min(row["counted_on"], since.get(firm, row["counted_on"]))
    for day in since.values():
        yield "trusteeship_covered_count", 1, day


def _portfolios(members: Sequence[Row]) -> Iterator[tuple[str, int, date]]:
    """Plus one when fifty Chinese inventions and ten PCT applications are together, minus one when no longer."""
    for _, group in groupby(members, key=lambda row: row["portfolio_id"]):
        rights = list(group)
        before = False
        for day in sorted({day for row in rights for day in (row["joined_on"], row["left_on"]) if day}):
            there = [
                row
                for row in rights
                if row["joined_on"] <= day and (not row["left_on"] or row["left_on"] > day)
            ]
            inventions = sum(row["office"] == "CN" and row["patent_type"] == "invention" for row in there)
            applications = sum(row["office"] == "WO" for row in there)
            now = inventions >= 50 and applications >= 10
            if now is not before:
                yield "portfolio_qualified_count", 1 if now else -1, day
            before = now
