"""Rules of the ledger: how transfers move accounts, what periods take, and what is never changed."""

from __future__ import annotations

from alembic import op

from migrations import rules

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEQUENCES = ("bank_statement_numbers",)
APPEND_ONLY = ("period_balances", "bank_statements", "interest_rates", "interest_accruals")
UPDATABLE = {
    "monitors": "crossed, ended_on, version",
    "periods": "status, round, reason, closed_on, version",
    "bank_statement_lines": "status, rule, transfer_id, reason, version",
}

LEDGER_APPLY = """
CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  shape record;
  one record;
  fault record;
  frozen boolean;
  earlier boolean;
BEGIN
  IF TG_RELID <> 'public.ledger_transfers'::regclass THEN
    RAISE EXCEPTION 'ledger_apply serves ledger_transfers only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT count(*) AS transfers, bool_or(b.freezes IS NOT NULL) AS freezing,
      bool_or(b.resolves_id IS NOT NULL OR b.reverses_id IS NOT NULL OR b.amount_fen = 0) AS referring
    INTO shape FROM booked b;
  IF shape.transfers = 0 THEN
    RETURN NULL;
  END IF;
  SELECT bool_or(a.frozen_by IS NOT NULL) INTO frozen FROM (
    SELECT a.frozen_by FROM public.ledger_accounts a
    WHERE a.id IN (SELECT debit_account_id FROM booked UNION SELECT credit_account_id FROM booked)
    ORDER BY a.id FOR NO KEY UPDATE) a;

  IF shape.referring THEN
    SELECT b.id, f.broken INTO fault
      FROM booked b
      LEFT JOIN public.ledger_transfers h ON h.ledger_id = b.ledger_id AND h.id = b.resolves_id
      LEFT JOIN public.ledger_transfers o ON o.ledger_id = b.ledger_id AND o.id = b.reverses_id
      CROSS JOIN LATERAL (SELECT CASE
        WHEN b.amount_fen = 0 AND coalesce(b.freezes, h.freezes) IS NULL THEN 'ck_ledger_transfers_amount_fen'
        WHEN b.resolves_id IS NOT NULL AND (h.kind IS DISTINCT FROM 'pending'
          OR h.debit_account_id <> b.debit_account_id OR h.credit_account_id <> b.credit_account_id)
          THEN 'ck_ledger_transfers_resolves_pending'
        WHEN b.amount_fen > h.amount_fen OR b.kind <> 'post' AND b.amount_fen <> h.amount_fen
          THEN 'ck_ledger_transfers_within_pending'
        WHEN b.kind = 'post' AND h.expires_on < b.booked_on
          OR b.kind = 'expire' AND (h.expires_on < b.booked_on) IS NOT TRUE THEN 'ck_ledger_transfers_expired'
        WHEN b.reverses_id IS NOT NULL AND (o.kind IN ('posted', 'post') AND o.reverses_id IS NULL
          AND o.debit_account_id = b.credit_account_id AND o.credit_account_id = b.debit_account_id
          AND o.amount_fen = b.amount_fen) IS NOT TRUE THEN 'ck_ledger_transfers_reverses_whole'
        END AS broken) f
      WHERE f.broken IS NOT NULL
      ORDER BY b.position, b.id LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'transfer % does not resolve or reverse what it names', fault.id
        USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken, TABLE = 'ledger_transfers';
    END IF;
  END IF;

  IF frozen OR shape.freezing THEN
    FOR one IN SELECT * FROM booked b ORDER BY b.position, b.id LOOP
      IF one.kind IN ('void', 'expire') THEN
        UPDATE public.ledger_accounts a SET frozen_by = NULL
          WHERE a.id IN (one.debit_account_id, one.credit_account_id) AND a.frozen_by = one.resolves_id;
        CONTINUE;
      END IF;
      PERFORM 1 FROM public.ledger_accounts a
        WHERE a.id IN (one.debit_account_id, one.credit_account_id)
          AND a.frozen_by IS NOT NULL AND a.frozen_by IS DISTINCT FROM one.resolves_id;
      IF FOUND THEN
        RAISE EXCEPTION 'transfer % moves a frozen account', one.id
          USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_accounts_frozen', TABLE = 'ledger_accounts';
      END IF;
      UPDATE public.ledger_accounts a SET frozen_by = one.id
        WHERE one.freezes IS NOT NULL
          AND a.id = CASE one.freezes WHEN 'debit' THEN one.debit_account_id ELSE one.credit_account_id END;
    END LOOP;
  END IF;

  IF shape.transfers = 1 AND NOT shape.referring THEN
    SELECT b.*, CASE b.kind WHEN 'posted' THEN b.amount_fen ELSE 0 END AS posted,
        CASE b.kind WHEN 'posted' THEN 0 ELSE b.amount_fen END AS pending
      INTO one FROM booked b;
    WITH moved AS (
      UPDATE public.ledger_accounts a SET
        debits_posted = a.debits_posted + CASE a.id WHEN one.debit_account_id THEN one.posted ELSE 0 END,
        credits_posted = a.credits_posted + CASE a.id WHEN one.credit_account_id THEN one.posted ELSE 0 END,
        debits_pending = a.debits_pending + CASE a.id WHEN one.debit_account_id THEN one.pending ELSE 0 END,
        credits_pending = a.credits_pending + CASE a.id WHEN one.credit_account_id THEN one.pending ELSE 0 END,
        last_booked_on = greatest(a.last_booked_on, one.booked_on),
        last_occurred_on = CASE WHEN one.posted > 0 THEN greatest(a.last_occurred_on, one.occurred_on)
          ELSE a.last_occurred_on END,
        version = a.version + 1
      WHERE a.id IN (one.debit_account_id, one.credit_account_id)
      RETURNING a.*, CASE a.id WHEN one.debit_account_id THEN 'debit' ELSE 'credit' END AS side
    ), written AS (
      INSERT INTO public.ledger_entries (
        ledger_id, transfer_id, account_id, account_version, district_code, side, amount_fen, posted_fen,
        debits_posted, credits_posted, debits_pending, credits_pending, occurred_on, booked_on, recorded_at)
      SELECT one.ledger_id, one.id, m.id, m.version, one.district_code, m.side, one.amount_fen, one.posted,
        m.debits_posted, m.credits_posted, m.debits_pending, m.credits_pending, one.occurred_on,
        m.last_booked_on, one.recorded_at
      FROM moved m
    )
    SELECT bool_or(m.limit_side = m.side AND one.posted > 0 AND one.occurred_on < m.last_occurred_on)
      INTO earlier FROM moved m;
  ELSE
    WITH moves AS (
      SELECT b.id, b.ledger_id, b.position, b.district_code, b.amount_fen, b.occurred_on, b.booked_on,
        b.recorded_at, s.side, s.account_id,
        CASE WHEN b.kind IN ('posted', 'post') THEN b.amount_fen ELSE 0 END AS posted,
        CASE b.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN b.amount_fen ELSE -h.amount_fen END AS pending
      FROM booked b
      LEFT JOIN public.ledger_transfers h ON h.ledger_id = b.ledger_id AND h.id = b.resolves_id
      CROSS JOIN LATERAL (
        VALUES ('debit', b.debit_account_id), ('credit', b.credit_account_id)) s(side, account_id)
    ), run AS (
      SELECT m.*, a.limit_side,
        a.version + row_number() OVER w AS version,
        (a.debits_posted + sum(CASE m.side WHEN 'debit' THEN m.posted ELSE 0 END) OVER w)::bigint
          AS debits_posted,
        (a.credits_posted + sum(CASE m.side WHEN 'credit' THEN m.posted ELSE 0 END) OVER w)::bigint
          AS credits_posted,
        (a.debits_pending + sum(CASE m.side WHEN 'debit' THEN m.pending ELSE 0 END) OVER w)::bigint
          AS debits_pending,
        (a.credits_pending + sum(CASE m.side WHEN 'credit' THEN m.pending ELSE 0 END) OVER w)::bigint
          AS credits_pending,
        greatest(a.last_booked_on, max(m.booked_on) OVER w) AS last_booked_on,
        greatest(a.last_occurred_on, max(CASE WHEN m.posted > 0 THEN m.occurred_on END) OVER w)
          AS last_occurred_on
      FROM moves m JOIN public.ledger_accounts a ON a.id = m.account_id
      WINDOW w AS (PARTITION BY m.account_id ORDER BY m.position, m.id ROWS UNBOUNDED PRECEDING)
    ), written AS (
      INSERT INTO public.ledger_entries (
        ledger_id, transfer_id, account_id, account_version, district_code, side, amount_fen, posted_fen,
        debits_posted, credits_posted, debits_pending, credits_pending, occurred_on, booked_on, recorded_at)
      SELECT r.ledger_id, r.id, r.account_id, r.version, r.district_code, r.side, r.amount_fen, r.posted,
        r.debits_posted, r.credits_posted, r.debits_pending, r.credits_pending, r.occurred_on,
        r.last_booked_on, r.recorded_at
      FROM run r
    ), moved AS (
      UPDATE public.ledger_accounts a SET
        debits_posted = l.debits_posted, credits_posted = l.credits_posted,
        debits_pending = l.debits_pending, credits_pending = l.credits_pending,
        last_booked_on = l.last_booked_on, last_occurred_on = l.last_occurred_on, version = l.version
      FROM (SELECT DISTINCT ON (account_id) * FROM run ORDER BY account_id, version DESC) l
      WHERE a.id = l.account_id
    )
    SELECT r.id, CASE WHEN r.debits_pending < 0 OR r.credits_pending < 0
          THEN 'ck_ledger_transfers_resolves_pending'
        WHEN r.limit_side = 'debit' THEN 'ck_ledger_accounts_debits_within_credits'
        ELSE 'ck_ledger_accounts_credits_within_debits' END AS broken
      INTO fault
      FROM run r
      WHERE r.debits_pending < 0 OR r.credits_pending < 0
        OR r.limit_side = 'debit' AND r.debits_posted + r.debits_pending > r.credits_posted
        OR r.limit_side = 'credit' AND r.credits_posted + r.credits_pending > r.debits_posted
      LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'transfer % exceeds the limit of its account', fault.id
        USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken, TABLE = 'ledger_accounts';
    END IF;
    earlier := true;
  END IF;

  IF earlier THEN
    WITH touched AS (
      SELECT a.id, a.limit_side, a.debits_posted - a.credits_posted AS net, min(b.occurred_on) AS since
      FROM booked b
      CROSS JOIN LATERAL (
        VALUES ('debit', b.debit_account_id), ('credit', b.credit_account_id)) s(side, account_id)
      JOIN public.ledger_accounts a ON a.id = s.account_id AND a.limit_side = s.side
      WHERE b.kind IN ('posted', 'post') AND b.occurred_on < a.last_occurred_on
      GROUP BY a.id
    ), days AS (
      SELECT t.id, t.limit_side, t.net, e.occurred_on,
        sum(CASE e.side WHEN 'debit' THEN e.posted_fen ELSE -e.posted_fen END) AS moved
      FROM touched t JOIN public.ledger_entries e ON e.account_id = t.id AND e.occurred_on >= t.since
      GROUP BY t.id, t.limit_side, t.net, e.occurred_on
    ), path AS (
      SELECT d.id, d.occurred_on, d.limit_side,
        d.net + d.moved - sum(d.moved) OVER (PARTITION BY d.id ORDER BY d.occurred_on DESC) AS balance
      FROM days d
    )
    SELECT p.id, p.occurred_on INTO fault FROM path p
      WHERE p.limit_side = 'credit' AND p.balance < 0 OR p.limit_side = 'debit' AND p.balance > 0
      LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'account % would have been overdrawn on %', fault.id, fault.occurred_on
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_accounts_limit_then',
          TABLE = 'ledger_accounts';
    END IF;
  END IF;
  RETURN NULL;
END $$
"""
"""Set-based, so that a batch costs one pass: entries get running totals in the order of the postings.

First what transfers name is judged (`referring`), then what is frozen, row by row and only where an account
is frozen or to be so. One plain transfer takes a shorter way to the same rows, where the accounts' own checks
refuse what exceeds a limit. What is effective before an account's last day (`earlier`) must leave every later
day within the limit, too.
"""

