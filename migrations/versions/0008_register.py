"""Rules of the register in depth: histories are never changed, a right has one preservation at a time."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEQUENCES = ("certificate_numbers", "reconciliation_numbers")
APPEND_ONLY = (
    "party_names",
    "party_districts",
    "party_sizes",
    "party_roles",
    "legal_events",
    "reconciliations",
    "certificate_keys",
)
UPDATABLE = {
    "asset_goods": "removed_on, removed_at, removed_event_id",
    "asset_tags": "valid_to, ended_at, ended_event_id",
    "duplicates": (
        "status, decision_reason, decided_by, decided_on, undone_by, undone_on, undo_reason,"
        " succession_id, version"
    ),
    "fees": "status, paid_on, paid_fen, source, version",
    "stays": "status, lifted_on, reason, version",
    "certificates": "status, revoked_on, reason, version",
    "reconciliation_differences": "status, reason, decided_by, decided_on, version",
}

PLEDGE_RECORDED = """
CREATE FUNCTION pledge_has_its_event() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.events e WHERE e.id = NEW.event_id)
    OR NEW.imported AND EXISTS (SELECT 1 FROM public.imports i WHERE i.event_id = NEW.event_id) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'pledge % belongs to no event', NEW.id
    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ck_pledges_recorded';
END $$
"""
"""As a foreign key would, but for imported pledges: the event of their import is recorded when it is over."""

CERTIFICATE_REVOKED = """
CREATE FUNCTION certificate_revoked_for_good() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status = 'revoked' THEN
    RAISE EXCEPTION 'certificate % is revoked for good', OLD.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_certificates_revoked_for_good';
  END IF;
  RETURN NEW;
END $$
"""

DUPLICATE_DECIDED = """
CREATE FUNCTION duplicate_decided_by_two() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.status, NEW.status) NOT IN (
    ('proposed', 'merged'), ('proposed', 'rejected'), ('merged', 'undone')) THEN
    RAISE EXCEPTION 'duplicate % is %', NEW.id, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_duplicates_decided_for_good';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM public.approvals a WHERE a.noun = 'duplicate' AND a.subject_id = NEW.id
      AND a.step = 'make' AND a.client_id = NEW.proposed_by)
    OR NEW.decided_by IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM public.approvals a WHERE a.noun = 'duplicate' AND a.subject_id = NEW.id
      AND a.step = 'check' AND a.client_id = NEW.decided_by
      AND a.decision = CASE NEW.status WHEN 'rejected' THEN 'rejected' ELSE 'approved' END) THEN
    RAISE EXCEPTION 'duplicate % was not proposed by one and decided by another', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_duplicates_two_hands';
  END IF;
  IF NEW.status = 'merged' AND NOT EXISTS (
    SELECT 1 FROM public.party_successions s WHERE s.id = NEW.succession_id AND s.kind = 'duplicate'
      AND s.predecessor_id = NEW.duplicate_party_id AND s.successor_id = NEW.party_id) THEN
    RAISE EXCEPTION 'no succession says that duplicate % is merged', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_duplicates_of_their_succession';
  END IF;
  IF NEW.status = 'merged' AND (
    WITH RECURSIVE one(id) AS (
      SELECT NEW.party_id
      UNION SELECT CASE WHEN d.party_id = one.id THEN d.duplicate_party_id ELSE d.party_id END
      FROM one JOIN public.duplicates d ON (d.party_id = one.id OR d.duplicate_party_id = one.id)
        AND d.status = 'merged'
    )
    SELECT count(DISTINCT i.value) FROM public.party_identifiers i
    WHERE i.party_id IN (SELECT id FROM one) AND i.scheme = 'uscc') > 1 THEN
    RAISE EXCEPTION 'duplicate % has two unified social credit codes', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_duplicates_one_code';
  END IF;
  RETURN NULL;
END $$
"""
"""Two parties are one when one client proposed it and another merged it (RB-02), and never with two codes."""

FUNCTIONS = {
    "pledge_has_its_event": PLEDGE_RECORDED,
    "certificate_revoked_for_good": CERTIFICATE_REVOKED,
    "duplicate_decided_by_two": DUPLICATE_DECIDED,
}
TRIGGERS = (
    (
        "CREATE CONSTRAINT TRIGGER duplicate_decided_by_two AFTER INSERT OR UPDATE ON duplicates"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION duplicate_decided_by_two()"
    ),
    (
        "CREATE TRIGGER pledge_has_its_event AFTER INSERT OR UPDATE OF event_id ON pledges"
        " FOR EACH ROW EXECUTE FUNCTION pledge_has_its_event()"
    ),
    (
        "CREATE TRIGGER certificate_revoked_for_good BEFORE UPDATE ON certificates"
        " FOR EACH ROW EXECUTE FUNCTION certificate_revoked_for_good()"
    ),
)

ENDING = {"asset_tags": "ended_at", "asset_links": "ended_at", "asset_goods": "removed_at"}
"""Rows of a right's register entry that end once, by an event, and are not changed any more."""


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.updatable(UPDATABLE)
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)
    for table, ended_at in ENDING.items():
        op.execute(
            f"CREATE TRIGGER ended_for_good BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (OLD.{ended_at} IS NOT NULL) EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    """Drop what `upgrade` created."""
    for table in ENDING:
        op.execute(f"DROP TRIGGER ended_for_good ON {table}")
    rules.drop(functions=FUNCTIONS, append_only=APPEND_ONLY, sequences=SEQUENCES)
