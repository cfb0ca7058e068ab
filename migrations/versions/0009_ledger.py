"""Rules of the ledger: how transfers move accounts, what periods take, and what is never changed."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEQUENCES = ("bank_statement_numbers",)
APPEND_ONLY = ("period_balances", "bank_statements", "interest_rates", "interest_accruals")
UPDATABLE = {
    "monitors": "crossed, ended_on, version",
    "periods": "status, round, reason, closed_on, version",
    "bank_statement_lines": "status, rule, transfer_id, reason, version",
}

LEDGER_APPLY = """
CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault record;
BEGIN
  IF TG_RELID <> 'public.ledger_transfers'::regclass THEN
    RAISE EXCEPTION 'ledger_apply serves ledger_transfers only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM 1 FROM public.ledger_accounts a
    WHERE a.id IN (SELECT debit_account_id FROM booked UNION SELECT credit_account_id FROM booked)
    ORDER BY a.id FOR NO KEY UPDATE;
  SELECT b.id, CASE
      WHEN h.kind IS DISTINCT FROM 'pending' OR h.debit_account_id <> b.debit_account_id
        OR h.credit_account_id <> b.credit_account_id THEN 'ck_ledger_transfers_resolves_pending'
      WHEN b.amount_fen > h.amount_fen OR b.kind <> 'post' AND b.amount_fen <> h.amount_fen
        THEN 'ck_ledger_transfers_within_pending' END AS broken
    INTO fault
    FROM booked b
    LEFT JOIN public.ledger_transfers h ON h.ledger_id = b.ledger_id AND h.id = b.resolves_id
    WHERE b.resolves_id IS NOT NULL AND (
      h.kind IS DISTINCT FROM 'pending' OR h.debit_account_id <> b.debit_account_id
      OR h.credit_account_id <> b.credit_account_id OR b.amount_fen > h.amount_fen
      OR b.kind <> 'post' AND b.amount_fen <> h.amount_fen)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % does not resolve a pending transfer of its accounts and amount', fault.id
      USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken;
  END IF;
  WITH moves AS (
    SELECT b.id, b.ledger_id, b.position, b.district_code, b.amount_fen, b.occurred_on, b.booked_on,
      b.recorded_at, s.side, s.account_id,
      CASE WHEN b.kind IN ('posted', 'post') THEN b.amount_fen ELSE 0 END AS posted,
      CASE b.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN b.amount_fen ELSE -h.amount_fen END AS pending
    FROM booked b
    LEFT JOIN public.ledger_transfers h ON h.ledger_id = b.ledger_id AND h.id = b.resolves_id
    CROSS JOIN LATERAL (
      VALUES ('debit', b.debit_account_id), ('credit', b.credit_account_id)) s(side, account_id)
  ), run AS (
    SELECT m.*, a.limit_side,
      a.version + row_number() OVER w AS version,
      (a.debits_posted + sum(CASE m.side WHEN 'debit' THEN m.posted ELSE 0 END) OVER w)::bigint AS debits_posted,
      (a.credits_posted + sum(CASE m.side WHEN 'credit' THEN m.posted ELSE 0 END) OVER w)::bigint
        AS credits_posted,
      (a.debits_pending + sum(CASE m.side WHEN 'debit' THEN m.pending ELSE 0 END) OVER w)::bigint
        AS debits_pending,
      (a.credits_pending + sum(CASE m.side WHEN 'credit' THEN m.pending ELSE 0 END) OVER w)::bigint
        AS credits_pending,
      greatest(a.last_booked_on, max(m.booked_on) OVER w) AS last_booked_on,
      greatest(a.last_occurred_on, max(CASE WHEN m.posted > 0 THEN m.occurred_on END) OVER w)
        AS last_occurred_on
    FROM moves m JOIN public.ledger_accounts a ON a.id = m.account_id
    WINDOW w AS (PARTITION BY m.account_id ORDER BY m.position, m.id ROWS UNBOUNDED PRECEDING)
  ), written AS (
    INSERT INTO public.ledger_entries (
      ledger_id, transfer_id, account_id, account_version, district_code, side, amount_fen, posted_fen,
      debits_posted, credits_posted, debits_pending, credits_pending, occurred_on, booked_on, recorded_at)
    SELECT r.ledger_id, r.id, r.account_id, r.version, r.district_code, r.side, r.amount_fen, r.posted,
      r.debits_posted, r.credits_posted, r.debits_pending, r.credits_pending, r.occurred_on,
      r.last_booked_on, r.recorded_at
    FROM run r
  ), moved AS (
    UPDATE public.ledger_accounts a SET
      debits_posted = l.debits_posted, credits_posted = l.credits_posted,
      debits_pending = l.debits_pending, credits_pending = l.credits_pending,
      last_booked_on = l.last_booked_on, last_occurred_on = l.last_occurred_on, version = l.version
    FROM (SELECT DISTINCT ON (account_id) * FROM run ORDER BY account_id, version DESC) l
    WHERE a.id = l.account_id
  )
  SELECT r.id, CASE r.limit_side WHEN 'debit' THEN 'ck_ledger_accounts_debits_within_credits'
      ELSE 'ck_ledger_accounts_credits_within_debits' END AS broken
    INTO fault
    FROM run r
    WHERE r.limit_side = 'debit' AND r.debits_posted + r.debits_pending > r.credits_posted
      OR r.limit_side = 'credit' AND r.credits_posted + r.credits_pending > r.debits_posted
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % exceeds the limit of its account', fault.id
      USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken, TABLE = 'ledger_accounts';
  END IF;
  RETURN NULL;
END $$
"""
"""Set-based, so that a batch costs one pass: entries get running totals in the order of the postings."""

FUNCTIONS = {"ledger_apply": LEDGER_APPLY}
TRIGGERS = (
    (
        "CREATE TRIGGER ledger_apply AFTER INSERT ON ledger_transfers"
        " REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only((*APPEND_ONLY, "roots"))
    rules.updatable(UPDATABLE)
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=(*APPEND_ONLY, "roots"), sequences=SEQUENCES)
