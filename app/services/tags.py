"""Tagging rights: IPC, CPC, Locarno, industries; ending a tag (AST-11)."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain import tag as rules
from app.domain.asset import AssetKind
from app.domain.asset_number import attempt
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.patent_number import PatentType
from app.domain.request import date_faults
from app.domain.tag import MAIN_CLASS, TagScheme
from app.models.asset import Asset, AssetTag
from app.queries import assets as asset_queries, tags as queries
from app.services import events
from app.services.assets.common import event as asset_event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

INDUSTRIES = Path(__file__).parents[1] / "data" / "gbt4754_2017.csv"


@cache
def industries() -> Mapping[str, str]:
    """GB/T 4754-2017: the name of each code, from sections (`C`) to classes (`3911`)."""
    with INDUSTRIES.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag as it is given; `valid_from` None: the right has been so classed from its beginning."""

    scheme: TagScheme
    code: str
    main: bool
    valid_from: date | None
    source: str


async def tag(
    session: AsyncSession, *, actor: Actor, moment: Moment, asset_id: uuid.UUID, new: NewTag
) -> AssetTag:
    """Class a right. A main tag of IPC or Locarno is its main class from now on.

    Raises: `asset.not_found`; then all that apply: `ipc.format`, `cpc.format`, `locarno.format`,
    `tag.industry_unknown`, `tag.code_missing`, `tag.unfit`, `tag.taken`, `tag.main_taken`,
    `request.date_in_future`.
    """
    [asset] = await asset_queries.lock(session, [asset_id], pointer="path:asset_id")
    found = rules.fits(new.scheme, AssetKind(asset.kind), _patent_type(asset))
    code = attempt(found, rules.read_code, new.scheme, new.code, main=new.main, industries=industries())
    live = await queries.live(session, asset_id, new.scheme)
    if any(one.code == code for one in live):
        found.append(rules.TAKEN.violation("/code", scheme=new.scheme.value, code=code))
    if new.main and any(one.main for one in live):
        found.append(rules.MAIN_TAKEN.violation("/main", scheme=new.scheme.value))
    if new.valid_from is not None:
        found += date_faults("/valid_from", new.valid_from, today=moment.today)
    refuse_if(found)
    payload = {"scheme": new.scheme, "code": code, "main": new.main, "valid_from": new.valid_from}
    event = asset_event("asset.tagged", asset_id, payload, new.valid_from)
    await events.record(session, actor=actor, moment=moment, events=[event])
    made = AssetTag(
        id=new_id(),
        asset_id=asset_id,
        scheme=new.scheme,
        code=code,
        main=new.main,
        valid_from=new.valid_from,
        source=new.source,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(made)
    if new.main and new.scheme in MAIN_CLASS:
        _class(asset, code)
    await session.flush()
    return made


async def end(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    tag_id: uuid.UUID,
    valid_to: date | None,
) -> AssetTag:
    """End a tag: it holds until the day before `valid_to`; None: it was wrong from its start.

    What was counted by it stays counted. Raises: `asset.not_found`, `tag.not_found`, `tag.already_ended`,
    `tag.validity_empty`, `request.date_in_future`.
    """
    [asset] = await asset_queries.lock(session, [asset_id], pointer="path:asset_id")
    ended = await queries.get(session, asset_id, tag_id)
    refuse_if(_end_faults(ended, valid_to, moment.today))
    payload = {"scheme": ended.scheme, "code": ended.code, "main": ended.main, "valid_to": valid_to}
    event = asset_event("asset.tag_ended", asset_id, payload, valid_to)
    await events.record(session, actor=actor, moment=moment, events=[event])
    ended.valid_to = valid_to
    ended.ended_at = moment.now
    ended.ended_event_id = event.id
    if ended.main and ended.scheme in MAIN_CLASS:
        _class(asset, None)
    await session.flush()
    return ended


def _end_faults(tag: AssetTag, valid_to: date | None, today: date) -> list[Violation]:
    if tag.ended_at is not None:
        return [rules.ALREADY_ENDED.violation("path:tag_id", code=tag.code)]
    if valid_to is None:
        return []
    found = date_faults("/valid_to", valid_to, today=today)
    if tag.valid_from is not None and valid_to <= tag.valid_from:
        facts = {"valid_to": valid_to, "valid_from": tag.valid_from}
        found.append(rules.VALIDITY_EMPTY.violation("/valid_to", **facts))
    return found


def _class(asset: Asset, code: str | None) -> None:
    """The main class as people quote it follows the main tag."""
    if asset.ipc != code:
        asset.ipc = code
        asset.version += 1


def _patent_type(asset: Asset) -> PatentType | None:
    return PatentType(asset.patent_type) if asset.patent_type else None
