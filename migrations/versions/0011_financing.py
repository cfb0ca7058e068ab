"""Rules of pledge financing: shares that make up the whole, loans moved by their entries, proceeds that add up."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SEQUENCES = ("amendment_numbers", "enforcement_numbers", "reservation_numbers", "delegation_numbers")
APPEND_ONLY = (
    "decisions",
    "pledge_shares",
    "loan_entries",
    "loan_instalments",
    "enforcement_payments",
)
UPDATABLE = {
    "filings": (
        "correction_reason, corrected_on, respond_by, due_on, decided_on, announced_on, reason, status, version"
    ),
    "amendments": "reason, decided_on, status, version",
    "amendment_items": "registered_on, expires_on",
    "enforcements": "listing_id, deal_id, price_fen, sold_on, reason, status, version",
    "demands": "answer, answered_on, status, version",
    "reservations": "pledge_id, status, version",
    "delegations": "reason, ended_on, status, version",
}
INSERTABLE = ("enforcement_items",)
LOAN_OPENING = (
    "id, district_code, pledge_id, organisation_id, currency, limit_fen, plan, overdue_since, told_days, status,"
    " event_id, recorded_at, version"
)
"""What opening a loan states; its totals begin at zero and follow its entries alone."""
LOAN_UPDATABLE = "limit_fen, plan, overdue_since, told_days, status, version"

ITEM_SHARES = """
CREATE FUNCTION pledge_item_shares_whole() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (SELECT sum(i.share_ppm) FROM public.pledge_items i WHERE i.pledge_id = NEW.pledge_id) <> 1000000 THEN
    RAISE EXCEPTION 'the shares of the rights of pledge % do not make up the whole', NEW.pledge_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_pledge_items_shares_whole';
  END IF;
  RETURN NULL;
END $$
"""

PARTY_SHARES = """
CREATE FUNCTION pledge_shares_whole() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (SELECT sum(s.share_ppm) FROM public.pledge_shares s
      WHERE s.pledge_id = NEW.pledge_id AND s.kind = NEW.kind) <> 1000000 THEN
    RAISE EXCEPTION 'the % shares of pledge % do not make up the whole', NEW.kind, NEW.pledge_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_pledge_shares_whole';
  END IF;
  RETURN NULL;
END $$
"""

LOAN_MOVED = """
CREATE FUNCTION loan_moved_by_its_entry() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  sign bigint := CASE WHEN NEW.reverses_id IS NULL THEN 1 ELSE -1 END;
  principal bigint := sign * NEW.principal_fen;
BEGIN
  IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM public.loan_entries e WHERE e.id = NEW.reverses_id AND e.reverses_id IS NULL
      AND (e.loan_id, e.kind, e.principal_fen, e.interest_fen)
        = (NEW.loan_id, NEW.kind, NEW.principal_fen, NEW.interest_fen)) THEN
    RAISE EXCEPTION 'entry % does not mirror what it reverses', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_loan_entries_reversal';
  END IF;
  UPDATE public.loans SET
    drawn_fen = drawn_fen + CASE WHEN NEW.kind = 'drawdown' THEN principal ELSE 0 END,
    repaid_fen = repaid_fen + CASE WHEN NEW.kind IN ('repayment', 'realisation') THEN principal ELSE 0 END,
    written_off_fen = written_off_fen + CASE WHEN NEW.kind = 'write_off' THEN principal ELSE 0 END,
    interest_fen = interest_fen + sign * NEW.interest_fen
  WHERE id = NEW.loan_id;
  RETURN NULL;
END $$
"""

PROCEEDS = """
CREATE FUNCTION proceeds_paid_out_whole() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM public.enforcements e WHERE e.id = NEW.enforcement_id AND e.status = 'closed'
      AND e.price_fen = (SELECT sum(p.amount_fen) FROM public.enforcement_payments p
                         WHERE p.enforcement_id = e.id)) THEN
    RAISE EXCEPTION 'the proceeds of enforcement % are not paid out whole', NEW.enforcement_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_enforcement_payments_whole';
  END IF;
  RETURN NULL;
END $$
"""

FUNCTIONS = {
    "pledge_item_shares_whole": ITEM_SHARES,
    "pledge_shares_whole": PARTY_SHARES,
    "loan_moved_by_its_entry": LOAN_MOVED,
    "proceeds_paid_out_whole": PROCEEDS,
}
TRIGGERS = (
    (
        "CREATE CONSTRAINT TRIGGER pledge_item_shares_whole AFTER INSERT ON pledge_items"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.share_ppm IS NOT NULL)"
        " EXECUTE FUNCTION pledge_item_shares_whole()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER pledge_shares_whole AFTER INSERT ON pledge_shares"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pledge_shares_whole()"
    ),
    (
        "CREATE TRIGGER loan_moved_by_its_entry AFTER INSERT ON loan_entries"
        " FOR EACH ROW EXECUTE FUNCTION loan_moved_by_its_entry()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER proceeds_paid_out_whole AFTER INSERT ON enforcement_payments"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION proceeds_paid_out_whole()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.updatable(UPDATABLE)
    rules.insertable(INSERTABLE)
    for writer in rules.WRITERS:
        op.execute(f"GRANT INSERT ({LOAN_OPENING}), UPDATE ({LOAN_UPDATABLE}) ON loans TO {writer}")
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=APPEND_ONLY, sequences=SEQUENCES)