LEDGER_PERIODS = """
CREATE FUNCTION ledger_period_takes() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault record;
BEGIN
  WITH taken AS (
    SELECT p.ledger_id,
      (max(p.begins_on) FILTER (WHERE p.status = 'closed') + interval '1 month')::date AS closed_before,
      array_agg(p.begins_on) FILTER (WHERE p.status = 'held') AS held
    FROM public.periods p
    WHERE p.ledger_id IN (SELECT ledger_id FROM booked) AND p.status <> 'open'
    GROUP BY p.ledger_id
  )
  SELECT b.id, b.occurred_on, CASE WHEN least(b.occurred_on, b.booked_on) < t.closed_before
      THEN 'ck_ledger_transfers_period_closed'
      WHEN NOT b.adjustment THEN 'ck_ledger_transfers_period_held' END AS broken
    INTO fault
    FROM booked b JOIN taken t ON t.ledger_id = b.ledger_id
    WHERE least(b.occurred_on, b.booked_on) < t.closed_before
      OR NOT b.adjustment AND date_trunc('month', b.occurred_on)::date = ANY (t.held)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % has effect on %, in a period that does not take it', fault.id, fault.occurred_on
      USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken;
  END IF;
  RETURN NULL;
END $$
"""
"""Runs behind `ledger_apply` (triggers of a statement run by name), and so under the accounts' locks.

A period is held and closed under the locks of all accounts of its ledger: what is posted is either in it
or refused. A closed period closes the books up to its end.
"""

