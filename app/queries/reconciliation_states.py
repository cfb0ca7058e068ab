"""What the register says of rights and liens on a list's day, now and as it was known when the day ended.

Each read is one statement, however long the list. What a right's status and owners are on a day is the
rule of `app.domain.asset_history`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from app.domain.asset import ENDED, AssetKind, AssetStatus
from app.domain.reconciliation_difference import Owner, RegisteredLien, RegisteredRight
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Place = tuple[AssetKind, str, str]
"""Kind, office and number key: how a list names a right."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the rights of `places`, and those that `owner_ids` own on `on`; heard by `known_at`.

    `only`: of what they own this right and no other.
    """

    places: Sequence[Place]
    owner_ids: Sequence[uuid.UUID]
    kinds: Sequence[AssetKind]
    on: date
    known_at: datetime
    only: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`named`: by place the right a list means. `owned`: the rights that are in the register for an owner."""

    named: Mapping[Place, uuid.UUID]
    rights: Mapping[uuid.UUID, RegisteredRight]
    owned: frozenset[uuid.UUID]


# A number that is the registration of one right and the application of another is the former's.
_WANTED = """
WITH listed AS (
  SELECT n, kind, office, key
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS l(kind, office, key, n)
), named AS (
  SELECT DISTINCT ON (l.n) l.n, i.asset_id
  FROM listed l JOIN asset_identifiers i ON i.key = l.key AND i.office = l.office AND i.kind = l.kind
  ORDER BY l.n, array_position(ARRAY['registration', 'application', 'publication'], i.scheme)
), owned AS (
  SELECT DISTINCT t.asset_id FROM titles t JOIN assets a ON a.id = t.asset_id
  WHERE t.party_id = ANY($4::uuid[]) AND a.kind = ANY($5::text[]) AND t.superseded_at IS NULL
    AND (t.acquired_on IS NULL OR t.acquired_on <= $6) AND (t.ceased_at IS NULL OR t.ceased_on > $6)
    AND ($8::uuid IS NULL OR t.asset_id = $8)
), wanted AS (
  SELECT asset_id FROM named UNION SELECT asset_id FROM owned
)
"""
_STATUS = """
  (SELECT c.status FROM asset_status_changes c
   WHERE c.asset_id = a.id AND (c.effective_on IS NULL OR c.effective_on <= $6) {known}
   ORDER BY c.effective_on DESC NULLS LAST, c.recorded_at DESC, c.id DESC LIMIT 1)"""
_KEYS = """ARRAY(SELECT y.name_key FROM parties y WHERE y.id = {party} UNION
        SELECT y.name_key FROM party_names y WHERE y.party_id = {party})"""

_RIGHTS = f"""
{_WANTED}
SELECT a.id, a.number, a.recorded_at > $7 AS late, a.last_day_in_force,
  ARRAY(SELECT n FROM named WHERE asset_id = a.id) AS lines, a.id IN (SELECT asset_id FROM owned) AS owned,
  {_STATUS.format(known="")} AS status,
  {_STATUS.format(known="AND c.recorded_at <= $7")} AS status_then,
  (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'keys', {_KEYS.format(party="t.party_id")},
     'now', t.superseded_at IS NULL AND (t.ceased_at IS NULL OR t.ceased_on > $6),
     'then', t.recorded_at <= $7 AND (t.superseded_at IS NULL OR t.superseded_at > $7)
             AND (t.ceased_at IS NULL OR t.ceased_at > $7 OR t.ceased_on > $6))
     ORDER BY t.ordinal, t.id)
   FROM titles t LEFT JOIN parties p ON p.id = t.party_id
   WHERE t.asset_id = a.id AND (t.acquired_on IS NULL OR t.acquired_on <= $6)) AS owners
FROM wanted w JOIN assets a ON a.id = w.asset_id
"""

