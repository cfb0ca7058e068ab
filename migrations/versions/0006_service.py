"""Rules of trusteeship: programmes, providers with their quotas, enrolments, service records and coverage."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SEQUENCES = ("programme_numbers", "enrolment_numbers")
APPEND_ONLY = ()
UPDATABLE = {
    "programmes": "",
    "providers": "",
    "enrolments": "",
    "service_records": "accepted_on, version",
    "coverages": "since, enrolment_id, folded_on, folded_into_id",
}
INSERTABLE = ()

WITHIN_QUOTA = """
CREATE FUNCTION enrolments_within_quota() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  allowed bigint;
BEGIN
  SELECT p.quota INTO allowed FROM public.providers p WHERE p.id = NEW.provider_id FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM public.enrolments e
      WHERE e.provider_id = NEW.provider_id AND e.status IN ('matched', 'active')) > coalesce(allowed, 0) THEN
    RAISE EXCEPTION 'provider % would serve more firms than its quota', NEW.provider_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_enrolments_within_quota', TABLE = 'enrolments';
  END IF;
  RETURN NULL;
END $$
"""
"""The provider is locked first, so that two firms that take its last place take turns (TRU-03)."""
FUNCTIONS = {"enrolments_within_quota()": WITHIN_QUOTA}

SERVED = "NEW.provider_id IS NOT NULL AND NEW.status IN ('matched', 'active')"
ENTERS = f"""
CREATE TRIGGER within_quota_of_new AFTER INSERT ON enrolments
FOR EACH ROW WHEN ({SERVED}) EXECUTE FUNCTION enrolments_within_quota()
"""
TAKES = f"""
CREATE TRIGGER within_quota AFTER UPDATE OF status, provider_id ON enrolments
FOR EACH ROW WHEN ({SERVED} AND (NEW.provider_id IS DISTINCT FROM OLD.provider_id
  OR OLD.status NOT IN ('matched', 'active'))) EXECUTE FUNCTION enrolments_within_quota()
"""


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)
    rules.functions(FUNCTIONS)
    op.execute(ENTERS)
    op.execute(TAKES)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, functions=FUNCTIONS, sequences=SEQUENCES)