TWO_CLIENTS = """
CREATE FUNCTION ledger_takes_two_clients() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  fault record;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM booked b JOIN public.pools l ON l.id = b.ledger_id
      WHERE b.kind IN ('posted', 'post')
        AND (b.resolves_id IS NOT NULL AND b.reverses_id IS NOT NULL
          OR b.amount_fen >= l.second_person_fen)
        OR b.kind = 'void' AND b.code = 'account.unfrozen') THEN
    RETURN NULL;
  END IF;
  SELECT b.id, CASE b.kind WHEN 'posted' THEN 'ck_ledger_transfers_second_person'
      ELSE 'ck_ledger_transfers_same_person' END AS broken
    INTO fault
    FROM booked b
    JOIN public.pools l ON l.id = b.ledger_id
    JOIN public.ledger_accounts d ON d.id = b.debit_account_id
    JOIN public.ledger_accounts c ON c.id = b.credit_account_id
    JOIN public.events e ON e.id = b.event_id
    LEFT JOIN public.ledger_transfers h ON h.ledger_id = b.ledger_id AND h.id = b.resolves_id
    LEFT JOIN public.events proposed ON proposed.id = h.event_id
    WHERE b.kind = 'void' AND b.code = 'account.unfrozen'
        AND proposed.client_id IS NOT DISTINCT FROM e.client_id
      OR b.kind IN ('posted', 'post')
      AND (b.kind = 'posted' OR proposed.client_id IS NOT DISTINCT FROM e.client_id)
      AND (b.resolves_id IS NOT NULL AND b.reverses_id IS NOT NULL
        OR b.amount_fen >= l.second_person_fen AND NOT (d.memo OR c.memo)
        AND d.code NOT IN ('compensation', 'recovered') AND c.code NOT IN ('compensation', 'recovered')
        AND NOT (e.type = 'pool.contributed' AND d.code = 'cash' AND c.code ~ '^contributions(\\.|$)')
        AND NOT (e.type = 'interest.received' AND d.code = 'cash'
          AND c.code IN ('interest', 'interest_receivable'))
        AND NOT (e.type = 'interest.accrued' AND d.code = 'interest_receivable' AND c.code = 'interest'))
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % takes two clients', fault.id
      USING ERRCODE = 'check_violation', CONSTRAINT = fault.broken, TABLE = 'ledger_transfers';
  END IF;
  RETURN NULL;
END $$
"""
"""From a pool's amount on, and for every reversal (RB-02): proposed by one client, posted by another.

A small reversal that nobody proposed is not refused here, but found (check `ledger.second_person`).
What modules book goes by their own rules: pledges and claims by the accounts they move, contributions and
interest by their events; of these all money comes in. All other transfers are by hand.
"""

