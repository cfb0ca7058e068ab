"""The one statement that writes a filed pledge with everything it ties up, alone or on an application."""

from app.services.events import EVENT_CTES
from app.services.ledger import TRANSFER_COLUMNS, TRANSFER_RECORD

_ROWS = f"""
{EVENT_CTES}, pledge AS (
  INSERT INTO pledges (id, district_code, number, regime, organisation_id, pledgee_id, borrower_id, pool_id,
      principal_fen, currency, debt_from, debt_to, contract, acknowledgements, rule_pack, status, filed_on,
      imported, event_id, recorded_at, version)
  SELECT id, district_code, number, 'cn', $2, pledgee_id, borrower_id, pool_id, principal_fen, currency,
      debt_from, debt_to, contract, acknowledgements, rule_pack, status, filed_on, false, event_id, $5, 1
  FROM jsonb_to_record($6::jsonb) AS p(id uuid, district_code text, number text, pledgee_id uuid,
       borrower_id uuid, pool_id uuid, principal_fen bigint, currency text, debt_from date, debt_to date,
       contract jsonb, acknowledgements jsonb, rule_pack text, status text, filed_on date, event_id uuid)
  RETURNING id, district_code, borrower_id, principal_fen, filed_on, event_id
), item AS (
  SELECT * FROM jsonb_to_recordset($7::jsonb) AS i(id uuid, asset_id uuid, asset_serial bigint,
    asset_kind text, regime text, pledgor_id uuid, ordinal smallint, hold_id uuid, secured_fen bigint,
    valuation_id uuid)
), lien AS (
  INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, source_noun, source_id, placed_on,
                     imported, event_id, recorded_at)
  SELECT item.hold_id, item.asset_id, item.asset_serial, item.regime, 'lien', 1, 'pledge', pledge.id,
         pledge.filed_on, false, pledge.event_id, $5
  FROM item, pledge ORDER BY item.asset_id
), pledged AS (
  INSERT INTO pledge_items (id, district_code, pledge_id, asset_id, asset_kind, pledgor_id, ordinal, hold_id,
                            secured_fen, valuation_id, rank, status)
  SELECT item.id, pledge.district_code, pledge.id, item.asset_id, item.asset_kind, item.pledgor_id,
         item.ordinal, item.hold_id, item.secured_fen, item.valuation_id, 1, 'filed'
  FROM item, pledge
), commitment AS (
  INSERT INTO commitments (id, district_code, pool_id, scheme_id, application_id, pledge_id, bank_id,
                           borrower_id, industry, transfer_id, principal_fen, ip_share_bp, covered_fen,
                           outstanding_fen, status, committed_on, event_id, recorded_at)
  SELECT c.id, pledge.district_code, c.pool_id, c.scheme_id, c.application_id, pledge.id, $2,
         pledge.borrower_id, c.industry, c.transfer_id,
         pledge.principal_fen, c.ip_share_bp, c.covered_fen, c.covered_fen, 'committed', pledge.filed_on,
         pledge.event_id, $5
  FROM jsonb_to_recordset($9::jsonb) AS c(id uuid, pool_id uuid, scheme_id uuid, application_id uuid,
       industry text, transfer_id uuid, ip_share_bp bigint, covered_fen bigint), pledge
), reserve AS (
  INSERT INTO ledger_transfers (ledger_id, district_code, currency, posting_id, event_id, recorded_at,
                                {TRANSFER_COLUMNS})
  SELECT c.pool_id, pledge.district_code, c.currency, c.posting_id, pledge.event_id, $5, t.*
  FROM jsonb_to_recordset($8::jsonb) AS t({TRANSFER_RECORD}),
       jsonb_to_recordset($9::jsonb) AS c(pool_id uuid, currency text, posting_id uuid), pledge
)"""
_KEEP = """
UPDATE idempotency_keys SET status_code = $11, headers = $12::jsonb, body = $13
WHERE client_id = $3 AND key = $10
"""
WRITE = _ROWS + _KEEP
WRITE_ON_APPLICATION = f"""{_ROWS}, contracted AS (
  UPDATE applications a SET status = 'contracted', pledge_id = pledge.id, version = a.version + 1
  FROM pledge WHERE a.id = $14
), confirmed AS (
  UPDATE commitments c SET status = 'confirmed', released_on = pledge.filed_on, version = c.version + 1
  FROM pledge WHERE c.id = $15
){_KEEP}"""
"""The same on an application ($14), which is contracted; its reservation ($15), if any, is confirmed."""
