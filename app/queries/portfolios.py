"""Reads of portfolios: who may see them, their members on a day, and the days on which these count."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Select, func, or_, select

from app.domain import portfolio as rules
from app.domain.asset import CN, ENDED, IN_FORCE, AssetKind
from app.domain.fact import Measure
from app.domain.patent_number import PatentType
from app.domain.portfolio import Counting, PortfolioStatus, Span
from app.models.asset import Asset, Title
from app.models.fact import Fact
from app.models.organisation import Organisation
from app.models.portfolio import Portfolio, PortfolioMember
from app.queries.districts import seen_by
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

PCT_OFFICE = "WO"
"""WIPO ST.3 code of the International Bureau, with which PCT applications are filed."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A right that might join: whether the owner holds it and whether it is in the portfolio already."""

    number: str
    kind: AssetKind
    owned: bool
    member: bool


def visible(actor: Actor) -> Select[Portfolio]:
    """Portfolios the caller keeps or owns, and those of the district it regulates."""
    return select(Portfolio).where(
        seen_by(
            actor,
            Portfolio.district_code,
            Portfolio.organisation_id == actor.organisation_id,
            Portfolio.owner_id == actor.party_id,
        )
    )


def matching(
    statement: Select[Portfolio],
    *,
    status: PortfolioStatus | None = None,
    owner_id: uuid.UUID | None = None,
    qualified: bool | None = None,
) -> Select[Portfolio]:
    """`statement` narrowed by what is given; `qualified`: by whether the portfolio qualifies now."""
    for column, value in ((Portfolio.status, status), (Portfolio.owner_id, owner_id)):
        if value is not None:
            statement = statement.where(column == value)
    if qualified is not None:
        statement = statement.where(Portfolio.qualified_on.is_not(None) == qualified)
    return statement


