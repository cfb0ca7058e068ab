"""Rules of finance: applications, valuations, claims, recoveries and policies."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEQUENCES = ("application_numbers", "valuation_numbers", "claim_numbers", "policy_numbers")
APPEND_ONLY = ("recoveries", "recovery_shares", "policy_endorsements", "loan_classifications")
UPDATABLE = {
    "applications": "",
    "valuations": "",
    "claims": (
        "status, round, reason, paid_fen, shortfall_reason, publicised_on, paid_on, written_off_on,"
        " transfer_id, version"
    ),
    "claim_shares": "borne_fen, recovered_fen",
    "policies": "",
}
INSERTABLE = ("application_items", "policy_items")

CLAIM_PAID = """
CREATE FUNCTION claim_paid_once_with_its_transfer() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  hands bigint;
BEGIN
  IF (NEW.paid_fen IS NOT NULL) <> (NEW.status IN ('paid', 'recovering', 'recovered', 'written_off'))
     OR (TG_OP = 'INSERT' AND NEW.status <> 'submitted') THEN
    RAISE EXCEPTION 'claim % is in state % and paid %', NEW.id, NEW.status, NEW.paid_fen
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_backed';
  END IF;
  IF NEW.paid_fen IS NULL THEN
    RETURN NULL;
  END IF;
  IF OLD.paid_fen IS NOT NULL THEN
    IF (OLD.paid_fen, OLD.paid_on, OLD.transfer_id, OLD.shortfall_reason)
       IS DISTINCT FROM (NEW.paid_fen, NEW.paid_on, NEW.transfer_id, NEW.shortfall_reason) THEN
      RAISE EXCEPTION 'claim % is paid for good', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_paid_for_good';
    END IF;
    RETURN NULL;
  END IF;
  IF OLD.status <> 'publicised' OR NEW.status <> 'paid' OR (NEW.paid_fen = 0) <> (NEW.transfer_id IS NULL) THEN
    RAISE EXCEPTION 'claim % is paid out of state %', NEW.id, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_backed';
  END IF;
  IF NEW.paid_fen > 0 AND NOT EXISTS (
    SELECT 1 FROM public.ledger_transfers t
    JOIN public.ledger_accounts d ON d.id = t.debit_account_id AND d.code = 'compensation'
    JOIN public.ledger_accounts c ON c.id = t.credit_account_id AND c.code = 'cash'
    WHERE t.ledger_id = NEW.pool_id AND t.id = NEW.transfer_id
      AND t.kind IN ('posted', 'post') AND t.amount_fen = NEW.paid_fen) THEN
    RAISE EXCEPTION 'claim % is not backed by a posted transfer of its amount', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_backed';
  END IF;
  SELECT count(DISTINCT a.client_id) INTO hands FROM public.approvals a
    WHERE a.subject_id = NEW.id AND a.decision = 'approved' AND (a.step = 'formal_check'
      OR (a.round = NEW.round AND a.step IN ('ip_approval', 'finance_approval', 'release')));
  IF hands < 4 THEN
    RAISE EXCEPTION 'claim % has passed % hands, not four', NEW.id, hands
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_four_hands';
  END IF;
  RETURN NULL;
END $$
"""

TRANSFER_OF_CLAIM = """
CREATE FUNCTION transfer_resolved_with_its_claim() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM public.claims c
    WHERE c.pool_id = NEW.ledger_id AND c.transfer_id = NEW.resolves_id AND c.status = 'publicised') THEN
    RAISE EXCEPTION 'transfer % resolves what is set aside for a claim', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_claim_public';
  END IF;
  RETURN NULL;
END $$
"""
VALUATION_SIGNED = """
CREATE FUNCTION valuation_signed_for_good() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'valuation % is signed for good', OLD.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_valuations_signed_for_good', TABLE = TG_TABLE_NAME;
END $$
"""
FUNCTIONS = {
    "valuation_signed_for_good": VALUATION_SIGNED,
    "claim_paid_once_with_its_transfer": CLAIM_PAID,
    "transfer_resolved_with_its_claim": TRANSFER_OF_CLAIM,
}
TRIGGERS = (
    (
        "CREATE TRIGGER valuation_signed_for_good BEFORE UPDATE OR DELETE ON valuations"
        " FOR EACH ROW WHEN (OLD.status = 'signed') EXECUTE FUNCTION valuation_signed_for_good()"
    ),
    (
        "CREATE TRIGGER claim_paid_once_with_its_transfer AFTER INSERT OR UPDATE ON claims"
        " FOR EACH ROW EXECUTE FUNCTION claim_paid_once_with_its_transfer()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER transfer_resolved_with_its_claim AFTER INSERT ON ledger_transfers"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.resolves_id IS NOT NULL)"
        " EXECUTE FUNCTION transfer_resolved_with_its_claim()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=APPEND_ONLY, sequences=SEQUENCES)
