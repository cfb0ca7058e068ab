"""Everything that bears on a right, in one statement whose cost does not grow with the register.

Each part goes by an index on the right's own id. Of consents, a caller is answered with those it may see:
who grants them, who asked for them, the right's owners, and the regulators (as in `queries.consents`).
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from asyncpg import Range

from app.domain import asset as rules
from app.domain.asset import AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import associated
from app.domain.blocker import Facts, Held, KnownConsent, OpenFee, Question
from app.domain.consent import EXPLAINED, ConsentKind, ConsentStatus, Scope
from app.domain.consent_need import Candidate
from app.domain.deal import HOLD_OF_LICENCE, DealKind, LicenceType
from app.domain.fee import FeeKind
from app.domain.hold import HoldKind, Scope as LicenceScope, lane_range
from app.domain.identifiers import new_id
from app.domain.patent_number import PatentType
from app.queries.associated_marks import read_signs, signs
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

_HOLDS = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'id', h.id, 'kind', h.kind, 'rank', h.rank, 'since', h.placed_on,
    'until', CASE WHEN upper_inf(h.period) THEN NULL ELSE upper(h.period) - 1 END,
    'running', h.period IS NULL OR h.period @> $2::date,
    'conflicting', h.kind IN ('licence', 'exclusive_licence') AND h.territory && $7::int4range
                   AND h.field && $8::int4range AND h.period && $9::daterange AND h.lane && $10::int8range,
    'source_noun', h.source_noun, 'source_id', h.source_id,
    'state', coalesce(i.status, d.status, l.status),
    'own', h.source_noun = 'reservation' AND EXISTS (
      SELECT 1 FROM reservations v WHERE v.id = h.source_id AND v.organisation_id = $4),
    'answered', p.pledgee_id IS NOT NULL
                AND coalesce(p.organisation_id, (SELECT o.id FROM organisations o
                                                 WHERE o.party_id = p.pledgee_id LIMIT 1)) IS NOT NULL)
    ORDER BY h.kind, h.placed_on, h.rank, h.serial), '[]')
FROM holds h
  LEFT JOIN pledge_items i ON i.asset_id = h.asset_id AND i.hold_id = h.id AND h.kind = 'lien'
  LEFT JOIN pledges p ON p.id = i.pledge_id
  LEFT JOIN deals d ON h.source_noun = 'deal' AND d.id = h.source_id
  LEFT JOIN listings l ON h.source_noun = 'listing' AND l.id = h.source_id
WHERE h.asset_id = a.id AND h.ended_at IS NULL
"""
_CONSENTS = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'id', c.id, 'kind', c.kind, 'grantor_id', c.grantor_id, 'status', c.status, 'action', c.action,
    'licence_type', c.licence_type, 'grantee_id', c.grantee_id, 'floor_fen', c.floor_fen,
    'valid_from', c.valid_from, 'valid_to', c.valid_to, 'max_uses', c.max_uses,
    'uses', (SELECT count(*) FROM consent_uses u WHERE u.consent_id = c.id),
    'hold_ids', covered.hold_ids) ORDER BY c.valid_to, c.id), '[]')
FROM (SELECT i.consent_id, jsonb_agg(i.hold_id ORDER BY i.id) AS hold_ids FROM consent_items i
      WHERE i.asset_id = a.id GROUP BY i.consent_id) covered
  JOIN consents c ON c.id = covered.consent_id AND c.status = ANY($6::text[])
WHERE $5::text = '000000' OR c.district_code = $5 OR c.organisation_id = $4 OR c.requested_by = $4
  OR EXISTS (SELECT 1 FROM titles t
             WHERE t.asset_id = a.id AND t.party_id = $3 AND t.recorded_at <= c.recorded_at
               AND (t.ceased_at IS NULL OR t.ceased_at > c.recorded_at))
"""
_READ = f"""
SELECT a.number, a.kind, a.patent_type, a.regime, a.mark_kind, a.status, a.status_as_of,
  a.last_day_in_force, a.invalidation_pending, a.renewals,
  (SELECT s.effective_on FROM asset_status_changes s WHERE s.asset_id = a.id AND s.status = a.status
   ORDER BY s.effective_on DESC NULLS LAST, s.recorded_at DESC LIMIT 1) AS status_since,
  ARRAY(SELECT t.party_id FROM titles t WHERE t.asset_id = a.id AND t.ceased_at IS NULL
        ORDER BY t.ordinal, t.id) AS owner_ids,
  EXISTS (SELECT 1 FROM asset_links k WHERE k.asset_id = a.id AND k.kind = 'same_day_twin'
          AND k.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM asset_links k WHERE k.other_asset_id = a.id AND k.kind = 'same_day_twin'
               AND k.ended_at IS NULL) AS twin,
  ({_HOLDS}) AS holds,
  ({_CONSENTS}) AS consents,
  (SELECT jsonb_build_object('kind', f.kind, 'ordinal', f.ordinal, 'due_on', f.due_on,
                             'amount_fen', f.amount_fen, 'reduction_percent', f.reduction_percent)
   FROM fees f WHERE f.asset_id = a.id AND f.status IN ('due', 'late')) AS fee,
  (SELECT count(*) FROM asset_classes x WHERE x.asset_id = a.id) AS classes,
  CASE WHEN a.kind = 'trademark' THEN {signs("ARRAY[a.id]")} END AS signs,
  (SELECT y.country FROM parties y WHERE y.id = $11) AS party_country,
  (SELECT y.country FROM parties y WHERE y.id = $12) AS grantee_country
