"""Rules of the market: a consent keeps its word and is used within its scope."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEQUENCES = ("mandate_numbers", "offer_numbers", "consent_numbers", "portfolio_numbers")
APPEND_ONLY = ("offer_rounds", "consent_uses")
UPDATABLE = {
    "mandates": "",
    "offers": "",
    "consents": "floor_fen, valid_from, valid_to, max_uses, proceeds, document_id, reason, status,"
    " decided_on, version",
    "portfolios": "",
    "portfolio_members": "left_on, left_event_id, left_at",
}
INSERTABLE = ("mandate_items", "consent_items")

CONSENT_USE_IN_SCOPE = """
CREATE FUNCTION consent_use_in_scope() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  consent public.consents;
BEGIN
  SELECT * INTO consent FROM public.consents c WHERE c.id = NEW.consent_id FOR NO KEY UPDATE;
  IF (SELECT count(*) FROM public.consent_uses u WHERE u.consent_id = NEW.consent_id) >= consent.max_uses THEN
    RAISE EXCEPTION 'consent % is used up', NEW.consent_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consent_uses_exhausted';
  END IF;
  IF consent.status IS DISTINCT FROM 'granted' THEN
    RAISE EXCEPTION 'consent % is not granted', NEW.consent_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consent_uses_granted';
  END IF;
  IF NEW.used_on NOT BETWEEN consent.valid_from AND consent.valid_to THEN
    RAISE EXCEPTION 'consent % is not valid on %', NEW.consent_id, NEW.used_on
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consent_uses_validity';
  END IF;
  IF NOT EXISTS (
    SELECT 1 FROM public.deals d WHERE d.id = NEW.deal_id AND d.kind = consent.action
      AND (consent.licence_type IS NULL OR d.licence_type = consent.licence_type)
      AND (consent.grantee_id IS NULL OR d.grantee_id = consent.grantee_id)
      AND (consent.floor_fen IS NULL OR d.amount_fen >= consent.floor_fen)) THEN
    RAISE EXCEPTION 'deal % is outside the scope of consent %', NEW.deal_id, NEW.consent_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consent_uses_scope';
  END IF;
  RETURN NEW;
END $$
"""

CONSENT_KEEPS_ITS_WORD = """
CREATE FUNCTION consent_keeps_its_word() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT (
    OLD.status = 'requested' AND NEW.status IN ('granted', 'refused', 'expired')
    OR OLD.status = 'granted' AND NEW.status IN ('revoked', 'used', 'expired')) THEN
    RAISE EXCEPTION 'consent % does not go from % to %', NEW.id, OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consents_transition';
  END IF;
  IF OLD.status <> 'requested'
     AND (OLD.floor_fen, OLD.valid_from, OLD.valid_to, OLD.max_uses, OLD.proceeds, OLD.document_id)
       IS DISTINCT FROM
         (NEW.floor_fen, NEW.valid_from, NEW.valid_to, NEW.max_uses, NEW.proceeds, NEW.document_id) THEN
    RAISE EXCEPTION 'consent % is decided', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consents_decided';
  END IF;
  IF NEW.status = 'revoked' AND EXISTS (
    SELECT 1 FROM public.consent_uses u WHERE u.consent_id = NEW.id) THEN
    RAISE EXCEPTION 'consent % has been used', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consents_revoked_unused';
  END IF;
  RETURN NEW;
END $$
"""

CONSENT_ITEM_UNDECIDED = """
CREATE FUNCTION consent_item_undecided() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.consents c WHERE c.id = NEW.consent_id AND c.status = 'requested' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'consent % is decided', NEW.consent_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_consent_items_undecided';
  END IF;
  RETURN NEW;
END $$
"""

FUNCTIONS = {
    "consent_use_in_scope": CONSENT_USE_IN_SCOPE,
    "consent_keeps_its_word": CONSENT_KEEPS_ITS_WORD,
    "consent_item_undecided": CONSENT_ITEM_UNDECIDED,
}
TRIGGERS = (
    (
        "CREATE TRIGGER consent_use_in_scope BEFORE INSERT ON consent_uses"
        " FOR EACH ROW EXECUTE FUNCTION consent_use_in_scope()"
    ),
    (
        "CREATE TRIGGER consent_keeps_its_word BEFORE UPDATE ON consents"
        " FOR EACH ROW EXECUTE FUNCTION consent_keeps_its_word()"
    ),
    (
        "CREATE TRIGGER consent_item_undecided BEFORE INSERT ON consent_items"
        " FOR EACH ROW EXECUTE FUNCTION consent_item_undecided()"
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
    rules.drop(append_only=APPEND_ONLY, functions=FUNCTIONS, sequences=SEQUENCES)
