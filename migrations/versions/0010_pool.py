"""Rules of pools: capacity and caps of commitments, and whose money pays what."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEQUENCES = ("stress_test_numbers",)
APPEND_ONLY = ("fund_sources", "fund_movements", "stress_tests")
UPDATABLE = {
    "bank_breakers": "status, version",
    "commitments": "transfer_id, principal_fen, covered_fen, outstanding_fen, status, released_on, reason, version",
    "clawbacks": "received_on, transfer_id",
}
INSERTABLE = ("fund_tranches",)

COMMITMENT_CAPACITY = """
CREATE FUNCTION commitment_within_capacity() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  pool_status text;
  terms record;
  available bigint;
  kept bigint := 0;
  broken text;
BEGIN
  SELECT p.status INTO pool_status FROM public.pools p WHERE p.id = NEW.pool_id FOR NO KEY UPDATE;
  IF NEW.status NOT IN ('reserved', 'committed') THEN
    RAISE EXCEPTION 'commitment % does not begin as %', NEW.id, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_steps';
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM public.commitments made
    JOIN public.ledger_transfers t ON t.ledger_id = made.pool_id AND t.id = made.transfer_id
    JOIN public.ledger_accounts a ON a.id = t.debit_account_id
    WHERE made.id = NEW.id AND a.code = 'memo.covered'
      AND t.kind = 'pending' AND t.amount_fen = made.outstanding_fen
      AND (made.status NOT IN ('reserved', 'committed', 'anomaly') OR NOT EXISTS (
        SELECT 1 FROM public.ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id))) THEN
    RAISE EXCEPTION 'commitment % is not backed by a pending transfer of its amount', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_backed';
  END IF;
  IF NEW.application_id IS NOT NULL THEN
    -- What the approval reserved is given up in the posting that makes the commitment.
    SELECT coalesce(sum(v.amount_fen), 0) INTO kept
      FROM public.ledger_transfers t
      JOIN public.ledger_transfers v ON v.posting_id = t.posting_id AND v.ledger_id = t.ledger_id
        AND v.kind = 'void'
      JOIN public.commitments r ON r.pool_id = v.ledger_id AND r.transfer_id = v.resolves_id
        AND r.application_id = NEW.application_id AND r.status = 'confirmed'
        AND r.expires_on >= NEW.committed_on
      WHERE t.ledger_id = NEW.pool_id AND t.id = NEW.transfer_id;
  END IF;
  SELECT a.debits_posted - a.credits_posted - a.credits_pending INTO available
    FROM public.ledger_accounts a WHERE a.ledger_id = NEW.pool_id AND a.code = 'cash' FOR SHARE;
  SELECT s.household_cap_fen, s.bank_cap_fen, s.industry_cap_fen, CASE
    WHEN NEW.pledge_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM public.pledges g WHERE g.id = NEW.pledge_id
        AND g.organisation_id = NEW.bank_id AND g.borrower_id = NEW.borrower_id)
      OR NEW.application_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM public.applications f WHERE f.id = NEW.application_id
        AND f.bank_id = NEW.bank_id AND f.borrower_id = NEW.borrower_id)
      THEN 'ck_commitments_of_its_case'
    WHEN NEW.committed_on < s.effective_from OR NEW.committed_on > s.effective_to
      THEN 'ck_commitments_scheme_in_effect'
    WHEN NEW.covered_fen <> ceil(NEW.principal_fen::numeric * NEW.ip_share_bp / 10000)
      THEN 'ck_commitments_ip_share'
    WHEN pool_status IN ('suspended', 'closed') THEN 'ck_commitments_pool_open'
    WHEN EXISTS (
      SELECT 1 FROM public.bank_breakers b
      WHERE b.pool_id = NEW.pool_id AND b.bank_id = NEW.bank_id AND b.status = 'suspended') OR EXISTS (
      SELECT 1 FROM public.clawbacks b JOIN public.claims k ON k.id = b.claim_id
      WHERE b.pool_id = NEW.pool_id AND b.excludes_bank AND k.organisation_id = NEW.bank_id)
      THEN 'ck_commitments_bank_open'
    WHEN NEW.ip_share_bp < s.min_ip_share_bp THEN 'ck_commitments_min_ip_share'
    WHEN NEW.outstanding_fen > kept AND (
      SELECT a.debits_pending FROM public.ledger_accounts a
      WHERE a.ledger_id = NEW.pool_id AND a.code = 'memo.covered') > s.leverage_multiple * available
      THEN 'ck_commitments_capacity'
    END AS broken
    INTO terms FROM public.schemes s WHERE s.id = NEW.scheme_id;
  broken := terms.broken;
  -- Each cap in an IF of its own: PL/pgSQL prepares a whole condition to be run, its sums with it.
  IF broken IS NULL AND terms.household_cap_fen IS NOT NULL THEN
    IF (SELECT sum(c.principal_fen) FROM public.commitments c
        WHERE c.pool_id = NEW.pool_id AND c.borrower_id = NEW.borrower_id
          AND c.status IN ('reserved', 'committed', 'anomaly')) > terms.household_cap_fen THEN
      broken := 'ck_commitments_household_cap';
    END IF;
  END IF;
  IF broken IS NULL AND terms.bank_cap_fen IS NOT NULL THEN
    IF (SELECT sum(c.outstanding_fen) FROM public.commitments c
        WHERE c.pool_id = NEW.pool_id AND c.bank_id = NEW.bank_id
          AND c.status IN ('reserved', 'committed', 'anomaly')) > terms.bank_cap_fen THEN
      broken := 'ck_commitments_bank_cap';
    END IF;
  END IF;
  IF broken IS NULL AND terms.industry_cap_fen IS NOT NULL THEN
    IF NEW.industry IS NULL OR (
        SELECT sum(c.outstanding_fen) FROM public.commitments c
        WHERE c.pool_id = NEW.pool_id AND c.industry = NEW.industry
          AND c.status IN ('reserved', 'committed', 'anomaly')) > terms.industry_cap_fen THEN
      broken := 'ck_commitments_industry_cap';
    END IF;
  END IF;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION 'commitment % is not taken by pool %: %', NEW.id, NEW.pool_id, broken
      USING ERRCODE = 'check_violation', CONSTRAINT = broken;
  END IF;
  RETURN NULL;
