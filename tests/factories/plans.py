"""Plans for tests: both districts' plans, with sample organisations for their departments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.domain.clock import Moment
from app.infra.db import Database
from app.services import sandbox
from tests.support.api import Api
from tests.support.database import SavepointDatabase


async def make_plans(api: Api, database: Database | SavepointDatabase) -> dict[str, str]:
    """The ids of both plans by code."""
    async with database.write() as unit:
        moment = Moment.at(datetime.now(UTC))
        made = await sandbox.add_plans(unit.session, moment=moment, clients=api.samples)
    return {code: str(plan_id) for code, plan_id in made.items()}


async def make_evidence(api: Api, role: str) -> str:
    """The id of a document of that organisation."""
    body = {"name": "示例佐证材料.pdf", "media_type": "application/pdf", "content_base64": "56S65L6L"}
    made = await api.made(role, "/v1/documents", body)
    return str(made["id"])


def small_plan(**changes: Any) -> dict[str, Any]:
    """A well-formed plan of one task and one indicator, as JSON."""
    return {
        "code": "XX",
        "name_zh": "示例方案",
        "name_en": "Sample plan",
        "basis": "示例文号",
        "district_code": "120110",
        "starts_on": "2023-01-01",
        "ends_on": "2025-12-31",
        "departments": ["知识产权局", "金融局"],
        "tasks": [
            {
                "number": 1,
                "section": "示例",
                "name_zh": "示例任务",
                "name_en": "Sample task",
                "lead": ["知识产权局"],
                "supporting": ["金融局"],
            }
        ],
        "indicators": [sample_indicator()],
    } | changes


def sample_indicator(**changes: Any) -> dict[str, Any]:
    """A well-formed growth, as JSON."""
    return {
        "code": "XX-01",
        "category": "indicator",
        "kind": "growth",
        "source": "operational",
        "name_zh": "质押融资金额",
        "name_en": "Pledge financing",
        "wording": "质押融资金额年均增幅12.5%以上",
        "unit": "万元",
        "base_year": 2022,
        "measures": ["pledge_financing_amount"],
        "components": ["value"],
        "departments": ["金融局"],
        "rules": ["ST-01"],
        "tasks": [1],
        "target": {"comparator": "at_least", "value": "12.5"},
    } | changes