PERIOD_MOVES = """
CREATE FUNCTION period_moves_by_two_hands() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  before text := CASE TG_OP WHEN 'INSERT' THEN 'open' ELSE OLD.status END;
  maker uuid;
  checker uuid;
  closer uuid;
BEGIN
  SELECT client_id INTO maker FROM public.approvals
    WHERE subject_id = NEW.id AND round = NEW.round AND step = 'make' AND decision = 'approved';
  IF NEW.status IN ('held', 'closed') AND maker IS NULL THEN
    RAISE EXCEPTION 'period % is held by nobody', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_periods_two_hands';
  END IF;
  IF before = 'closed' AND NEW.status = 'closed' AND NEW.round <> OLD.round THEN
    RAISE EXCEPTION 'period % is closed and changes its round', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_periods_reopened';
  END IF;
  IF NEW.status = 'closed' AND before <> 'closed' THEN
    SELECT client_id INTO checker FROM public.approvals
      WHERE subject_id = NEW.id AND round = NEW.round AND step = 'check' AND decision = 'approved';
    IF before <> 'held' OR checker IS NULL THEN
      RAISE EXCEPTION 'period % is closed without a second client', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_periods_two_hands';
    END IF;
  END IF;
  IF before = 'closed' AND NEW.status <> 'closed' THEN
    SELECT client_id INTO closer FROM public.approvals
      WHERE subject_id = NEW.id AND round = OLD.round AND step = 'check';
    IF NEW.status <> 'held' OR NEW.round <= OLD.round OR NEW.reason IS NULL OR maker = closer THEN
      RAISE EXCEPTION 'period % is opened again without a reason or by who closed it', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_periods_reopened';
    END IF;
    IF EXISTS (SELECT 1 FROM public.periods p WHERE p.ledger_id = NEW.ledger_id
        AND p.begins_on > NEW.begins_on AND p.status = 'closed') THEN
      RAISE EXCEPTION 'period % is opened again before a later one', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_periods_later_closed';
    END IF;
  END IF;
  RETURN NULL;
END $$
"""

