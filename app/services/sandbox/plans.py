"""The plans of a sandbox: both districts' plans, with sample organisations for their departments."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.permission import system_actor
from app.domain.plan_entry import read_plan
from app.queries import plans as queries
from app.services import plans
from app.services.sandbox.organisations import SampleClient

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.plan import NewPlan

FOLDER = Path(__file__).parents[2] / "data" / "plans"
ANSWERING = {
    "知识产权局": "ip_office",
    "金融局": "finance_office",
    "财政局": "treasury",
    "区知识产权局": "ip_office_bh",
}
"""The sample organisation that answers for a department."""
OTHERS = {"DL": "department", "BH": "department_bh"}
"""By plan, the one that answers for every other department, so that all indicators can be reported."""


def documents() -> list[NewPlan]:
    """The plans that come with the program, by their codes."""
    read = [read_plan(tomllib.loads(file.read_text(encoding="utf-8"))) for file in FOLDER.glob("*.toml")]
    return sorted(read, key=lambda plan: plan.code)


async def add_plans(
    session: AsyncSession, *, moment: Moment, clients: Mapping[str, SampleClient]
) -> dict[str, uuid.UUID]:
    """Enter both plans and assign their departments to the sample organisations; the ids by code."""
    actor = system_actor("sandbox")
    made: dict[str, uuid.UUID] = {}
    for new in documents():
        plan = await plans.create(session, actor=actor, moment=moment, new=new)
        answering = {
            name: clients[ANSWERING.get(name, OTHERS[new.code])].organisation.id for name in new.departments
        }
        await plans.assign(session, actor=actor, moment=moment, plan_id=plan.id, answering=answering)
        made[new.code] = plan.id
    return made


async def find_plans(session: AsyncSession) -> dict[str, uuid.UUID]:
    """The ids of the plans that are there, by code."""
    found = [await queries.with_code(session, code) for code in OTHERS]
    return {plan.code: plan.id for plan in found if plan is not None}
