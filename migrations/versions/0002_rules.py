"""Rules that hold across rows: append-only, shares, liens, roles and grants."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "events",
    "seals",
    "audit",
    "facts",
    "ledger_transfers",
    "ledger_entries",
    "asset_status_changes",
    "party_successions",
    "recordals",
    "recordal_parties",
    "recordal_assets",
    "import_rows",
    "schemes",
)
UPDATABLE_COLUMNS = {
    "holds": "ended_on, end_reason, ended_at",
    "ledger_accounts": "name",
    "instance": "business_date",
    "pools": "name, status, version",
    "titles": "ceased_on, ceased_at, ceased_event_id, superseded_at, superseded_event_id",
    "asset_links": "ended_at, ended_event_id",
    "imports": "rows, accepted, unchanged, refused, status, rows_done, manifest, finished_at",
}
"""Where a role may change some columns only; a row lock needs the right to change at least one."""
OPENING_COLUMNS = (
    "id, district_code, ledger_id, code, name, currency, normal_side, limit_side, memo, recorded_at"
)
"""What opening an account states; its totals begin at zero and follow transfers alone."""
UPDATABLE = (
    "assets",
    "parties",
    "listings",
    "deals",
    "pledges",
    "pledge_items",
    "idempotency_keys",
    "clients",
    "organisations",
)
INSERTABLE_ONLY = (
    "pools",
    "party_identifiers",
    "asset_identifiers",
    "asset_classes",
    "listing_items",
    "deal_items",
)
SEQUENCES = ("listing_numbers", "deal_numbers", "pledge_numbers", "pool_numbers")
ROLES = ("ipops_app", "ipops_read", "ipops_worker")

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'append_only', TABLE = TG_TABLE_NAME;
END $$
"""

TITLE_SHARES = """
CREATE FUNCTION title_shares_whole() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.assets WHERE id = NEW.asset_id FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM public.titles
    WHERE asset_id = NEW.asset_id AND share_ppm IS NOT NULL AND superseded_at IS NULL) THEN
    RETURN NULL;
  END IF;
  IF EXISTS (
    WITH known AS (
      SELECT share_ppm, coalesce(acquired_on, '-infinity') AS first,
        CASE WHEN ceased_at IS NULL THEN 'infinity' ELSE ceased_on END AS beyond, ceased_at IS NULL AS live
      FROM public.titles WHERE asset_id = NEW.asset_id AND superseded_at IS NULL
    ), instant AS (
      SELECT first AS day FROM known UNION SELECT beyond FROM known WHERE beyond IS NOT NULL
    )
    SELECT 1 FROM instant i JOIN known k ON k.first <= i.day AND (k.beyond > i.day OR k.live)
    GROUP BY i.day
    HAVING count(k.share_ppm) > 0
      AND (count(*) <> count(k.share_ppm) OR sum(k.share_ppm) <> 1000000)) THEN
    RAISE EXCEPTION 'ownership shares of asset % do not sum to the whole at every instant', NEW.asset_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_shares_whole';
  END IF;
  RETURN NULL;
END $$
"""
"""An end on an unknown day has no `beyond`: such a title counts as never held, as in the chain of title."""

PLEDGED = """
    SELECT 1 FROM public.holds h WHERE h.asset_id = NEW.asset_id AND h.kind = 'lien' AND h.ended_at IS NULL
"""
"""A live lien of the right; asked before `UNLIFTED`, which costs a plan of its own each time."""

UNLIFTED = """
    SELECT 1 FROM public.holds h WHERE h.asset_id = NEW.asset_id AND h.kind = 'lien' AND h.ended_at IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM public.consent_uses u
          JOIN public.consents c ON c.id = u.consent_id
          JOIN public.consent_items i ON i.consent_id = c.id
          JOIN public.deals d ON d.id = u.deal_id
          JOIN public.deal_items x ON x.deal_id = d.id AND x.asset_id = i.asset_id
        WHERE u.deal_id = deal AND c.kind = 'pledgee' AND c.action = '{action}' AND d.kind = c.action
          AND (c.licence_type IS NULL OR d.licence_type = c.licence_type)
          AND (c.grantee_id IS NULL OR d.grantee_id = c.grantee_id)
          AND (c.floor_fen IS NULL OR d.amount_fen >= c.floor_fen)
          AND i.asset_id = h.asset_id AND i.hold_id = h.id)
"""
"""A live lien of the right that no consent used by `deal` lifts for the action (民法典第444条)."""