LINE_MATCHES = """
CREATE FUNCTION bank_line_matches_its_transfer() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.transfer_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM public.ledger_entries e JOIN public.ledger_accounts a ON a.id = e.account_id
    WHERE e.ledger_id = NEW.ledger_id AND e.transfer_id = NEW.transfer_id AND a.code = 'cash'
      AND e.posted_fen = abs(NEW.amount_fen)
      AND e.side = CASE WHEN NEW.amount_fen > 0 THEN 'debit' ELSE 'credit' END) THEN
    RAISE EXCEPTION 'line % and transfer % do not move the same amount the same way', NEW.id, NEW.transfer_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_bank_statement_lines_same_money';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.status <> 'unmatched' AND EXISTS (
      SELECT 1 FROM public.periods p WHERE p.ledger_id = OLD.ledger_id AND p.status = 'closed'
        AND p.begins_on >= date_trunc('month', least(OLD.occurred_on, (
          SELECT t.occurred_on FROM public.ledger_transfers t
          WHERE t.ledger_id = OLD.ledger_id AND t.id = OLD.transfer_id)))::date) THEN
      RAISE EXCEPTION 'a closed period rests on line %', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_bank_statement_lines_period_closed';
    END IF;
  END IF;
  IF NEW.status = 'explained' AND NOT EXISTS (
    SELECT 1 FROM public.bank_statements s JOIN public.events e ON e.id = s.event_id
      JOIN public.approvals a ON a.subject_id = NEW.id AND a.round = NEW.version AND a.step = 'check'
        AND a.decision = 'approved' AND a.reason = NEW.reason AND a.client_id IS DISTINCT FROM e.client_id
    WHERE s.id = NEW.statement_id) THEN
    RAISE EXCEPTION 'line % is not explained by a second client', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_bank_statement_lines_second_client';
  END IF;
  RETURN NULL;
END $$
"""

FUNCTIONS = {
    "ledger_apply": LEDGER_APPLY,
    "ledger_period_takes": LEDGER_PERIODS,
    "ledger_takes_two_clients": TWO_CLIENTS,
    "period_moves_by_two_hands": PERIOD_MOVES,
    "bank_line_matches_its_transfer": LINE_MATCHES,
}
TRIGGERS = (
    (
        "CREATE TRIGGER ledger_apply AFTER INSERT ON ledger_transfers"
        " REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply()"
    ),
    (
        "CREATE TRIGGER ledger_periods AFTER INSERT ON ledger_transfers"
        " REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_period_takes()"
    ),
    (
        "CREATE TRIGGER ledger_two_clients AFTER INSERT ON ledger_transfers"
        " REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION ledger_takes_two_clients()"
    ),
    (
        "CREATE CONSTRAINT TRIGGER period_moves_by_two_hands AFTER INSERT OR UPDATE ON periods"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION period_moves_by_two_hands()"
    ),
    (
        "CREATE TRIGGER bank_line_matches_its_transfer AFTER INSERT OR UPDATE ON bank_statement_lines"
        " FOR EACH ROW EXECUTE FUNCTION bank_line_matches_its_transfer()"
    ),
)


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only((*APPEND_ONLY, "roots"))
    op.execute("REVOKE INSERT ON roots FROM ipops_app")  # as with seals, only the worker adds them
    rules.updatable(UPDATABLE)
    rules.functions(FUNCTIONS)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(functions=FUNCTIONS, append_only=(*APPEND_ONLY, "roots"), sequences=SEQUENCES)
