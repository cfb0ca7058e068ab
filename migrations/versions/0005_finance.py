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
  borne numeric;
  borne_by_pool numeric;
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.status = 'rejected' AND NEW.status <> 'rejected' OR NEW.round < OLD.round) THEN
    RAISE EXCEPTION 'claim % goes back from % of round %', NEW.id, OLD.status, OLD.round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_steps';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.paid_fen IS NOT NULL THEN
    IF (OLD.paid_fen, OLD.paid_on, OLD.transfer_id, OLD.shortfall_reason)
       IS DISTINCT FROM (NEW.paid_fen, NEW.paid_on, NEW.transfer_id, NEW.shortfall_reason)
       OR NOT (NEW.status = OLD.status
         OR OLD.status = 'paid' AND NEW.status IN ('recovering', 'recovered', 'written_off', 'clawback')
         OR OLD.status = 'recovering' AND NEW.status IN ('recovered', 'written_off', 'clawback')
         OR OLD.status IN ('recovered', 'written_off') AND NEW.status = 'clawback'
         OR OLD.status = 'clawback' AND NEW.status = 'closed') THEN
      RAISE EXCEPTION 'claim % is paid for good', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_paid_for_good';
    END IF;
    RETURN NULL;
  END IF;
  IF (NEW.paid_fen IS NOT NULL) <> (NEW.status IN
       ('paid', 'recovering', 'recovered', 'written_off', 'clawback', 'closed'))
     OR (TG_OP = 'INSERT' AND NEW.status <> 'submitted') THEN
    RAISE EXCEPTION 'claim % is in state % and paid %', NEW.id, NEW.status, NEW.paid_fen
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_backed';
  END IF;
  IF NEW.paid_fen IS NULL THEN
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
  SELECT sum(s.borne_fen), coalesce(sum(s.borne_fen) FILTER (WHERE s.party = 'pool'), 0)
    INTO borne, borne_by_pool FROM public.claim_shares s WHERE s.claim_id = NEW.id;
  IF (borne, borne_by_pool) IS DISTINCT FROM (NEW.loss_fen::numeric, NEW.paid_fen::numeric) OR EXISTS (
    SELECT 1 FROM public.claim_shares s
    WHERE s.claim_id = NEW.id AND s.party NOT IN ('bank', 'pool') AND s.borne_fen <> s.due_fen) THEN
    RAISE EXCEPTION 'claim % of % is borne with %, its pool bears %', NEW.id, NEW.loss_fen, borne, borne_by_pool
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_borne';
  END IF;
  RETURN NULL;
END $$
"""

SET_ASIDE_KEPT = """
CREATE FUNCTION claim_set_aside_kept() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  claim public.claims;
BEGIN
  SELECT * INTO claim FROM public.claims WHERE id = NEW.id;
  IF TG_OP = 'UPDATE' AND OLD.transfer_id IS NOT NULL AND OLD.transfer_id IS DISTINCT FROM claim.transfer_id
     AND NOT EXISTS (
       SELECT 1 FROM public.ledger_transfers t
       WHERE t.ledger_id = OLD.pool_id AND t.resolves_id = OLD.transfer_id) THEN
    RAISE EXCEPTION 'claim % lets go what is set aside for it', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_set_aside';
  END IF;
  IF claim.transfer_id IS NOT NULL AND claim.paid_fen IS NULL AND NOT (claim.status = 'publicised' AND EXISTS (
    SELECT 1 FROM public.ledger_transfers t
    JOIN public.ledger_accounts d ON d.id = t.debit_account_id AND d.code = 'compensation'
    JOIN public.ledger_accounts c ON c.id = t.credit_account_id AND c.code = 'cash'
    WHERE t.ledger_id = claim.pool_id AND t.id = claim.transfer_id AND t.kind = 'pending'
      AND t.business_id = claim.id)) THEN
    RAISE EXCEPTION 'claim % names a transfer that is not set aside for it', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claims_set_aside';
  END IF;
  RETURN NULL;
