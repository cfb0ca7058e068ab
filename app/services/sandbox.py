"""Sample data of a sandbox: a fictional organisation per role, its API credentials, and some rights."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from app.domain.asset import AssetKind, AssetStatus, NumberScheme, PatentType
from app.domain.asset_entry import NewAsset, NewClass, NewOwner
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.patent_number import patent_check_character
from app.domain.permission import Role, system_actor
from app.domain.uscc import uscc_check_character
from app.models.asset import Asset
from app.models.organisation import Client, Organisation
from app.services import assets, organisations, parties

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
FILLING = 7_120_112
"""Advisory lock of who fills an empty sandbox, so that two that start at once do not both do it."""
SOURCE = "示例数据"
CO_OWNER = "示例先进材料研究院有限公司"


@dataclass(frozen=True, slots=True)
class SamplePatent:
    """A fictional granted patent: the first 12 digits of its number and its owners by role key."""

    digits: str
    type: PatentType
    name: str
    ipc: str | None
    filed_on: date
    granted_on: date
    owners: Sequence[str]


@dataclass(frozen=True, slots=True)
class SampleTrademark:
    """A fictional registered trademark with its Nice classes."""

    number: str
    name: str
    classes: Mapping[int, str]
    registered_on: date
    owners: Sequence[str]


PATENTS = (
    SamplePatent(
        "202110990001",
        PatentType.invention,
        "一种工业机器人关节的减速装置（示例）",
        "B25J 17/00",
        date(2021, 3, 15),
        date(2022, 8, 9),
        ("sme",),
    ),
    SamplePatent(
        "202110990002",
        PatentType.invention,
        "基于视觉的焊缝跟踪方法（示例）",
        "B23K 9/127",
        date(2021, 6, 21),
        date(2023, 2, 14),
        ("sme",),
    ),
    SamplePatent(
        "202210990003",
        PatentType.invention,
        "一种耐磨合金涂层及其制备方法（示例）",
        "C23C 4/06",
        date(2022, 1, 10),
        date(2024, 5, 28),
        ("sme", CO_OWNER),
    ),
    SamplePatent(
        "202220990004",
        PatentType.utility_model,
        "一种模块化夹具（示例）",
        "B25B 11/00",
        date(2022, 4, 6),
        date(2022, 11, 18),
        ("sme",),
    ),
    SamplePatent(
        "202110990005",
        PatentType.invention,
        "一种便携式超声成像装置（示例）",
        "A61B 8/00",
        date(2021, 9, 2),
        date(2023, 7, 25),
        ("sme_b",),
    ),
    SamplePatent(
        "202230990006",
        PatentType.design,
        "心电监护仪（示例）",
        None,
        date(2022, 7, 19),
        date(2022, 12, 30),
        ("sme_b",),
    ),
)
TRADEMARKS = (
    SampleTrademark(
        "59990001", "示例智装", {7: "工业机器人；机床", 42: "技术研究"}, date(2022, 3, 21), ("sme",)
    ),
    SampleTrademark("59990002", "示例医联", {10: "医疗器械和仪器"}, date(2022, 5, 14), ("sme_b",)),
)


@dataclass(frozen=True, slots=True)
class SampleClient:
    """A sample organisation and its credentials."""

    key: str
    organisation: Organisation
    client: Client
    secret: str


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


async def add_samples(
    session: AsyncSession, *, moment: Moment, clients: Mapping[str, SampleClient]
) -> list[Asset]:
    """Enter fictional rights of the sample firms: patents, one of them co-owned, and trademarks."""
    actor = system_actor("sandbox")
    owners = {key: client.organisation.party_id for key, client in clients.items()}
    co_owner = await parties.register(
        session,
        actor=actor,
        moment=moment,
        new=parties.NewParty(
            kind=PartyKind.organisation,
            name=CO_OWNER,
            district_code=DISTRICT,
            identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, sample_uscc(len(NAMES) + 1))],
            country="CN",
        ),
    )
    owners[CO_OWNER] = co_owner.id
    described = [
        *(_patent(sample, owners, moment) for sample in PATENTS),
        *(_trademark(sample, owners, moment) for sample in TRADEMARKS),
    ]
    return [
        (await assets.register(session, actor=actor, moment=moment, new=new)).asset for new in described
    ]


def _patent(sample: SamplePatent, owners: Mapping[str, uuid.UUID], moment: Moment) -> NewAsset:
    return NewAsset(
        kind=AssetKind.patent,
        numbers={NumberScheme.application: sample.digits + patent_check_character(sample.digits)},
        name=sample.name,
        status=AssetStatus.granted,
        status_source=SOURCE,
        status_as_of=moment.today,
        patent_type=sample.type,
        ipc=sample.ipc,
        filed_on=sample.filed_on,
        granted_on=sample.granted_on,
        owners=_owners(sample.owners, owners, sample.granted_on),
    )


def _trademark(sample: SampleTrademark, owners: Mapping[str, uuid.UUID], moment: Moment) -> NewAsset:
    return NewAsset(
        kind=AssetKind.trademark,
        numbers={NumberScheme.registration: sample.number},
        name=sample.name,
        status=AssetStatus.registered,
        status_source=SOURCE,
        status_as_of=moment.today,
        classes=[NewClass(nice_class, goods) for nice_class, goods in sample.classes.items()],
        registered_on=sample.registered_on,
        owners=_owners(sample.owners, owners, sample.registered_on),
    )


def _owners(keys: Sequence[str], owners: Mapping[str, uuid.UUID], since: date) -> list[NewOwner]:
    """Owners without shares, the usual Chinese case."""
    return [NewOwner(owners[key], acquired_on=since) for key in keys]