END $$
"""
"""Payouts may leave a pool below its commitments: a reservation confirmed by no more is then no objection."""

COMMITMENT_MOVES = """
CREATE FUNCTION commitment_moves_with_its_transfer() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  now_is public.commitments;
BEGIN
  IF OLD.status NOT IN ('reserved', 'committed', 'anomaly') THEN
    RAISE EXCEPTION 'commitment % is released for good', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_released_for_good';
  END IF;
  IF NEW.status <> OLD.status AND OLD.status || ' ' || NEW.status NOT IN (
    'reserved confirmed', 'reserved lapsed', 'committed anomaly', 'committed released',
    'anomaly committed', 'anomaly excluded', 'anomaly released') THEN
    RAISE EXCEPTION 'commitment % does not go from % to %', NEW.id, OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_steps';
  END IF;
  IF NEW.status = 'confirmed' AND NOT EXISTS (
    SELECT 1 FROM public.commitments c
    WHERE c.application_id = NEW.application_id AND c.pool_id = NEW.pool_id AND c.pledge_id IS NOT NULL) THEN
    RAISE EXCEPTION 'reservation % is confirmed by no filing', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_confirmed_by_filing';
  END IF;
  IF (NEW.principal_fen, NEW.covered_fen) <> (OLD.principal_fen, OLD.covered_fen) AND NOT (
    NEW.principal_fen < OLD.principal_fen
    AND NEW.covered_fen = ceil(NEW.principal_fen::numeric * NEW.ip_share_bp / 10000) AND EXISTS (
      SELECT 1 FROM public.commitments c
      WHERE c.pledge_id = NEW.pledge_id AND c.pool_id = NEW.pool_id AND c.id <> NEW.id
        AND c.status = 'released' AND c.reason = 'enlarged'
        AND c.principal_fen >= NEW.principal_fen)) THEN
    RAISE EXCEPTION 'commitment % keeps the principal it was made for', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_principal_kept';
  END IF;
  IF NEW.outstanding_fen > OLD.outstanding_fen
    OR (NEW.transfer_id <> OLD.transfer_id) <> (NEW.outstanding_fen < OLD.outstanding_fen) THEN
    RAISE EXCEPTION 'commitment % does not fall with its transfer', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_outstanding_falls';
  END IF;
  SELECT c.* INTO now_is FROM public.commitments c WHERE c.id = NEW.id;
  IF now_is.status IN ('reserved', 'committed', 'anomaly') AND NOT EXISTS (
    SELECT 1 FROM public.ledger_transfers t JOIN public.ledger_accounts a ON a.id = t.debit_account_id
    WHERE t.ledger_id = now_is.pool_id AND t.id = now_is.transfer_id AND a.code = 'memo.covered'
      AND t.kind = 'pending' AND t.amount_fen = now_is.outstanding_fen
      AND NOT EXISTS (
        SELECT 1 FROM public.ledger_transfers r WHERE r.ledger_id = t.ledger_id AND r.resolves_id = t.id)) THEN
    RAISE EXCEPTION 'commitment % is not backed by a pending transfer of its amount', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_backed';
  END IF;
  IF (now_is.status NOT IN ('reserved', 'committed', 'anomaly') OR NEW.transfer_id <> OLD.transfer_id)
    AND NOT EXISTS (
      SELECT 1 FROM public.ledger_transfers t
      WHERE t.ledger_id = NEW.pool_id AND t.resolves_id = OLD.transfer_id) THEN
    RAISE EXCEPTION 'commitment % is released but its transfer is pending', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_released_with_transfer';
  END IF;
  RETURN NULL;