FROM assets a WHERE a.id = $1
"""


async def facts(
    session: AsyncSession, actor: Actor, asset_id: uuid.UUID, question: Question, scope: LicenceScope
) -> Facts:
    """What bears on the right on the day of the question; `scope`: of the licence that is asked about.

    Where a deal, pledge or order can be found that holds the right is told to the right's owners and to
    regulators. Raises: `asset.not_found`.
    """
    connection = await driver(session)
    kind = HOLD_OF_LICENCE[question.kind_of_licence]
    row = await connection.fetchrow(
        _READ,
        asset_id,
        question.on,
        actor.party_id,
        actor.organisation_id,
        actor.regulates,
        [status.value for status in EXPLAINED],
        Range(*scope.territory),
        Range(*scope.field),
        Range(question.first_day, max(question.first_day, question.last_day) + timedelta(days=1)),
        Range(*lane_range(kind, new_id())),
        question.party_id,
        question.grantee_id,
    )
    if row is None:
        raise rules.NOT_FOUND.error("path:asset_id", asset_id=asset_id)
    told = actor.regulates is not None or actor.party_id in row["owner_ids"]
    return Facts(
        id=asset_id,
        number=row["number"],
        kind=AssetKind(row["kind"]),
        patent_type=PatentType(row["patent_type"]) if row["patent_type"] else None,
        regime=Regime(row["regime"]),
        mark_kind=MarkKind(row["mark_kind"]) if row["mark_kind"] else None,
        status=AssetStatus(row["status"]),
        status_as_of=row["status_as_of"],
        status_since=row["status_since"],
        last_day_in_force=row["last_day_in_force"],
        invalidation_pending=row["invalidation_pending"],
        twin=row["twin"],
        renewals=row["renewals"],
        owner_ids=tuple(row["owner_ids"]),
        holds=tuple(_held(hold, told=told) for hold in row["holds"]),
        consents=tuple(_consent(consent, asset_id) for consent in row["consents"]),
        fee=_fee(row["fee"]) if row["fee"] else None,
        fee_classes=max(1, row["classes"]),
        associated=tuple(
            (mark.asset_id, mark.number, mark.status)
            for mark in associated(read_signs(row["signs"]), [asset_id])[asset_id]
        ),
        party_country=row["party_country"],
        grantee_country=row["grantee_country"],
    )


PUBLIC_SOURCES = frozenset({"listing", "stay"})
"""What holds a right and is for everybody to see."""


def _held(hold: dict[str, Any], *, told: bool) -> Held:
    source = hold["source_noun"]
    return Held(
        id=uuid.UUID(hold["id"]),
        kind=HoldKind(hold["kind"]),
        rank=hold["rank"],
        since=_date(hold["since"]),
        until=_date(hold["until"]),
        running=hold["running"],
        conflicting=bool(hold["conflicting"]),
        source_noun=source,
        source_id=uuid.UUID(hold["source_id"]) if told or source in PUBLIC_SOURCES else None,
        state=hold["state"],
        answered=hold["answered"],
        own=hold["own"],
    )


def _consent(row: dict[str, Any], asset_id: uuid.UUID) -> KnownConsent:
    scope = Scope(
        status=ConsentStatus(row["status"]),
        action=DealKind(row["action"]),
        licence_type=LicenceType(row["licence_type"]) if row["licence_type"] else None,
        grantee_id=_uuid(row["grantee_id"]),
        floor_fen=row["floor_fen"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]),
        max_uses=row["max_uses"],
        uses=row["uses"],
    )
    covered = frozenset((asset_id, _uuid(hold_id)) for hold_id in row["hold_ids"])
    judged = Candidate(ConsentKind(row["kind"]), uuid.UUID(row["grantor_id"]), covered, scope)
    return KnownConsent(uuid.UUID(row["id"]), judged)


def _fee(row: dict[str, Any]) -> OpenFee:
    return OpenFee(
        kind=FeeKind(row["kind"]),
        ordinal=row["ordinal"],
        due_on=date.fromisoformat(row["due_on"]),
        amount_fen=row["amount_fen"],
        reduction_percent=row["reduction_percent"],
    )


def _uuid(value: str | None) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