HOLD_RESPECTS_LIENS = f"""
CREATE FUNCTION hold_respects_liens() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  deal uuid := CASE WHEN NEW.source_noun = 'deal' THEN NEW.source_id END;
BEGIN
  PERFORM 1 FROM public.assets WHERE id = NEW.asset_id FOR NO KEY UPDATE;
  IF NEW.kind NOT IN ('licence', 'exclusive_licence') THEN
    RETURN NEW;
  END IF;
  IF NOT NEW.imported AND EXISTS ({PLEDGED}) THEN
    IF EXISTS (
{UNLIFTED.format(action="licence")}) THEN
      RAISE EXCEPTION 'asset % is pledged', NEW.asset_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_holds_encumbered';
    END IF;
  END IF;
  IF EXISTS (
    SELECT 1 FROM public.holds h WHERE h.asset_id = NEW.asset_id
      AND h.kind IN ('licence', 'exclusive_licence')
      AND h.source_noun = 'deal' AND h.source_id = deal) THEN
    RAISE EXCEPTION 'deal % licenses asset % already', deal, NEW.asset_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_holds_licensed_once';
  END IF;
  RETURN NEW;
END $$
"""

BY_LAW = "('inheritance', 'merger', 'court_ruling', 'auction')"
"""The kinds of documents by which a title passes with what hangs on the right (TR-02)."""

TITLE_RESPECTS_LIENS = f"""
CREATE FUNCTION title_respects_liens() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  deal uuid;
BEGIN
  IF NEW.recordal_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM public.recordals r WHERE r.id = NEW.recordal_id AND r.kind IN {BY_LAW}) THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT 1 FROM public.imports i WHERE i.event_id = NEW.event_id) THEN
    RETURN NEW;
  END IF;
  PERFORM 1 FROM public.assets WHERE id = NEW.asset_id FOR NO KEY UPDATE;
  SELECT e.subject_id INTO deal FROM public.events e WHERE e.id = NEW.event_id AND e.noun = 'deal';
  IF EXISTS ({PLEDGED}) THEN
    IF EXISTS (
{UNLIFTED.format(action="transfer")}) THEN
      RAISE EXCEPTION 'asset % is pledged', NEW.asset_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_encumbered';
    END IF;
  END IF;
  IF deal IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM public.deals d JOIN public.deal_items x ON x.deal_id = d.id
    WHERE d.id = deal AND d.kind = 'transfer' AND d.status = 'effective'
      AND d.grantee_id = NEW.party_id AND x.asset_id = NEW.asset_id) THEN
    RAISE EXCEPTION 'deal % does not pass asset % to this owner', deal, NEW.asset_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_of_their_deal';
  END IF;
  IF deal IS NOT NULL AND EXISTS (
    SELECT 1 FROM public.titles t JOIN public.events e ON e.id = t.event_id
    WHERE t.asset_id = NEW.asset_id AND e.noun = 'deal' AND e.subject_id = deal) THEN
    RAISE EXCEPTION 'deal % has passed asset % already', deal, NEW.asset_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_passed_once';
  END IF;
  RETURN NEW;
END $$
"""

RECORDED = f"""EXISTS (
    SELECT 1 FROM public.recordal_assets a JOIN public.recordals r ON r.id = a.recordal_id
    WHERE a.asset_id = NEW.asset_id AND r.event_id = {{event}} AND r.recorded_at = {{at}}{{document}}
      AND ((r.kind = 'agreement_on_shares' OR r.kind IN {BY_LAW})
        AND EXISTS (SELECT 1 FROM public.documents d WHERE d.id = r.document_id) OR EXISTS (
        SELECT 1 FROM public.import_rows w
        WHERE w.noun = 'recordal' AND w.subject_id = r.id AND w.event_id = r.event_id)))"""
"""A document that names the right was recorded in the event, just then: imported as a row, or told with
evidence, if it is of a kind that passes or divides a title.
"""

IMPORTED = """EXISTS (
    SELECT 1 FROM public.import_rows w
    WHERE w.noun = 'asset' AND w.subject_id = NEW.asset_id AND w.event_id = {event}
      AND w.recorded_at = {at})"""
"""A row about the right was imported in the event."""