END $$
"""
"""What a live commitment names nothing else resolves: the trigger on transfers refuses that."""

TRANSFER_OF_COMMITMENT = """
CREATE FUNCTION transfer_resolved_with_its_commitment() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM public.commitments c
    WHERE c.pool_id = NEW.ledger_id AND c.transfer_id = NEW.resolves_id
      AND c.status IN ('reserved', 'committed', 'anomaly')) THEN
    RAISE EXCEPTION 'transfer % resolves a live commitment', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_commitment_live';
  END IF;
  RETURN NULL;
END $$
"""

TRANCHE_OPENED = """
CREATE FUNCTION fund_tranche_opened() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- What is left is moved by movements alone.
  NEW.remaining_fen := 0;
  RETURN NEW;
END $$
"""

SOURCE_PAID_IN = """
CREATE FUNCTION fund_source_paid_in() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault uuid;
BEGIN
  SELECT t.id INTO fault
    FROM public.ledger_entries e
    JOIN public.ledger_transfers t ON t.ledger_id = e.ledger_id AND t.id = e.transfer_id
    JOIN public.ledger_accounts o
      ON o.id = CASE e.side WHEN 'debit' THEN t.credit_account_id ELSE t.debit_account_id END
    WHERE e.account_id = NEW.id AND e.account_version > OLD.version AND e.account_version <= NEW.version
      AND e.amount_fen > 0 AND o.code <> 'cash'
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % changes what was paid in without the special account', fault
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_fund_sources_cash';
  END IF;
  SELECT s.id INTO fault FROM public.fund_sources s
    WHERE s.account_id = NEW.id AND s.committed_fen > 0
      AND NEW.credits_posted - NEW.debits_posted > s.committed_fen
      AND NEW.credits_posted - NEW.debits_posted > OLD.credits_posted - OLD.debits_posted;
  IF FOUND THEN
    RAISE EXCEPTION 'source % has paid in more than it committed', fault
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_fund_sources_committed';
  END IF;
  RETURN NULL;
