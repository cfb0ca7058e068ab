"""Associated marks: the marks of the same owners that pass or are pledged only together (TR-11, PL-15).

Two CN marks are associated when they have the same owners, all recorded, when their signs are identical
(`assets.sign_key`) or are linked as `similar_mark`, and when their goods overlap: a similarity group
(类似群) in common, or, where the items of a class are not known for one of them, the Nice class. Only marks
in force or pending count. What is associated with an associated mark is associated as well.

One statement finds the marks that may belong together, by owners and signs alone and each once; which do
is decided by `domain.asset_sign`. Hundreds of like marks cost as much as there are marks, not pairs.

No constraint of the database holds marks together: that two signs are similar is the offices' judgment and
may change after a contract. Services ask under the locks of the rights they act on; the other marks of the
closure need no lock, since nothing is done to them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.domain import asset_sign as rules
from app.domain.asset import STATUSES, AssetKind, AssetStatus
from app.domain.asset_sign import ALIVE, AssociatedMark, Sign
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

_ALIVE = ", ".join(f"'{status}'" for status in sorted(ALIVE & STATUSES[AssetKind.trademark]))
_OWNERS = """
SELECT array_agg(t.party_id ORDER BY t.party_id) AS ids FROM titles t
WHERE t.asset_id = {mark}.id AND t.ceased_at IS NULL HAVING count(*) = count(t.party_id)
"""
"""The live owners of a mark; no row where one is unrecorded."""

_FELLOW = f"""
n.kind = 'trademark' AND n.regime = 'cn' AND n.status IN ({_ALIVE})
AND ({_OWNERS.format(mark="n")}) = w.owners
"""
_SIMILAR = """
SELECT l.other_asset_id AS id FROM asset_links l
WHERE l.asset_id = {mark} AND l.kind = 'similar_mark' AND l.ended_at IS NULL
UNION ALL SELECT l.asset_id FROM asset_links l
WHERE l.other_asset_id = {mark} AND l.kind = 'similar_mark' AND l.ended_at IS NULL
"""
_GOODS = """
SELECT jsonb_agg(jsonb_build_array(x.nice_class, CASE WHEN g.items > 0 AND NOT g.vague THEN g.groups END))
FROM asset_classes x CROSS JOIN LATERAL (
  SELECT count(*) AS items, count(*) FILTER (WHERE i.removed_at IS NULL) AS live,
         coalesce(bool_or(i.removed_at IS NULL AND i.similar_group IS NULL), false) AS vague,
         jsonb_agg(DISTINCT i.similar_group) FILTER (WHERE i.removed_at IS NULL) AS groups
  FROM asset_goods i WHERE i.asset_id = x.asset_id AND i.nice_class = x.nice_class) g
WHERE x.asset_id = a.id AND (g.items = 0 OR g.live > 0)
"""
"""The classes of a mark: without items they are not known, with none live all were struck out."""


def signs(marks: str) -> str:
    """A subquery for `read_signs`: the marks among the ids of the SQL array `marks`, and all of the same
    owners that a chain of equal or similar signs leads to, whatever they are registered for.

    Text of the program's own only goes in. Each row of `walk` is a mark or, without id, words to look up;
    UNION keeps each once. OFFSET 0: each mark is got by its id, whatever the planner thinks of the
    walk's length; otherwise it may read all marks for each.
    """
    return f"""(
WITH RECURSIVE walk(id, owners, sign_key) AS (
  SELECT m.id, o.ids, NULL::text
  FROM assets m CROSS JOIN LATERAL ({_OWNERS.format(mark="m")}) o
  WHERE m.id = ANY({marks}) AND m.kind = 'trademark' AND m.regime = 'cn'
  UNION
  SELECT next.id, w.owners, next.sign_key FROM walk w CROSS JOIN LATERAL (
    SELECT NULL::uuid AS id, m.sign_key FROM assets m WHERE m.id = w.id AND m.sign_key IS NOT NULL
    UNION ALL
    SELECT n.id, NULL FROM assets n WHERE n.sign_key = w.sign_key AND {_FELLOW}
    UNION ALL
    SELECT fellow.id, NULL FROM ({_SIMILAR.format(mark="w.id")}) l CROSS JOIN LATERAL (
      SELECT n.id FROM assets n WHERE n.id = l.id AND {_FELLOW} OFFSET 0) fellow
  ) next
)
SELECT jsonb_agg(jsonb_build_object(
  'id', a.id, 'number', a.number, 'name', a.name, 'status', a.status, 'sign_key', a.sign_key,
  'owners', walk.owners, 'goods', ({_GOODS}),
  'similar', (SELECT jsonb_agg(s.id) FROM ({_SIMILAR.format(mark="a.id")}) s)))
FROM walk CROSS JOIN LATERAL (SELECT * FROM assets WHERE id = walk.id OFFSET 0) a)"""


# Unnested: a planner that knew how many ids there are would plan each call anew, at ten times its cost.
_CLOSURE = f"SELECT {signs('ARRAY(SELECT unnest($1::uuid[]))')}"


def read_signs(found: Sequence[dict[str, Any]] | None) -> list[Sign]:
    """What `signs` found."""
    return [
        Sign(
            asset_id=uuid.UUID(row["id"]),
            number=row["number"],
            name=row["name"],
            status=AssetStatus(row["status"]),
            sign_key=row["sign_key"],
            owners=tuple(uuid.UUID(owner) for owner in row["owners"]),
            goods={
                nice_class: None if groups is None else frozenset(groups)
                for nice_class, groups in row["goods"] or ()
            },
            similar=frozenset(uuid.UUID(key) for key in row["similar"] or ()),
        )
        for row in found or ()
    ]


async def closure(
    session: AsyncSession, asset_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[AssociatedMark]]:
    """For each right all marks that go together with it, by number, in one statement; none for a patent."""
    connection = await driver(session)
    found = await connection.fetchval(_CLOSURE, list(asset_ids))
    return rules.associated(read_signs(found), asset_ids)