# A hold that ended before the office registered it was never a lien of the office's register.
_LIENS = f"""
{_WANTED}
SELECT a.id, a.number, ARRAY(SELECT n FROM named WHERE asset_id = a.id) AS lines, liens.told
FROM wanted w JOIN assets a ON a.id = w.asset_id LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object(
    'hold_id', h.id, 'late', h.recorded_at > $7, 'ended_late', coalesce(h.ended_at > $7, false),
    'live', h.ended_at IS NULL OR coalesce(h.ended_on > $6, false), 'ended_on', h.ended_on,
    'registered_on', CASE WHEN i.id IS NULL THEN h.placed_on ELSE i.registered_on END,
    'references', array_remove(ARRAY[i.registration_no, r.reference], NULL),
    'pledgee', y.name, 'keys', {_KEYS.format(party="p.pledgee_id")},
    'identifiers', ARRAY(SELECT z.value FROM party_identifiers z WHERE z.party_id = p.pledgee_id))
    ORDER BY h.placed_on, h.rank, h.serial) AS told
  FROM holds h LEFT JOIN pledge_items i ON i.hold_id = h.id LEFT JOIN pledges p ON p.id = i.pledge_id
    LEFT JOIN recordals r ON r.id = p.recordal_id LEFT JOIN parties y ON y.id = p.pledgee_id
  WHERE h.asset_id = a.id AND h.kind = 'lien'
    AND (h.ended_at IS NULL OR i.id IS NULL OR i.registered_on IS NOT NULL)
) liens ON true
"""


async def rights(session: AsyncSession, question: Question) -> Found:
    """The rights a list names, and those it should name, in one statement."""
    found: dict[uuid.UUID, RegisteredRight] = {}
    named: dict[Place, uuid.UUID] = {}
    owned: set[uuid.UUID] = set()
    for row in await _fetch(session, _RIGHTS, question):
        owners = row["owners"] or []
        found[row["id"]] = RegisteredRight(
            asset_id=row["id"],
            number=row["number"],
            late=row["late"],
            status=_status(row["status"]),
            status_then=_status(row["status_then"]),
            owners=tuple(_owner(one) for one in owners if one["now"]),
            owners_then=tuple(_owner(one) for one in owners if one["then"]),
            last_day_in_force=row["last_day_in_force"],
        )
        named.update({question.places[n - 1]: row["id"] for n in row["lines"]})
        if row["owned"] and _status(row["status"]) not in ENDED:
            owned.add(row["id"])
    return Found(named, found, frozenset(owned))


async def liens(
    session: AsyncSession, question: Question
) -> tuple[dict[Place, uuid.UUID], dict[uuid.UUID, list[RegisteredLien]]]:
    """By place the right a list means, and by right its liens, in one statement."""
    named: dict[Place, uuid.UUID] = {}
    found: dict[uuid.UUID, list[RegisteredLien]] = {}
    for row in await _fetch(session, _LIENS, question):
        named.update({question.places[n - 1]: row["id"] for n in row["lines"]})
        told = row["told"] or []
        found[row["id"]] = [_lien(row["id"], row["number"], one) for one in told]
    return named, found


async def _fetch(session: AsyncSession, statement: str, question: Question) -> list[Any]:
    connection = await driver(session)
    kinds, offices, keys = ([place[at] for place in question.places] for at in range(3))
    rows: list[Any] = await connection.fetch(
        statement,
        kinds,
        offices,
        keys,
        list(question.owner_ids),
        list(question.kinds),
        question.on,
        question.known_at,
        question.only,
    )
    return rows


def _owner(told: Mapping[str, Any]) -> Owner:
    return Owner(told["name"], frozenset(told["keys"]))


def _status(told: str | None) -> AssetStatus | None:
    return None if told is None else AssetStatus(told)


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)


def _lien(asset_id: uuid.UUID, number: str, told: Mapping[str, Any]) -> RegisteredLien:
    return RegisteredLien(
        hold_id=uuid.UUID(told["hold_id"]),
        asset_id=asset_id,
        number=number,
        late=told["late"],
        live=told["live"],
        ended_late=told["ended_late"],
        registered_on=_day(told["registered_on"]),
        ended_on=_day(told["ended_on"]),
        references=frozenset(told["references"]),
        pledgee=told["pledgee"],
        pledgee_keys=frozenset(told["keys"]),
        pledgee_identifiers=frozenset(told["identifiers"]),
    )


async def places_of(session: AsyncSession, asset_id: uuid.UUID) -> set[Place]:
    """Every place by which a list can name a right."""
    connection = await driver(session)
    statement = "SELECT kind, office, key FROM asset_identifiers WHERE asset_id = $1"
    rows = await connection.fetch(statement, asset_id)
    return {(AssetKind(row["kind"]), row["office"], row["key"]) for row in rows}
