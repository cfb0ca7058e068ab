"""Sample rights of a sandbox: fictional patents, one of them co-owned, and trademarks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_entry import NewAsset, NewClass, NewOwner
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.patent_number import PatentType, patent_check_character
from app.domain.permission import system_actor
from app.models.asset import Asset
from app.services import assets, parties
from app.services.sandbox.organisations import DISTRICT, NAMES, SampleClient, sample_uscc

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

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


async def add_rights(
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
    return [(await assets.register(session, actor=actor, moment=moment, new=new)).asset for new in described]


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
