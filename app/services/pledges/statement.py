"""The one statement that writes filed pledges with everything they tie up: one, or hundreds of a batch.

Parameters $1 to $5 are those of the event's head; $6 is an object of arrays of rows. A part of the
statement whose array would be empty is left out, so that a plain filing pays for nothing else.
"""

from __future__ import annotations

from functools import cache

from app.services.events import EVENT_CTES, insert_facts
from app.services.ledger import TRANSFER_COLUMNS, TRANSFER_RECORD

_PLEDGES = f"""{EVENT_CTES}, pledge AS (
  INSERT INTO pledges (id, district_code, number, regime, organisation_id, pledgee_id, borrower_id, pool_id,
      principal_fen, currency, form, ip_share_bp, debt_from, debt_to, contract, acknowledgements, rule_pack,
      status, filed_on, registered_on, mixed_on, ended_on, imported, event_id, recorded_at, version)
  SELECT id, district_code, number, 'cn', $2, pledgee_id, borrower_id, pool_id, principal_fen, currency,
      form, ip_share_bp, debt_from, debt_to, contract, acknowledgements, rule_pack, status, filed_on,
      registered_on, mixed_on, ended_on, imported, event_id, $5, 1
  FROM jsonb_to_recordset($6::jsonb -> 'pledges') AS p(id uuid, district_code text, number text,
       pledgee_id uuid, borrower_id uuid, pool_id uuid, principal_fen bigint, currency text, form text,
       ip_share_bp smallint, debt_from date, debt_to date, contract jsonb, acknowledgements jsonb,
       rule_pack text, status text, filed_on date, registered_on date, mixed_on date, ended_on date,
       imported boolean, event_id uuid)
), item AS (
  SELECT * FROM jsonb_to_recordset($6::jsonb -> 'items') AS i(id uuid, pledge_id uuid, district_code text,
    asset_id uuid, asset_serial bigint, asset_kind text, regime text, pledgor_id uuid, ordinal smallint,
    hold_id uuid, secured_fen bigint, share_ppm integer, required boolean, valuation_id uuid, status text,
    registration_no text, registered_on date, expires_on date, placed_on date, ended_on date,
    end_reason text, imported boolean, event_id uuid)
), lien AS (
  INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, source_noun, source_id, placed_on,
                     ended_on, end_reason, ended_at, imported, event_id, recorded_at)
  SELECT hold_id, asset_id, asset_serial, regime, 'lien', 1, 'pledge', pledge_id, placed_on, ended_on,
         end_reason, CASE WHEN end_reason IS NOT NULL THEN $5 END, imported, event_id, $5
  FROM item ORDER BY asset_id
), pledged AS (
  INSERT INTO pledge_items (id, district_code, pledge_id, asset_id, asset_kind, pledgor_id, ordinal, hold_id,
                            secured_fen, share_ppm, required, valuation_id, rank, status, registration_no,
                            registered_on, expires_on, ended_on)
  SELECT id, district_code, pledge_id, asset_id, asset_kind, pledgor_id, ordinal, hold_id, secured_fen,
         share_ppm, required, valuation_id, 1, status, registration_no, registered_on, expires_on, ended_on
  FROM item
)"""
_PARTS = {
    "decisions": """, decision AS (
  INSERT INTO decisions (id, district_code, pledge_id, organisation_id, kind, rule_pack, assumed, inputs,
                         found, outcome, decided_on, event_id, recorded_at)
  SELECT id, district_code, pledge_id, $2, kind, rule_pack, assumed, inputs, found, outcome, decided_on,
         event_id, $5
  FROM jsonb_to_recordset($6::jsonb -> 'decisions') AS d(id uuid, district_code text, pledge_id uuid,
       kind text, rule_pack text, assumed boolean, inputs jsonb, found jsonb, outcome text, decided_on date,
       event_id uuid)
)""",
    "commitments": f""", covered AS (
  SELECT * FROM jsonb_to_recordset($6::jsonb -> 'commitments') AS c(id uuid, district_code text,
    pool_id uuid, scheme_id uuid, application_id uuid, pledge_id uuid, borrower_id uuid, industry text,
    transfer_id uuid, principal_fen bigint, ip_share_bp bigint, covered_fen bigint, committed_on date,
    currency text, posting_id uuid, event_id uuid, transfers jsonb)
), commitment AS (
  INSERT INTO commitments (id, district_code, pool_id, scheme_id, application_id, pledge_id, bank_id,
                           borrower_id, industry, transfer_id, principal_fen, ip_share_bp, covered_fen,
                           outstanding_fen, status, committed_on, event_id, recorded_at)
  SELECT id, district_code, pool_id, scheme_id, application_id, pledge_id, $2, borrower_id, industry,
         transfer_id, principal_fen, ip_share_bp, covered_fen, covered_fen, 'committed', committed_on,
         event_id, $5
  FROM covered
), reserve AS (
  INSERT INTO ledger_transfers (ledger_id, district_code, currency, posting_id, event_id, recorded_at,
                                {TRANSFER_COLUMNS})
  SELECT c.pool_id, c.district_code, c.currency, c.posting_id, c.event_id, $5, t.*
  FROM covered c, jsonb_to_recordset(c.transfers) AS t({TRANSFER_RECORD})
)""",
    "shares": """, share AS (
  INSERT INTO pledge_shares (id, district_code, pledge_id, kind, role, party_id, share_ppm, agent, event_id)
  SELECT id, district_code, pledge_id, kind, role, party_id, share_ppm, agent, event_id
  FROM jsonb_to_recordset($6::jsonb -> 'shares') AS s(id uuid, district_code text, pledge_id uuid,
       kind text, role text, party_id uuid, share_ppm integer, agent boolean, event_id uuid)
)""",
    "contracted": """, contract AS (
  SELECT * FROM jsonb_to_recordset($6::jsonb -> 'contracted') AS c(application_id uuid, pledge_id uuid,
    commitment_id uuid, filed_on date)
), contracted AS (
  UPDATE applications a SET status = 'contracted', pledge_id = c.pledge_id, version = a.version + 1
  FROM contract c WHERE a.id = c.application_id
), confirmed AS (
  UPDATE commitments k SET status = 'confirmed', released_on = c.filed_on, version = k.version + 1
  FROM contract c WHERE k.id = c.commitment_id
)""",
    "used": """, used AS (
  SELECT * FROM jsonb_to_recordset($6::jsonb -> 'used') AS u(reservation_id uuid, pledge_id uuid,
    filed_on date)
), spent AS (
  UPDATE reservations r SET status = 'used', pledge_id = u.pledge_id, version = r.version + 1
  FROM used u WHERE r.id = u.reservation_id AND r.status = 'live'
), freed AS (
  UPDATE holds h SET ended_on = u.filed_on, end_reason = 'pledge.filed', ended_at = $5
  FROM used u WHERE h.source_id = u.reservation_id AND h.source_noun = 'reservation' AND h.ended_at IS NULL
)""",
    "facts": f""", fact AS ({insert_facts("$6::jsonb -> 'facts'")})""",
}
PARTS = frozenset(_PARTS)
_KEEP_ONE = """
UPDATE idempotency_keys SET status_code = $8, headers = $9::jsonb, body = $10
WHERE client_id = $3 AND key = $7
"""
_KEEP_EACH = """
INSERT INTO idempotency_keys (client_id, key, fingerprint, created_at, status_code, headers, body)
SELECT $3, key, decode(fingerprint, 'hex'), $5, 201, '{}', convert_to(body, 'UTF8')
FROM jsonb_to_recordset($6::jsonb -> 'kept') AS k(key text, fingerprint text, body text)
ON CONFLICT DO NOTHING
RETURNING key
"""


@cache
def write_one(parts: frozenset[str]) -> str:
    """The statement of one filing; it keeps the answer $8 to $10 under the caller's key $7."""
    return _rows(parts) + _KEEP_ONE


@cache
def write_each(parts: frozenset[str]) -> str:
    """The statement of a batch's filings; it keeps each answer under its line's own key and returns these."""
    return _rows(parts) + _KEEP_EACH


def _rows(parts: frozenset[str]) -> str:
    return _PLEDGES + "".join(text for name, text in _PARTS.items() if name in parts)
