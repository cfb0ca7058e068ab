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
        "correction_reason, requested_on, corrected_on, respond_by, due_on, decided_on, announced_on, reason, grounds,"
        " status, version"
    ),
    "amendments": "reason, decided_on, status, version",
    "amendment_items": "registered_on, expires_on",
    "enforcements": "listing_id, deal_id, price_fen, sold_on, reason, status, version",
    "enforcement_items": "price_fen",
    "demands": "answer, answered_on, status, version",
    "reservations": "pledge_id, status, version",
    "delegations": "reason, ended_on, status, version",
}
LOAN_OPENING = (
    "id, district_code, pledge_id, organisation_id, currency, limit_fen, revolving, plan, overdue_since,"
    " told_days, status, event_id, recorded_at, version"
)
"""What opening a loan states; its totals begin at zero and follow its entries alone."""
LOAN_UPDATABLE = (
    "limit_fen, plan, planned_drawn_fen, planned_interest_fen, overdue_since, told_days, status, version"
)

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
    repaid_fen = repaid_fen
      + CASE WHEN NEW.kind IN ('repayment', 'realisation', 'recovery') THEN principal ELSE 0 END,
    written_off_fen = written_off_fen
      + CASE NEW.kind WHEN 'write_off' THEN principal WHEN 'recovery' THEN -principal ELSE 0 END,
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

SOLD_CLEAN = """
CREATE FUNCTION enforcement_sold_clean() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.enforcement_items x WHERE x.enforcement_id = NEW.id) OR EXISTS (
    SELECT 1 FROM public.enforcement_items x WHERE x.enforcement_id = NEW.id AND (
      EXISTS (SELECT 1 FROM public.holds h
              WHERE h.asset_id = x.asset_id AND h.kind = 'lien' AND h.ended_at IS NULL)
      OR NOT EXISTS (SELECT 1 FROM public.pledge_items i WHERE i.pledge_id = NEW.pledge_id
                     AND i.asset_id = x.asset_id AND i.status = 'deregistered')
      OR NOT EXISTS (
        SELECT 1 FROM public.titles t JOIN public.events e ON e.id = t.event_id
        WHERE t.asset_id = x.asset_id AND t.ceased_at IS NULL AND (
          e.noun = 'deal' AND e.subject_id = NEW.deal_id
          OR NEW.deal_id IS NULL AND e.payload->>'trace_id' = NEW.id::text))))
    OR NEW.deal_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM public.deals d WHERE d.id = NEW.deal_id AND d.kind = 'transfer'
        AND d.status = 'effective' AND d.listing_id = NEW.listing_id AND d.amount_fen = NEW.price_fen) THEN
    RAISE EXCEPTION 'what enforcement % sold is not free of liens in its buyer''s name', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_enforcements_sold_clean';
  END IF;
  RETURN NULL;
END $$
"""
"""Sold means, at the commit: every right is its buyer's by this sale, and no lien is on it."""

DISPOSAL_SOLD = """
CREATE FUNCTION deal_of_disposal_sold() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.listings l WHERE l.id = NEW.listing_id AND l.disposal) AND NOT EXISTS (
    SELECT 1 FROM public.enforcements e WHERE e.listing_id = NEW.listing_id AND e.deal_id = NEW.id
      AND e.status IN ('sold', 'closed') AND e.price_fen = NEW.amount_fen) THEN
    RAISE EXCEPTION 'deal % is of a disposal whose enforcement it does not conclude', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_deals_disposal_sold';
  END IF;
  RETURN NULL;
END $$
"""

DISPOSAL_LISTED = """
CREATE FUNCTION disposal_of_enforcement() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.enforcements e
                 WHERE e.listing_id = NEW.id AND e.organisation_id = NEW.organisation_id) THEN
    RAISE EXCEPTION 'listing % disposes of rights by no enforcement', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_listings_disposal_enforced';
  END IF;
  RETURN NULL;
END $$
"""