END $$
"""
"""Whatever moves the account of contributions, its row is locked: the sums of two do not pass each other."""

MOVEMENTS_APPLY = """
CREATE FUNCTION fund_movements_apply() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault uuid;
BEGIN
  IF TG_RELID <> 'public.fund_movements'::regclass THEN
    RAISE EXCEPTION 'fund_movements_apply serves fund_movements only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE public.fund_tranches t SET remaining_fen = t.remaining_fen + m.fen
    FROM (SELECT pool_id, tranche_id, sum(amount_fen)::bigint AS fen FROM moved GROUP BY pool_id, tranche_id) m
    WHERE t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id;
  SELECT m.transfer_id INTO fault
    FROM moved m
    JOIN public.ledger_transfers x ON x.ledger_id = m.pool_id AND x.id = m.transfer_id
      AND x.business_noun = 'claim' AND x.reverses_id IS NULL
    JOIN public.claims c ON c.id = x.business_id
    JOIN public.fund_tranches t ON t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id
    JOIN public.fund_sources s ON s.id = t.source_id
    JOIN public.pledges p ON p.id = c.pledge_id
    LEFT JOIN public.parties b ON b.id = p.borrower_id
    WHERE m.amount_fen < 0 AND (
      s.eligible_districts IS NOT NULL AND b.district_code IS NULL
      OR b.district_code <> ALL (s.eligible_districts)
      OR s.eligible_ip IS NOT NULL AND EXISTS (
        SELECT 1 FROM public.pledge_items i
        WHERE i.pledge_id = p.id AND i.asset_kind <> ALL (s.eligible_ip)))
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % pays a loss out of money that is not for its loan', fault
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_fund_movements_eligible';
  END IF;
  RETURN NULL;
END $$
"""

CASH_ATTRIBUTED = """
CREATE FUNCTION cash_attributed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault uuid;
BEGIN
  SELECT e.transfer_id INTO fault
    FROM public.ledger_entries e
    LEFT JOIN LATERAL (
      SELECT sum(m.amount_fen) AS fen FROM public.fund_movements m
      WHERE m.pool_id = e.ledger_id AND m.transfer_id = e.transfer_id) m ON true
    WHERE e.account_id = NEW.id AND e.account_version > OLD.version AND e.account_version <= NEW.version
      AND coalesce(m.fen, 0) <> CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % moves money of the special account that is not attributed to sources', fault
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_fund_movements_whole';
  END IF;
  RETURN NULL;
END $$
"""
"""By the entries between two versions of the account: postings that leave it alone pay nothing for it."""

FUNCTIONS = {
    "commitment_within_capacity": COMMITMENT_CAPACITY,
    "commitment_moves_with_its_transfer": COMMITMENT_MOVES,
    "transfer_resolved_with_its_commitment": TRANSFER_OF_COMMITMENT,
    "fund_tranche_opened": TRANCHE_OPENED,
    "fund_source_paid_in": SOURCE_PAID_IN,
    "fund_movements_apply": MOVEMENTS_APPLY,
    "cash_attributed": CASH_ATTRIBUTED,
}
TRIGGERS = (
    (
        "CREATE CONSTRAINT TRIGGER commitment_within_capacity AFTER INSERT ON commitments"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commitment_within_capacity()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER commitment_moves_with_its_transfer AFTER UPDATE ON commitments"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " EXECUTE FUNCTION commitment_moves_with_its_transfer()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER transfer_resolved_with_its_commitment AFTER INSERT ON ledger_transfers"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.resolves_id IS NOT NULL)"
        " EXECUTE FUNCTION transfer_resolved_with_its_commitment()"
    ),
    (
        "CREATE TRIGGER fund_tranche_opened BEFORE INSERT ON fund_tranches"
        " FOR EACH ROW EXECUTE FUNCTION fund_tranche_opened()"
    ),
    (
        "CREATE TRIGGER fund_source_paid_in AFTER UPDATE ON ledger_accounts"
        " FOR EACH ROW WHEN ((NEW.code = 'contributions' OR starts_with(NEW.code, 'contributions.'))"
        " AND (NEW.debits_posted, NEW.credits_posted, NEW.debits_pending, NEW.credits_pending)"
        " IS DISTINCT FROM (OLD.debits_posted, OLD.credits_posted, OLD.debits_pending, OLD.credits_pending))"
        " EXECUTE FUNCTION fund_source_paid_in()"
    ),
    (
        "CREATE TRIGGER fund_movements_apply AFTER INSERT ON fund_movements"
        " REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION fund_movements_apply()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER cash_attributed AFTER UPDATE ON ledger_accounts"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.code = 'cash' AND ("
        "NEW.debits_posted <> OLD.debits_posted OR NEW.credits_posted <> OLD.credits_posted))"
        " EXECUTE FUNCTION cash_attributed()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.updatable(UPDATABLE)
    rules.insertable(INSERTABLE)
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=APPEND_ONLY, sequences=SEQUENCES)