ITS_OWN = """
      AND (r.id = coalesce(NEW.recordal_id, r.id) OR EXISTS (
        SELECT 1 FROM public.titles o
        WHERE o.asset_id = NEW.asset_id AND o.recordal_id = NEW.recordal_id
          AND o.superseded_event_id = NEW.event_id AND o.superseded_at = NEW.recorded_at))"""
"""It is the title's own document, unless the title takes the place of another by the same document."""

TITLE_HAS_ITS_RECORD = f"""
CREATE FUNCTION title_has_its_record() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.recordal_id IS NULL AND (
    EXISTS (SELECT 1 FROM public.assets a WHERE a.id = NEW.asset_id AND a.event_id = NEW.event_id)
    OR (NEW.ceased_at IS NULL AND EXISTS (
      SELECT 1 FROM public.events e WHERE e.id = NEW.event_id AND e.noun = 'deal'
        AND NOT EXISTS (SELECT 1 FROM public.imports i WHERE i.event_id = e.id)))
    OR {IMPORTED.format(event="NEW.event_id", at="NEW.recorded_at")}) THEN
    RETURN NULL;
  END IF;
  IF NOT {RECORDED.format(event="NEW.event_id", at="NEW.recorded_at", document=ITS_OWN)} THEN
    RAISE EXCEPTION 'no record of its event names asset %', NEW.asset_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_recorded';
  END IF;
  RETURN NULL;
END $$
"""
"""A title begins with the right's own entry, by a deal, by an imported row, or by a recorded document."""

TITLE_ENDS_BY_RECORD = f"""
CREATE FUNCTION title_ends_by_record() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM public.titles n
    WHERE n.asset_id = NEW.asset_id AND n.ceased_at IS NULL AND n.event_id = NEW.ceased_event_id
      AND n.recorded_at = NEW.ceased_at AND n.recorded_at > NEW.recorded_at)
    AND ({RECORDED.format(event="NEW.ceased_event_id", at="NEW.ceased_at", document="")}
    OR {IMPORTED.format(event="NEW.ceased_event_id", at="NEW.ceased_at")}
    OR EXISTS (
      SELECT 1 FROM public.events e JOIN public.deals d ON d.id = e.subject_id
        JOIN public.deal_items x ON x.deal_id = d.id
      WHERE e.id = NEW.ceased_event_id AND e.noun = 'deal' AND d.kind = 'transfer'
        AND x.asset_id = NEW.asset_id)) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'nothing on record ends title %', NEW.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_ended_by_record';
END $$
"""
"""A live title ends where a younger one begins: by a deal, an imported row or a recorded document."""

TITLE_SUPERSEDED = f"""
CREATE FUNCTION title_superseded_by_another() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF {RECORDED.format(event="NEW.superseded_event_id", at="NEW.superseded_at", document="")} AND EXISTS (
    SELECT 1 FROM public.titles n
    WHERE n.asset_id = NEW.asset_id AND n.id <> NEW.id
      AND n.party_id IS NOT DISTINCT FROM NEW.party_id AND n.share_ppm IS NOT DISTINCT FROM NEW.share_ppm
      AND n.event_id = NEW.superseded_event_id AND n.recorded_at = NEW.superseded_at) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'no other title takes the place of title %', NEW.id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_superseded_by_another';
END $$
"""
"""A recorded document told more of the same owner's share; one that was live ends as any other does."""

TITLE_ENDS_FOR_GOOD = """
CREATE FUNCTION title_ends_for_good() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (OLD.ceased_on, OLD.ceased_at, OLD.ceased_event_id)
      IS DISTINCT FROM (NEW.ceased_on, NEW.ceased_at, NEW.ceased_event_id)
    OR OLD.superseded_at IS NOT NULL AND (OLD.superseded_at, OLD.superseded_event_id)
      IS DISTINCT FROM (NEW.superseded_at, NEW.superseded_event_id) THEN
    RAISE EXCEPTION 'title % has ended', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_titles_ended_for_good';
  END IF;
  RETURN NEW;
END $$
"""

CANONICAL_JSON = """
CREATE FUNCTION canonical_json(j jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  CASE jsonb_typeof(j)
    WHEN 'object' THEN
      RETURN '{' || coalesce((
        SELECT string_agg(
          to_json(m.key)::text || ':' || CASE WHEN jsonb_typeof(m.value) IN ('object', 'array')
            THEN public.canonical_json(m.value) ELSE m.value::text END, ',' ORDER BY m.key COLLATE "C")
        FROM jsonb_each(j) m), '') || '}';
    WHEN 'array' THEN
      RETURN '[' || coalesce((
        SELECT string_agg(public.canonical_json(m.value), ',' ORDER BY m.ordinality)
        FROM jsonb_array_elements(j) WITH ORDINALITY m), '') || ']';
    ELSE
      RETURN j::text;
  END CASE;
END $$
"""

