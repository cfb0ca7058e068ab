"""Sample organisations of a sandbox: a fictional one per role, with API credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from app.domain.party import IdentifierScheme, PartyKind
from app.domain.permission import Actor, Role, permissions_of, system_actor
from app.domain.uscc import uscc_check_character
from app.models.organisation import Client, Organisation
from app.services import organisations, parties

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

DISTRICT = "120110"
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
}


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
        roles = frozenset(Role(role) for role in self.client.roles)
        return Actor(
            client_id=self.client.id,
            organisation_id=self.organisation.id,
            party_id=self.organisation.party_id,
            district_code=self.organisation.district_code,
            roles=roles,
            permissions=permissions_of(roles),
            request_id=request_id,
        )


def client_name(key: str) -> str:
    """The public name of the sample client with that role key."""
    return PREFIX + key.replace("_", "-")


def sample_uscc(number: int) -> str:
    """A well-formed 统一社会信用代码 for the `number`-th fictional organisation of the sample district."""
    body = f"91{DISTRICT}MA{number:06d}"
    inner = _organisation_check(body[8:16])
    return body + inner + uscc_check_character(body + inner)


def _organisation_check(code: str) -> str:
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    rest = 11 - sum(alphabet.index(c) * w for c, w in zip(code, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


async def add_organisations(
    session: AsyncSession, *, moment: Moment, new_secret: Callable[[], str], digest: Callable[[str], bytes]
) -> dict[str, SampleClient]:
    """Enter the sample organisations; returns their credentials by role key."""
    made: dict[str, SampleClient] = {}
    actor = system_actor("sandbox")
    for number, (key, (role, name)) in enumerate(NAMES.items(), start=1):
        party = await parties.register(
            session,
            actor=actor,
            moment=moment,
            new=parties.NewParty(
                kind=PartyKind.organisation,
                name=name,
                district_code=DISTRICT,
                identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, sample_uscc(number))],
                country="CN",
            ),
        )
        organisation = await organisations.enrol(
            session, moment=moment, party_id=party.id, name=name, roles=[role], district_code=DISTRICT
        )
        secret = new_secret()
        client = await organisations.add_client(
            session,
            moment=moment,
            organisation=organisation,
            client_id=client_name(key),
            secret_sha256=digest(secret),
            roles=[role],
        )
        made[key] = SampleClient(key, organisation, client, secret)
    return made


async def is_empty(session: AsyncSession) -> bool:
    """Whether nobody uses this database yet; nobody else can begin to fill it before the commit."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FILLING})
    return (await session.execute(select(Organisation.id).limit(1))).first() is None


async def has_secrets(session: AsyncSession, digests: Mapping[str, bytes]) -> bool:
    """Whether every client named in `digests` has the secret with that digest here."""
    statement = select(Client.client_id, Client.secret_sha256).where(Client.client_id.in_(list(digests)))
    stored = {name: bytes(digest) for name, digest in await session.execute(statement)}
    return bool(digests) and stored == dict(digests)


async def renew_secrets(
    session: AsyncSession, *, new_secret: Callable[[], str], digest: Callable[[str], bytes]
) -> dict[str, SampleClient]:
    """Give the sample clients new secrets, the old ones being lost: only their digests are stored."""
    keys = {client_name(key): key for key in NAMES}
    statement = (
        select(Client, Organisation)
        .join(Organisation, Organisation.id == Client.organisation_id)
        .where(Client.client_id.in_(list(keys)))
        .with_for_update(of=Client)
    )
    made: dict[str, SampleClient] = {}
    for client, organisation in await session.execute(statement):
        secret, key = new_secret(), keys[client.client_id]
        client.secret_sha256 = digest(secret)
        made[key] = SampleClient(key, organisation, client, secret)
    await session.flush()
    return {key: made[key] for key in NAMES if key in made}
