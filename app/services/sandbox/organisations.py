"""Sample organisations of a sandbox: a fictional one per role, with API credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.domain.permission import Actor, Role, system_actor
from app.domain.uscc import organisation_check_character, uscc_check_character
from app.models.organisation import Client, Organisation
from app.queries import clients as client_queries, organisations as organisation_queries
from app.services import clients, organisations
from app.services.clients import KnownClient

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

DISTRICT = "120110"
OTHER_DISTRICT = "120116"
NAMES: Mapping[str, tuple[Role, str]] = {
    "agency": (Role.agency, "示例知识产权运营有限公司"),
    "bank_a": (Role.bank, "示例甲银行"),
    "bank_b": (Role.bank, "示例乙银行"),
    "sme": (Role.sme, "示例智能装备有限公司"),
    "sme_b": (Role.sme, "示例医疗器械有限公司"),
    "guarantor": (Role.guarantor, "示例融资担保有限公司"),
    "insurer": (Role.insurer, "示例财产保险有限公司"),
    "appraiser": (Role.appraiser, "示例资产评估有限公司"),
    "trustee": (Role.trustee, "示例知识产权托管有限公司"),
    "operator": (Role.operator, "示例运营服务平台"),
    "pool_manager": (Role.pool_manager, "示例资金池受托管理公司"),
    "ip_office": (Role.ip_office, "示例区知识产权局"),
    "finance_office": (Role.finance_office, "示例区金融局"),
    "treasury": (Role.treasury, "示例区财政局"),
    "department": (Role.department, "示例区市场监管局"),
    "auditor": (Role.auditor, "示例区审计局"),
    "ip_office_bh": (Role.ip_office, "示例滨海知识产权局"),
    "department_bh": (Role.department, "示例滨海统计部门"),
    "sme_bh": (Role.sme, "示例滨海科技有限公司"),
    "bank_bh": (Role.bank, "示例滨海银行"),
    "operator_bh": (Role.operator, "示例滨海运营服务平台"),
    "insurer_bh": (Role.insurer, "示例滨海财产保险有限公司"),
    "trustee_bh": (Role.trustee, "示例滨海知识产权托管有限公司"),
    "trustee_b": (Role.trustee, "示例第二知识产权托管有限公司"),
}
"""Role and name by key; keys that end in `_bh` are of the other district."""
COLLEAGUES: Mapping[str, str] = {"ip_office_clerk": "ip_office", "ip_office_bh_clerk": "ip_office_bh"}
"""Second clients of organisations whose own work another of theirs must check (RB-02)."""


def district_of(key: str) -> str:
    """The district that the sample organisation with that key belongs to."""
    return OTHER_DISTRICT if key.endswith("_bh") else DISTRICT


PREFIX = "sandbox-"
FILLING = 7_120_114
"""Advisory lock of who fills an empty sandbox, so that two that start at once do not both do it."""


@dataclass(frozen=True, slots=True)
class SampleClient:
    """A sample organisation and its credentials."""

    key: str
    organisation: Organisation
    client: Client
    secret: str

    def actor(self, request_id: str) -> Actor:
        """The caller this sample is, with all its permissions."""
        return KnownClient.of(self.client, self.organisation).actor(request_id)


def client_name(key: str) -> str:
    """The public name of the sample client with that role key."""
    return PREFIX + key.replace("_", "-")


def sample_uscc(number: int) -> str:
    """A well-formed 统一社会信用代码 for the `number`-th fictional organisation of the sample district."""
    body = f"91{DISTRICT}MA{number:06d}"
    inner = organisation_check_character(body[8:16])
    return body + inner + uscc_check_character(body + inner)


async def add_organisations(
    session: AsyncSession, *, moment: Moment, new_secret: Callable[[], str], digest: Callable[[str], bytes]
) -> dict[str, SampleClient]:
    """Enter the sample organisations; returns their credentials by role key."""
    made: dict[str, SampleClient] = {}
    actor = system_actor("sandbox")
    for number, (key, (role, name)) in enumerate(NAMES.items(), start=1):
        organisation = await organisations.add(
            session,
            actor=actor,
            moment=moment,
            name=name,
            uscc=sample_uscc(number),
            roles=[role],
            district_code=district_of(key),
        )
        mine = [key, *(colleague for colleague, of in COLLEAGUES.items() if of == key)]
        for name_key in mine:
            secret = new_secret()
            client = await clients.issue(
                session,
                actor=actor,
                moment=moment,
                organisation_id=organisation.id,
                client_id=client_name(name_key),
                secret_sha256=digest(secret),
                roles=[role],
            )
            made[name_key] = SampleClient(name_key, organisation, client, secret)
    return made


async def is_empty(session: AsyncSession) -> bool:
    """Whether nobody uses this database yet; nobody else can begin to fill it before the commit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FILLING})
    return not await organisation_queries.are_any(session)


async def has_secrets(session: AsyncSession, digests: Mapping[str, bytes]) -> bool:
    """Whether every client named in `digests` has the secret with that digest here."""
    found = await client_queries.named(session, list(digests))
    stored = {client.client_id: bytes(client.secret_sha256) for client, _ in found}
    return bool(digests) and stored == dict(digests)


async def renew_secrets(
    session: AsyncSession, *, new_secret: Callable[[], str], digest: Callable[[str], bytes]
) -> dict[str, SampleClient]:
    """Give the sample clients new secrets, the old ones being lost: only their digests are stored."""
    keys = {client_name(key): key for key in (*NAMES, *COLLEAGUES)}
    made: dict[str, SampleClient] = {}
    for client, organisation in await client_queries.named(session, list(keys), lock=True):
        secret, key = new_secret(), keys[client.client_id]
        client.secret_sha256 = digest(secret)
        made[key] = SampleClient(key, organisation, client, secret)
    await session.flush()
    return {key: made[key] for key in (*NAMES, *COLLEAGUES) if key in made}
