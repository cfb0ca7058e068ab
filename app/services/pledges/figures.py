"""What a pledge counts for: its registrations each, the financing once, mixed once (ST-09, PL-28)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind
from app.domain.fact import FactRole, Measure
from app.domain.pledge import PledgeStatus
from app.domain.pledge_count import Counted, counted
from app.models.pledge import Pledge, PledgeItem
from app.queries import party_histories, pledges as queries, tags as tag_queries
from app.services import events, rule_packs

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.ext.asyncio import AsyncSession

EFFECTIVE = (PledgeStatus.registered, PledgeStatus.deregistered, PledgeStatus.lapsed)


async def district_of(session: AsyncSession, pledge: Pledge, items: Sequence[PledgeItem]) -> str:
    """The district a pledge counts in: its first right's pledgor's on the day it first counts (ST-08, ID-18).

    A firm that moves takes neither the count nor its corrections along.
    """
    known = await queries.counted_in(session, pledge.id)
    if known is not None:
        return known
    pledgor_id = items[0].pledgor_id
    if pledgor_id is None:
        return pledge.district_code
    on = counted_days(items).financing_on or pledge.filed_on or date.max
    return (await party_histories.districts_on(session, [pledgor_id], on))[pledgor_id]


async def industry_of(session: AsyncSession, pledge: Pledge, items: Sequence[PledgeItem]) -> str:
    """The industry a pledge counts under: its rights' on the day it first counts, as then known (AST-11).

    Classing them otherwise later moves neither the count nor its corrections.
    """
    known = await queries.counted_industry(session, pledge.id)
    if known is not None:
        return known
    on = counted_days(items).financing_on or pledge.filed_on or date.max
    return await tag_queries.industry(session, [item.asset_id for item in items], on=on)


def counted_days(items: Iterable[PledgeItem]) -> Counted:
    """The days on which a pledge with these items counts."""
    return counted(
        (AssetKind(item.asset_kind), item.registered_on)
        for item in items
        if item.registered_on is not None and item.status in EFFECTIVE
    )


@dataclass(frozen=True, slots=True)
class Heading:
    """Under what a pledge counts; it keeps both once it counts."""

    district: str
    industry: str


async def heading_of(session: AsyncSession, pledge: Pledge, items: Sequence[PledgeItem]) -> Heading:
    """The district and the industry a pledge counts under."""
    return Heading(await district_of(session, pledge, items), await industry_of(session, pledge, items))


@dataclass(frozen=True, slots=True)
class Begun:
    """What decides where a pledge counts first: its first right's pledgor, its rights, and the day."""

    pledgor_id: uuid.UUID
    asset_ids: Sequence[uuid.UUID]
    on: date


async def first_headings(session: AsyncSession, begun: Sequence[Begun]) -> list[Heading]:
    """Under what pledges count that have not counted before, in their order: two statements for all."""
    districts = await party_histories.districts_each(session, [(one.pledgor_id, one.on) for one in begun])
    industries = await tag_queries.industries(session, [(one.asset_ids, one.on) for one in begun])
    return [Heading(*of) for of in zip(districts, industries, strict=True)]


def registration_facts(pledge: Pledge, heading: Heading, items: Sequence[PledgeItem]) -> list[events.NewFact]:
    """One registration counted for each item, on its day."""
    return _registrations(pledge, heading, items, 1)


def revocation_facts(pledge: Pledge, heading: Heading, items: Sequence[PledgeItem]) -> list[events.NewFact]:
    """The registrations of items that are void from the beginning, taken back on their own days (PL-08)."""
    return _registrations(pledge, heading, items, -1)


def _registrations(
    pledge: Pledge, heading: Heading, items: Sequence[PledgeItem], sign: int
) -> list[events.NewFact]:
    measure = Measure.pledge_registration_count
    return [
        _fact(pledge, heading, measure, (sign, item.registered_on), item.asset_kind)
        for item in items
        if item.registered_on is not None
    ]