async def get(
    session: AsyncSession, actor: Actor, portfolio_id: uuid.UUID, *, lock: bool = False
) -> Portfolio:
    """One portfolio the caller may see, locked and fresh if asked. Raises: `portfolio.not_found`."""
    statement = visible(actor).where(Portfolio.id == portfolio_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    portfolio = (await session.scalars(statement)).one_or_none()
    if portfolio is None:
        raise rules.NOT_FOUND.error(portfolio_id=portfolio_id)
    return portfolio


async def lock(session: AsyncSession, portfolio_ids: Collection[uuid.UUID]) -> list[Portfolio]:
    """Portfolios, locked in the order of their ids and fresh, whoever may see them."""
    statement = select(Portfolio).where(Portfolio.id.in_(portfolio_ids)).order_by(Portfolio.id)
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(await session.scalars(statement))


async def standing(session: AsyncSession) -> dict[uuid.UUID, date | None]:
    """Since when each portfolio qualifies, as it stands written; a closed one does not."""
    return dict((await session.execute(select(Portfolio.id, Portfolio.qualified_on))).all())


def members(portfolio_id: uuid.UUID, on: date) -> Select[PortfolioMember]:
    """Members of a portfolio on a day."""
    return select(PortfolioMember).where(
        PortfolioMember.portfolio_id == portfolio_id,
        PortfolioMember.joined_on <= on,
        or_(PortfolioMember.left_on.is_(None), PortfolioMember.left_on > on),
    )


async def sizes(
    session: AsyncSession, portfolio_ids: Collection[uuid.UUID], on: date
) -> dict[uuid.UUID, int]:
    """How many members portfolios have on a day, whatever they count as."""
    statement = (
        select(PortfolioMember.portfolio_id, func.count(PortfolioMember.asset_id.distinct()))
        .where(
            PortfolioMember.portfolio_id.in_(portfolio_ids),
            PortfolioMember.joined_on <= on,
            or_(PortfolioMember.left_on.is_(None), PortfolioMember.left_on > on),
        )
        .group_by(PortfolioMember.portfolio_id)
    )
    found = dict.fromkeys(portfolio_ids, 0)
    found.update((await session.execute(statement)).all())
    return found


async def assets(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Asset]:
    """The rights behind members."""
    return {asset.id: asset for asset in await session.scalars(select(Asset).where(Asset.id.in_(asset_ids)))}


def counting(asset: Asset) -> Counting | None:
    """What a right counts as in a portfolio, if anything."""
    if asset.kind != AssetKind.patent:
        return None
    if asset.office == PCT_OFFICE:
        return Counting.pct_application
    invention = asset.office == CN and asset.patent_type == PatentType.invention
    return Counting.invention if invention else None


async def live(session: AsyncSession, portfolio_id: uuid.UUID) -> dict[uuid.UUID, date]:
    """The rights whose membership has not ended, with the day they joined."""
    statement = select(PortfolioMember.asset_id, PortfolioMember.joined_on).where(
        PortfolioMember.portfolio_id == portfolio_id, PortfolioMember.left_at.is_(None)
    )
    return dict((await session.execute(statement)).all())


async def candidates(
    session: AsyncSession, portfolio: Portfolio, asset_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Candidate]:
    """What decides whether rights may join; those the register does not know are left out."""
    owned = (
        select(Title.id)
        .where(Title.asset_id == Asset.id, Title.party_id == portfolio.owner_id, Title.ceased_at.is_(None))
        .exists()
    )
    member = (
        select(PortfolioMember.id)
        .where(
            PortfolioMember.asset_id == Asset.id,
            PortfolioMember.portfolio_id == portfolio.id,
            PortfolioMember.left_at.is_(None),
        )
        .exists()
    )
    statement = select(Asset.id, Asset.number, Asset.kind, owned, member).where(Asset.id.in_(asset_ids))
    return {
        asset_id: Candidate(number, AssetKind(kind), is_owned, is_member)
        for asset_id, number, kind, is_owned, is_member in (await session.execute(statement)).all()
    }


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A right's membership in another portfolio, until the day it left (None: it is in there).

    `open`: written as not ended. It nevertheless has an `until` if the other portfolio's owner holds the
    right no more: then it is in there on paper only.
    """

    portfolio_id: uuid.UUID
    asset_id: uuid.UUID
    until: date | None
    open: bool


_ELSEWHERE = """
SELECT m.portfolio_id, m.asset_id, m.left_at IS NULL AS open, CASE
  WHEN m.left_at IS NOT NULL THEN m.left_on
  WHEN NOT bool_or(t.id IS NOT NULL AND t.ceased_at IS NULL) THEN greatest(m.joined_on, max(t.ceased_on))
  END AS until
FROM portfolio_members m JOIN portfolios p ON p.id = m.portfolio_id
LEFT JOIN titles t ON t.asset_id = m.asset_id AND t.party_id = p.owner_id AND t.superseded_at IS NULL
WHERE m.asset_id = ANY($1::uuid[]) AND m.portfolio_id <> $2
GROUP BY m.id ORDER BY m.portfolio_id, m.asset_id
"""


async def elsewhere(
    session: AsyncSession, portfolio_id: uuid.UUID, asset_ids: Collection[uuid.UUID]
) -> list[Elsewhere]:
    """Memberships, ended ones too, of these rights in other portfolios than this."""
    connection = await driver(session)
    return [
        Elsewhere(row["portfolio_id"], row["asset_id"], row["until"], row["open"])
        for row in await connection.fetch(_ELSEWHERE, list(asset_ids), portfolio_id)
    ]


# Days as ranges without their last day. A right's days in a portfolio are the union of its memberships,
# cut by the days its owner held it (an end on an unknown day: not held, as in the chain of title), less
# those on which its status (the latest to take effect, of these the last known) did not let it count.
_SPANS = """
WITH membership AS (
  SELECT m.portfolio_id, m.asset_id, p.owner_id, range_agg(daterange(m.joined_on, m.left_on)) AS days
  FROM portfolio_members m JOIN portfolios p ON p.id = m.portfolio_id
  WHERE m.portfolio_id = ANY($1::uuid[])
  GROUP BY m.portfolio_id, m.asset_id, p.owner_id
), counting AS (
  SELECT m.*, CASE WHEN a.office = $2 THEN 'pct_application' ELSE 'invention' END AS counting
  FROM membership m JOIN assets a ON a.id = m.asset_id
  WHERE a.kind = 'patent' AND (a.office = $2 OR (a.office = 'CN' AND a.patent_type = 'invention'))
), held AS (
  SELECT c.portfolio_id, c.asset_id,
    range_agg(daterange(t.acquired_on, CASE WHEN t.ceased_at IS NOT NULL THEN t.ceased_on END)) AS days
  FROM counting c JOIN titles t ON t.asset_id = c.asset_id AND t.party_id = c.owner_id
  WHERE t.superseded_at IS NULL AND (t.ceased_at IS NULL OR t.ceased_on IS NOT NULL)
    AND (t.ceased_at IS NULL OR t.acquired_on IS NULL OR t.acquired_on <= t.ceased_on)
  GROUP BY c.portfolio_id, c.asset_id
), status AS (
  SELECT DISTINCT ON (s.asset_id, coalesce(s.effective_on, '-infinity')) s.asset_id, s.status,
    coalesce(s.effective_on, '-infinity') AS effective_on
  FROM asset_status_changes s WHERE s.asset_id IN (SELECT asset_id FROM counting)
  ORDER BY s.asset_id, coalesce(s.effective_on, '-infinity'), s.recorded_at DESC, s.id DESC
), standing AS (
  SELECT asset_id, range_agg(days) FILTER (WHERE status = ANY($3::text[])) AS in_force,
    range_agg(days) FILTER (WHERE status = ANY($4::text[])) AS ended FROM (
    SELECT asset_id, status, daterange(effective_on,
      lead(effective_on) OVER (PARTITION BY asset_id ORDER BY effective_on)) AS days FROM status) s
  GROUP BY asset_id
), lasting AS (
  SELECT c.portfolio_id, c.asset_id, c.counting, c.days * h.days * CASE c.counting
    WHEN 'invention' THEN coalesce(s.in_force, '{}')
    ELSE '{(,)}'::datemultirange - coalesce(s.ended, '{}') END AS days
  FROM counting c JOIN held h USING (portfolio_id, asset_id) LEFT JOIN standing s USING (asset_id)
)
SELECT portfolio_id, counting, lower(r.days) AS since, upper(r.days) AS until, count(*) AS rights
FROM lasting CROSS JOIN LATERAL unnest(lasting.days) AS r(days) GROUP BY 1, 2, 3, 4 ORDER BY 1, 3
"""


async def spans(session: AsyncSession, portfolio_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Span]]:
    """When how many rights count in portfolios, in one statement however many they are."""
    found: dict[uuid.UUID, list[Span]] = {portfolio_id: [] for portfolio_id in portfolio_ids}
    connection = await driver(session)
    statuses = [sorted(status.value for status in group) for group in (IN_FORCE, ENDED)]
    for row in await connection.fetch(_SPANS, list(portfolio_ids), PCT_OFFICE, *statuses):
        span = Span(Counting(row["counting"]), row["since"], row["until"], row["rights"])
        found[row["portfolio_id"]].append(span)
    return found


async def counted(
    session: AsyncSession, portfolio_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[date, int]]:
    """What portfolios count for so far, day by day, corrections included."""
    found: dict[uuid.UUID, dict[date, int]] = {portfolio_id: {} for portfolio_id in portfolio_ids}
    total = func.sum(Fact.value)
    statement = (
        select(Fact.source_id, Fact.occurred_on, total)
        .where(
            Fact.source_id.in_(portfolio_ids),
            Fact.source_noun == "portfolio",
            Fact.measure == Measure.portfolio_qualified_count,
        )
        .group_by(Fact.source_id, Fact.occurred_on)
        .having(total != 0)
    )
    for portfolio_id, day, value in (await session.execute(statement)).all():
        found[portfolio_id][day] = int(value)
    return found


async def audience(session: AsyncSession, portfolio: Portfolio) -> list[uuid.UUID]:
    """The organisations concerned: the keeper and the owner's own."""
    owner = select(Organisation.id).where(Organisation.party_id == portfolio.owner_id)
    return sorted({portfolio.organisation_id, *await session.scalars(owner)})