END $$
"""

CLAWED_BACK = """
CREATE FUNCTION claim_clawed_back_by_order() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  subject uuid;
BEGIN
  IF TG_TABLE_NAME = 'claims' THEN
    subject := NEW.id;
  ELSE
    subject := NEW.claim_id;
  END IF;
  IF TG_TABLE_NAME = 'clawbacks' AND TG_OP = 'UPDATE' AND OLD.transfer_id IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM public.claims c
    JOIN public.clawbacks b ON b.claim_id = c.id
    LEFT JOIN public.claim_shares s ON s.claim_id = c.id AND s.party = 'pool'
    WHERE c.id = subject AND b.amount_fen = c.paid_fen - coalesce(s.recovered_fen, 0)
      AND (c.status = 'clawback' AND b.transfer_id IS NULL OR c.status = 'closed' AND EXISTS (
        SELECT 1 FROM public.ledger_transfers t
        JOIN public.ledger_accounts d ON d.id = t.debit_account_id AND d.code = 'cash'
        JOIN public.ledger_accounts k ON k.id = t.credit_account_id AND k.code = 'compensation'
        WHERE t.ledger_id = c.pool_id AND t.id = b.transfer_id AND t.kind = 'posted'
          AND t.amount_fen = b.amount_fen))) THEN
    RAISE EXCEPTION 'claim % is not clawed back by an order of what the pool lacks, nor closed by its receipt',
      subject USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_clawbacks_backed';
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

TRANSFER_CLAIMED = """
CREATE FUNCTION transfer_named_by_its_claim() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  debit text;
  credit text;
BEGIN
  SELECT code INTO debit FROM public.ledger_accounts WHERE id = NEW.debit_account_id;
  SELECT code INTO credit FROM public.ledger_accounts WHERE id = NEW.credit_account_id;
  IF debit NOT IN ('compensation', 'recovered') AND credit NOT IN ('compensation', 'recovered') THEN
    RETURN NULL;
  END IF;
  IF NOT (debit = 'compensation' AND credit = 'cash' AND EXISTS (
      SELECT 1 FROM public.claims c WHERE c.pool_id = NEW.ledger_id AND c.transfer_id = NEW.id
        AND (c.paid_fen = NEW.amount_fen OR NEW.kind = 'pending' AND c.status = 'publicised'))
    OR debit = 'cash' AND credit = 'compensation' AND NEW.kind = 'posted' AND EXISTS (
      SELECT 1 FROM public.clawbacks b WHERE b.pool_id = NEW.ledger_id AND b.transfer_id = NEW.id
        AND b.amount_fen = NEW.amount_fen)
    OR debit = 'cash' AND credit = 'recovered' AND NEW.kind = 'posted' AND EXISTS (
      SELECT 1 FROM public.recoveries r WHERE r.pool_id = NEW.ledger_id AND r.transfer_id = NEW.id)) THEN
    RAISE EXCEPTION 'transfer % is no claim''s, clawback''s or recovery''s', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transfers_claimed';
  END IF;
  RETURN NULL;
END $$
"""

SHARE_BORNE = """
CREATE FUNCTION claim_share_borne_for_good() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.claims c WHERE c.id = NEW.claim_id AND c.paid_fen IS NOT NULL) THEN
    RAISE EXCEPTION 'share % of a paid claim is borne for good', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claim_shares_borne_for_good';
  END IF;
  RETURN NEW;
END $$
"""

RECOVERY_SHARED = """
CREATE FUNCTION recovery_shared_whole() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  subject uuid;
BEGIN
  IF TG_TABLE_NAME = 'recoveries' THEN
    subject := NEW.id;
  ELSE
    subject := NEW.recovery_id;
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM public.recoveries r
    JOIN public.claims c ON c.id = r.claim_id AND c.status IN ('recovering', 'recovered', 'written_off')
    LEFT JOIN public.ledger_transfers t ON t.ledger_id = r.pool_id AND t.id = r.transfer_id
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(p.amount_fen), 0) AS fen,
             coalesce(sum(p.amount_fen) FILTER (WHERE p.party = 'pool'), 0) AS pool_fen
      FROM public.recovery_shares p WHERE p.recovery_id = r.id) s
    WHERE r.id = subject AND s.fen + r.interest_fen + r.surplus_fen = r.gross_fen - r.cost_fen
      AND s.pool_fen = coalesce(t.amount_fen, 0)) THEN
    RAISE EXCEPTION 'recovery % is not shared whole among those who bore a paid claim', subject
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_recoveries_shared';
  END IF;
  RETURN NULL;
END $$
"""