def counting_facts(
    pledge: Pledge, heading: Heading, items: Sequence[PledgeItem], before: Counted, after: Counted
) -> list[events.NewFact]:
    """What changes in the counts; an earlier registration entered late moves the financing to its day.

    The amount is what rests on the rights; where the rules of the place ask for a larger part of the loan to
    rest on them, nothing of the financing counts (PLG-13).
    """
    kinds = {item.asset_kind for item in items}
    asset_kind = kinds.pop() if len(kinds) == 1 else "mixed"
    facts: list[events.NewFact] = []
    before, after = (_by_the_rules(pledge, heading, one) for one in (before, after))
    for sign, on in _moved(before.financing_on, after.financing_on):
        amount = sign * (_counted_fen(pledge, heading, on) or 0)
        facts.append(_fact(pledge, heading, Measure.pledge_financing_count, (sign, on), asset_kind))
        facts.append(_fact(pledge, heading, Measure.pledge_financing_amount, (amount, on), asset_kind))
    for sign, on in _moved(before.mixed_on, after.mixed_on):
        facts.append(_fact(pledge, heading, Measure.pledge_mixed_count, (sign, on), "mixed"))
    return facts


def _by_the_rules(pledge: Pledge, heading: Heading, days: Counted) -> Counted:
    """The days, unless the rules of the place on the first of them say that it counts for nothing."""
    on = days.financing_on
    if on is None or _counted_fen(pledge, heading, on) is not None:
        return days
    return Counted(None, None)


def _counted_fen(pledge: Pledge, heading: Heading, on: date) -> int | None:
    """What counts of the principal of a financing that first counts on that day; None: it does not count."""
    pack = rule_packs.packs().counting(heading.district, on)
    return pack.counted_fen(pledge.principal_fen or 0, pledge.ip_share_bp)


def extension_facts(
    pledge: Pledge, heading: Heading, items: Sequence[PledgeItem], on: date
) -> list[events.NewFact]:
    """An extension, counted once and by itself: the financing counts no more for it (PLG-12)."""
    kinds = {item.asset_kind for item in items}
    asset_kind = kinds.pop() if len(kinds) == 1 else "mixed"
    return [_fact(pledge, heading, Measure.pledge_extension_count, (1, on), asset_kind)]


def principal_facts(
    pledge: Pledge, heading: Heading, items: Sequence[PledgeItem], before_fen: int, on: date
) -> list[events.NewFact]:
    """What a change of the principal from `before_fen` adds to the amount, or takes from it, on its day."""
    if pledge.registered_on is None:
        return []
    pack = rule_packs.packs().counting(heading.district, pledge.registered_on)
    was = pack.counted_fen(before_fen, pledge.ip_share_bp) or 0
    more = (pack.counted_fen(pledge.principal_fen or 0, pledge.ip_share_bp) or 0) - was
    kinds = {item.asset_kind for item in items}
    asset_kind = kinds.pop() if len(kinds) == 1 else "mixed"
    amount = Measure.pledge_financing_amount
    return [_fact(pledge, heading, amount, (more, on), asset_kind)] if more else []


def _moved(before: date | None, after: date | None) -> list[tuple[int, date]]:
    """What takes a count from one day to another: minus one where it stood, plus one where it stands."""
    if before == after:
        return []
    return [(sign, on) for sign, on in ((-1, before), (1, after)) if on is not None]


def _fact(
    pledge: Pledge, heading: Heading, measure: Measure, counts: tuple[int, date], asset_kind: str
) -> events.NewFact:
    value, on = counts
    return events.NewFact(
        measure=measure,
        district_code=heading.district,
        role=FactRole.internal,
        value=value,
        occurred_on=on,
        source_noun="pledge",
        source_id=pledge.id,
        dimensions={
            "asset_kind": asset_kind,
            "industry": heading.industry,
            "pledgee_id": str(pledge.pledgee_id),
            "pool_id": str(pledge.pool_id or ""),
        },
    )
