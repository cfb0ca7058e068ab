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
    "commitments": "transfer_id, outstanding_fen, status, released_on, reason, version",
    "clawbacks": "received_on, transfer_id",
}
INSERTABLE = ("fund_tranches",)

COMMITMENT_CAPACITY = """
CREATE FUNCTION commitment_within_capacity() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  leverage bigint;
  available bigint;
  outstanding bigint;
BEGIN
  PERFORM 1 FROM public.pools WHERE id = NEW.pool_id FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM public.ledger_transfers t
    WHERE t.ledger_id = NEW.pool_id AND t.id = NEW.transfer_id
      AND t.kind = 'pending' AND t.amount_fen = NEW.outstanding_fen) THEN
    RAISE EXCEPTION 'commitment % is not backed by a pending transfer of its amount', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_backed';
  END IF;
  SELECT s.leverage_multiple INTO leverage FROM public.schemes s WHERE s.id = NEW.scheme_id;
  SELECT a.debits_posted - a.credits_posted - a.credits_pending INTO available
    FROM public.ledger_accounts a WHERE a.ledger_id = NEW.pool_id AND a.code = 'cash';
  SELECT a.debits_pending INTO outstanding
    FROM public.ledger_accounts a WHERE a.ledger_id = NEW.pool_id AND a.code = 'memo.covered';
  IF outstanding > leverage * available THEN
    RAISE EXCEPTION 'commitment % exceeds the capacity of pool %', NEW.id, NEW.pool_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_capacity';
  END IF;
  RETURN NULL;
END $$
"""

COMMITMENT_RELEASE = """
CREATE FUNCTION commitment_released_with_its_transfer() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status NOT IN ('reserved', 'committed', 'anomaly') THEN
    RAISE EXCEPTION 'commitment % is released for good', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_released_for_good';
  END IF;
  IF NEW.status NOT IN ('reserved', 'committed', 'anomaly') AND NOT EXISTS (
    SELECT 1 FROM public.ledger_transfers t
    WHERE t.ledger_id = NEW.pool_id AND t.resolves_id = NEW.transfer_id) THEN
    RAISE EXCEPTION 'commitment % is released but its transfer is pending', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_commitments_released_with_transfer';
  END IF;
  RETURN NULL;
END $$
"""

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

FUNCTIONS = {
    "commitment_within_capacity": COMMITMENT_CAPACITY,
    "commitment_released_with_its_transfer": COMMITMENT_RELEASE,
    "transfer_resolved_with_its_commitment": TRANSFER_OF_COMMITMENT,
}
TRIGGERS = (
    (
        "CREATE CONSTRAINT TRIGGER commitment_within_capacity AFTER INSERT ON commitments"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commitment_within_capacity()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER commitment_released_with_its_transfer AFTER UPDATE ON commitments"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " EXECUTE FUNCTION commitment_released_with_its_transfer()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER transfer_resolved_with_its_commitment AFTER INSERT ON ledger_transfers"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.resolves_id IS NOT NULL)"
        " EXECUTE FUNCTION transfer_resolved_with_its_commitment()"
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