SHARE_RECOVERED = """
CREATE FUNCTION claim_share_recovered_by_recoveries() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  subject uuid;
BEGIN
  IF TG_TABLE_NAME = 'claim_shares' THEN
    subject := NEW.claim_id;
  ELSE
    SELECT r.claim_id INTO subject FROM public.recoveries r WHERE r.id = NEW.recovery_id;
  END IF;
  IF EXISTS (
    SELECT 1 FROM (SELECT c.party, c.recovered_fen FROM public.claim_shares c WHERE c.claim_id = subject) s
    FULL JOIN (
      SELECT p.party, sum(p.amount_fen) AS fen FROM public.recoveries r
      JOIN public.recovery_shares p ON p.recovery_id = r.id WHERE r.claim_id = subject GROUP BY p.party) g
      ON g.party = s.party
    WHERE s.party IS NULL OR s.recovered_fen <> coalesce(g.fen, 0)) THEN
    RAISE EXCEPTION 'what parties of claim % have recovered is not the sum of their parts', subject
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_claim_shares_recovered_by_recoveries';
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
    "claim_set_aside_kept": SET_ASIDE_KEPT,
    "claim_clawed_back_by_order": CLAWED_BACK,
    "transfer_resolved_with_its_claim": TRANSFER_OF_CLAIM,
    "transfer_named_by_its_claim": TRANSFER_CLAIMED,
    "claim_share_borne_for_good": SHARE_BORNE,
    "recovery_shared_whole": RECOVERY_SHARED,
    "claim_share_recovered_by_recoveries": SHARE_RECOVERED,
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
        "CREATE CONSTRAINT TRIGGER claim_set_aside_kept AFTER INSERT OR UPDATE ON claims"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claim_set_aside_kept()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER claim_clawed_back_by_order AFTER UPDATE ON claims"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status IN ('clawback', 'closed'))"
        " EXECUTE FUNCTION claim_clawed_back_by_order()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER clawback_ordered_and_received AFTER INSERT OR UPDATE ON clawbacks"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claim_clawed_back_by_order()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER transfer_resolved_with_its_claim AFTER INSERT ON ledger_transfers"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.resolves_id IS NOT NULL)"
        " EXECUTE FUNCTION transfer_resolved_with_its_claim()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER transfer_named_by_its_claim AFTER INSERT ON ledger_transfers"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind <> 'void')"
        " EXECUTE FUNCTION transfer_named_by_its_claim()"
    ),
    (
        "CREATE TRIGGER claim_share_borne_for_good BEFORE UPDATE ON claim_shares"
        " FOR EACH ROW WHEN (OLD.borne_fen <> NEW.borne_fen) EXECUTE FUNCTION claim_share_borne_for_good()"
    ),
    (
        "CREATE TRIGGER claim_share_added_before_payment BEFORE INSERT ON claim_shares"
        " FOR EACH ROW WHEN (NEW.borne_fen <> 0) EXECUTE FUNCTION claim_share_borne_for_good()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER recovery_shared_whole AFTER INSERT ON recoveries"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recovery_shared_whole()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER recovery_part_shared_whole AFTER INSERT ON recovery_shares"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION recovery_shared_whole()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER claim_share_recovered AFTER UPDATE ON claim_shares"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.recovered_fen <> NEW.recovered_fen)"
        " EXECUTE FUNCTION claim_share_recovered_by_recoveries()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER claim_share_added_unrecovered AFTER INSERT ON claim_shares"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.recovered_fen <> 0)"
        " EXECUTE FUNCTION claim_share_recovered_by_recoveries()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER recovery_part_summed_up AFTER INSERT ON recovery_shares"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION claim_share_recovered_by_recoveries()"
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