RIGHT_ENFORCED = """
CREATE FUNCTION enforced_right_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.pledges WHERE id = NEW.pledge_id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM public.enforcements e JOIN public.enforcement_items x ON x.enforcement_id = e.id
    WHERE e.pledge_id = NEW.pledge_id AND x.asset_id = NEW.asset_id
      AND e.status IN ('opened', 'listed')) THEN
    RAISE EXCEPTION 'asset % is being sold for the debt of pledge %', NEW.asset_id, NEW.pledge_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_pledge_items_enforced';
  END IF;
  RETURN NEW;
END $$
"""
"""What is being sold for the debt is let go by the sale, or after the enforcement was given up."""

LIEN_ENDS = """
CREATE FUNCTION lien_ends_with_its_item() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.pledge_items i WHERE i.hold_id = NEW.id AND i.status = 'registered') THEN
    RAISE EXCEPTION 'lien % ends while its registration is effective', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_holds_lien_of_its_item';
  END IF;
  RETURN NULL;
END $$
"""

DECIDED = """
CREATE FUNCTION filing_decided_for_good() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status IN ('registered', 'refused', 'withdrawn') AND (NEW.status, NEW.decided_on)
      IS DISTINCT FROM (OLD.status, OLD.decided_on) THEN
    RAISE EXCEPTION 'filing % has been decided', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_filings_decided_for_good';
  END IF;
  RETURN NEW;
END $$
"""

FUNCTIONS = {
    "filing_decided_for_good": DECIDED,
    "pledge_item_shares_whole": ITEM_SHARES,
    "pledge_shares_whole": PARTY_SHARES,
    "loan_moved_by_its_entry": LOAN_MOVED,
    "proceeds_paid_out_whole": PROCEEDS,
    "enforcement_sold_clean": SOLD_CLEAN,
    "deal_of_disposal_sold": DISPOSAL_SOLD,
    "disposal_of_enforcement": DISPOSAL_LISTED,
    "enforced_right_kept": RIGHT_ENFORCED,
    "lien_ends_with_its_item": LIEN_ENDS,
}
TRIGGERS = (
    (
        "CREATE TRIGGER filing_decided_for_good BEFORE UPDATE ON filings"
        " FOR EACH ROW EXECUTE FUNCTION filing_decided_for_good()"
    ),
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
    (
        "CREATE CONSTRAINT TRIGGER enforcement_sold_clean AFTER UPDATE ON enforcements"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (OLD.status IN ('opened', 'listed') AND NEW.status IN ('sold', 'closed'))"
        " EXECUTE FUNCTION enforcement_sold_clean()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER deal_of_disposal_sold AFTER UPDATE ON deals"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (OLD.status <> 'effective' AND NEW.status = 'effective' AND NEW.kind = 'transfer'"
        " AND NEW.listing_id IS NOT NULL) EXECUTE FUNCTION deal_of_disposal_sold()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER disposal_of_enforcement AFTER INSERT OR UPDATE OF disposal ON listings"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.disposal)"
        " EXECUTE FUNCTION disposal_of_enforcement()"
    ),
    (
        "CREATE TRIGGER enforced_right_kept BEFORE UPDATE OF status ON pledge_items"
        " FOR EACH ROW WHEN (OLD.status = 'registered' AND NEW.status = 'deregistered')"
        " EXECUTE FUNCTION enforced_right_kept()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER lien_ends_with_its_item AFTER UPDATE ON holds"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (OLD.kind = 'lien' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)"
        " EXECUTE FUNCTION lien_ends_with_its_item()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.updatable(UPDATABLE)
    for writer in rules.WRITERS:
        op.execute(f"GRANT INSERT ({LOAN_OPENING}), UPDATE ({LOAN_UPDATABLE}) ON loans TO {writer}")
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=APPEND_ONLY, sequences=SEQUENCES)