TRIGGERS = (
    (
        "CREATE CONSTRAINT TRIGGER title_shares_whole AFTER INSERT OR UPDATE ON titles"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION title_shares_whole()"
    ),
    (
        "CREATE TRIGGER hold_respects_liens BEFORE INSERT ON holds"
        " FOR EACH ROW EXECUTE FUNCTION hold_respects_liens()"
    ),
    # What an official document says of an owner stands, and so does a title that has ended.
    (
        "CREATE TRIGGER title_respects_liens BEFORE INSERT ON titles"
        " FOR EACH ROW WHEN (NEW.ceased_at IS NULL) EXECUTE FUNCTION title_respects_liens()"
    ),
    # Deferred: an import writes the titles before the documents' rights and the rows they come from.
    (
        "CREATE CONSTRAINT TRIGGER title_has_its_record AFTER INSERT ON titles"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION title_has_its_record()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER title_ends_by_record AFTER UPDATE ON titles"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (OLD.ceased_at IS NULL AND NEW.ceased_at IS NOT NULL)"
        " EXECUTE FUNCTION title_ends_by_record()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER title_superseded_by_another AFTER UPDATE ON titles"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL)"
        " EXECUTE FUNCTION title_superseded_by_another()"
    ),
    (
        "CREATE TRIGGER title_ends_for_good BEFORE UPDATE ON titles"
        " FOR EACH ROW WHEN (OLD.ceased_at IS NOT NULL) EXECUTE FUNCTION title_ends_for_good()"
    ),
)
FUNCTIONS = (
    CANONICAL_JSON,
    REFUSE_CHANGE,
    TITLE_SHARES,
    HOLD_RESPECTS_LIENS,
    TITLE_RESPECTS_LIENS,
    TITLE_HAS_ITS_RECORD,
    TITLE_ENDS_BY_RECORD,
    TITLE_SUPERSEDED,
    TITLE_ENDS_FOR_GOOD,
)
FUNCTION_NAMES = (
    "title_ends_for_good",
    "title_superseded_by_another",
    "title_ends_by_record",
    "title_has_its_record",
    "title_respects_liens",
    "hold_respects_liens",
    "title_shares_whole",
    "refuse_change",
    "canonical_json",
)


def upgrade() -> None:
    """Create sequences, functions, triggers, roles and grants."""
    for sequence in SEQUENCES:
        op.execute(f"CREATE SEQUENCE {sequence}")
    for function in FUNCTIONS:
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    grant()


def grant() -> None:
    """Give each role what it needs and nothing more; no application role owns anything."""
    for function in FUNCTION_NAMES:
        if function != "canonical_json":
            op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database()); END $$"
    )
    for role in ROLES:
        op.execute(
            "DO $$ BEGIN "
            f"IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN "
            f"CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    for writer in ("ipops_app", "ipops_worker"):
        op.execute(f"GRANT INSERT ({OPENING_COLUMNS}) ON ledger_accounts TO {writer}")
        for table, columns in UPDATABLE_COLUMNS.items():
            op.execute(f"GRANT UPDATE ({columns}) ON {table} TO {writer}")
        for table in (
            *APPEND_ONLY,
            *UPDATABLE,
            *INSERTABLE_ONLY,
            "titles",
            "holds",
            "outbox",
            "asset_links",
            "imports",
        ):
            if table not in ("seals", "ledger_entries"):
                op.execute(f"GRANT INSERT ON {table} TO {writer}")
        for table in UPDATABLE:
            op.execute(f"GRANT UPDATE ON {table} TO {writer}")
        for sequence in SEQUENCES:
            op.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {writer}")
    op.execute("GRANT INSERT ON seals, job_runs TO ipops_worker")
    op.execute("GRANT DELETE ON outbox, idempotency_keys TO ipops_worker")


def downgrade() -> None:
    """Drop what `upgrade` created; the roles stay, they belong to the server."""
    for role in ROLES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}")
    for function in FUNCTION_NAMES:
        op.execute(f"DROP FUNCTION {function} CASCADE")
    for sequence in SEQUENCES:
        op.execute(f"DROP SEQUENCE {sequence}")
