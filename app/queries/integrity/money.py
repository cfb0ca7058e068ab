"""Invariants of the ledger, pools, claims and recoveries."""

from __future__ import annotations

from app.queries import ledger_ties
from app.queries.integrity.check import Check, same_district


def _over_cap(cap: str, of: str, column: str) -> str:
    """Groups of live commitments of a pool whose sum of a column is over a cap."""
    return (
        f"SELECT g.pool_id::text AS subject, '{cap}' AS detail FROM ("
        f" SELECT pool_id, sum({column}) AS fen,"
        " (array_agg(scheme_id ORDER BY recorded_at DESC, id DESC))[1] AS scheme_id FROM commitments"
        f" WHERE status IN ('reserved', 'committed', 'anomaly') AND {of} IS NOT NULL"
        f" GROUP BY pool_id, {of}) g"
        f" JOIN schemes s ON s.id = g.scheme_id WHERE g.fen > s.{cap}"
    )


CHECKS: tuple[Check, ...] = (
    same_district("schemes", "pool_id", "pools"),
    same_district("commitments", "pool_id", "pools"),
    same_district("bank_breakers", "pool_id", "pools"),
    same_district("stress_tests", "pool_id", "pools"),
    same_district("claims", "pool_id", "pools"),
    same_district("claim_shares", "claim_id", "claims"),
    same_district("recoveries", "claim_id", "claims"),
    same_district("clawbacks", "claim_id", "claims"),
    same_district("recovery_shares", "recovery_id", "recoveries"),
    same_district("ledger_accounts", "ledger_id", "pools"),
    same_district("ledger_transfers", "ledger_id", "pools"),
    Check(
        "ledger.balanced",
        "debits equal credits in every ledger, posted and pending",
        "SELECT ledger_id::text AS subject, currency AS detail FROM ledger_accounts"
        " GROUP BY ledger_id, currency HAVING"
        " sum(debits_posted) <> sum(credits_posted) OR sum(debits_pending) <> sum(credits_pending)",
    ),
    Check(
        "ledger.ties_to_facts",
        "payouts and recoveries are counted as they are booked, event by event and day by day",
        ledger_ties.UNTIED,
    ),
    Check(
        "ledger.totals_follow_entries",
        "an account's totals and version are those of its last entry",
        "SELECT a.id::text AS subject, a.code AS detail FROM ledger_accounts a LEFT JOIN LATERAL ("
        " SELECT * FROM ledger_entries e WHERE e.account_id = a.id ORDER BY e.account_version DESC LIMIT 1) e"
        " ON true WHERE (a.version, a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending)"
        " IS DISTINCT FROM (coalesce(e.account_version, 0), coalesce(e.debits_posted, 0),"
        " coalesce(e.credits_posted, 0), coalesce(e.debits_pending, 0), coalesce(e.credits_pending, 0))",
    ),
    Check(
        "ledger.totals_follow_transfers",
        "an account's totals are the sums of its transfers",
        "SELECT a.id::text AS subject, a.code AS detail FROM ledger_accounts a LEFT JOIN ("
        " SELECT account_id, sum(debit) AS debits, sum(credit) AS credits FROM ("
        "  SELECT debit_account_id AS account_id, amount_fen AS debit, 0 AS credit FROM ledger_transfers"
        "  WHERE kind IN ('posted', 'post')"
        "  UNION ALL SELECT credit_account_id, 0, amount_fen FROM ledger_transfers"
        "  WHERE kind IN ('posted', 'post')) m GROUP BY account_id) t ON t.account_id = a.id"
        " WHERE a.debits_posted <> coalesce(t.debits, 0) OR a.credits_posted <> coalesce(t.credits, 0)",
    ),
    Check(
        "ledger.two_entries_each",
        "every transfer has one debit and one credit entry of its amount",
        "SELECT t.id::text AS subject, count(e.*)::text || ' entries' AS detail FROM ledger_transfers t"
        " LEFT JOIN ledger_entries e ON e.ledger_id = t.ledger_id AND e.transfer_id = t.id"
        " AND e.amount_fen = t.amount_fen"
        " AND e.account_id = CASE e.side WHEN 'debit' THEN t.debit_account_id ELSE t.credit_account_id END"
        " GROUP BY t.ledger_id, t.id HAVING count(e.*) <> 2",
    ),
    Check(
        "ledger.second_person",
        "reversals, and large transfers by hand, are posted by another client than proposed them",
        "SELECT t.id::text AS subject, t.code AS detail FROM ledger_transfers t"
        " JOIN pools l ON l.id = t.ledger_id JOIN events posted ON posted.id = t.event_id"
        " LEFT JOIN ledger_transfers p ON p.ledger_id = t.ledger_id AND p.id = t.resolves_id"
        " LEFT JOIN events made ON made.id = p.event_id"
        " WHERE t.kind IN ('posted', 'post')"
        " AND (t.reverses_id IS NOT NULL OR t.amount_fen >= l.second_person_fen"
        "  AND t.business_noun IN ('pool', 'transfer')"
        "  AND posted.type NOT IN ('pool.contributed', 'interest.received', 'interest.accrued'))"
        " AND (t.kind = 'posted' OR made.client_id IS NOT DISTINCT FROM posted.client_id)",
    ),
    Check(
        "ledger.frozen_by_its_transfer",
        "an account is frozen as long as a pending transfer that freezes it is not given back",
        "SELECT a.id::text AS subject, a.code AS detail FROM ledger_accounts a LEFT JOIN ("
        " SELECT t.ledger_id, t.id, CASE t.freezes WHEN 'debit' THEN t.debit_account_id"
        "  ELSE t.credit_account_id END AS account_id FROM ledger_transfers t WHERE t.freezes IS NOT NULL"
        "  AND NOT EXISTS (SELECT 1 FROM ledger_transfers r WHERE r.ledger_id = t.ledger_id"
        "  AND r.resolves_id = t.id AND r.kind <> 'post')) f ON f.account_id = a.id"
        " WHERE f.id IS DISTINCT FROM a.frozen_by",
    ),
    Check(
        "pool.commitments_are_pending",
        "a pool's outstanding covered principal is the sum of its live commitments",
        "SELECT a.ledger_id::text AS subject,"
        " a.debits_pending::text || ' <> ' || coalesce(c.fen, 0) AS detail FROM ledger_accounts a"
        " LEFT JOIN (SELECT pool_id, sum(outstanding_fen) AS fen FROM commitments"
        " WHERE status IN ('reserved', 'committed', 'anomaly') GROUP BY pool_id) c ON c.pool_id = a.ledger_id"
        " WHERE a.code = 'memo.covered' AND a.debits_pending <> coalesce(c.fen, 0)",
    ),
    Check(
        "pool.commitments_are_backed",
        "a live commitment's transfer is pending and of what it reserves; an ended one's is resolved",
        "SELECT c.id::text AS subject, c.status AS detail FROM commitments c"
        " LEFT JOIN ledger_transfers t ON t.ledger_id = c.pool_id AND t.id = c.transfer_id"
        " LEFT JOIN ledger_transfers r ON r.ledger_id = c.pool_id AND r.resolves_id = c.transfer_id"
        " WHERE t.kind IS DISTINCT FROM 'pending' OR t.amount_fen <> c.outstanding_fen"
        " OR (c.status IN ('reserved', 'committed', 'anomaly')) <> (r.id IS NULL)",
    ),
    Check(
        "pool.reservations_lapse",
        "no reservation outlives its last day by more than the day its job runs on",
        "SELECT c.id::text AS subject, c.expires_on::text AS detail FROM commitments c"
        " CROSS JOIN (SELECT max(business_date) AS day FROM job_runs WHERE job = 'lapse_reservations') j"
        " WHERE c.status = 'reserved' AND c.expires_on < j.day",
    ),
    Check(
        "pool.caps_hold",
        "live commitments are within the caps of the scheme that the last of them was made under",
        " UNION ALL ".join(
            [
                _over_cap("household_cap_fen", "borrower_id", "principal_fen"),
                _over_cap("bank_cap_fen", "bank_id", "outstanding_fen"),
                _over_cap("industry_cap_fen", "industry", "outstanding_fen"),
            ]
        ),
    ),
    Check(
        "claim.shares_are_the_loss",
        "the parts of a claim sum to its loss, due and, once it is paid, borne; the pool bears what it paid",
        "SELECT c.id::text AS subject, c.status AS detail FROM claims c LEFT JOIN (SELECT claim_id,"
        " sum(due_fen) AS due, sum(borne_fen) AS borne,"
        " sum(due_fen) FILTER (WHERE party = 'pool') AS pool_due,"
        " sum(borne_fen) FILTER (WHERE party = 'pool') AS pool_borne FROM claim_shares GROUP BY claim_id) s"
        " ON s.claim_id = c.id WHERE (s.due, s.borne, s.pool_due, s.pool_borne) IS DISTINCT FROM"
        " (c.loss_fen, CASE WHEN c.paid_fen IS NULL THEN 0 ELSE c.loss_fen END, c.due_fen,"
        " coalesce(c.paid_fen, 0))",
    ),
    Check(
        "claim.payouts_are_vouchers",
        "every payout from a pool's account is one paid claim, and every paid claim one payout of its amount",
        "SELECT coalesce(c.id, v.id)::text AS subject, v.amount_fen || ' <> ' || c.paid_fen AS detail FROM ("
        " SELECT t.ledger_id, t.id, t.amount_fen FROM ledger_transfers t"
        " JOIN ledger_accounts d ON d.id = t.debit_account_id AND d.code = 'compensation'"
        " JOIN ledger_accounts k ON k.id = t.credit_account_id AND k.code = 'cash'"
        " WHERE t.kind IN ('posted', 'post')) v FULL JOIN ("
        " SELECT * FROM claims WHERE paid_fen > 0) c ON c.pool_id = v.ledger_id AND c.transfer_id = v.id"
        " WHERE v.amount_fen IS DISTINCT FROM c.paid_fen",
    ),
    Check(
        "claim.clawbacks_are_vouchers",
        "what came back on a payout by order is one closed claim's, of what the pool lacked of it",
        "SELECT coalesce(b.claim_id, v.id)::text AS subject, v.amount_fen || ' <> ' || b.amount_fen AS detail"
        " FROM (SELECT t.ledger_id, t.id, t.amount_fen FROM ledger_transfers t"
        " JOIN ledger_accounts d ON d.id = t.debit_account_id AND d.code = 'cash'"
        " JOIN ledger_accounts k ON k.id = t.credit_account_id AND k.code = 'compensation'"
        " WHERE t.kind IN ('posted', 'post')) v FULL JOIN (SELECT w.* FROM clawbacks w JOIN claims c"
        " ON c.id = w.claim_id AND c.status = 'closed') b ON b.pool_id = v.ledger_id AND b.transfer_id = v.id"
        " WHERE v.amount_fen IS DISTINCT FROM b.amount_fen",
    ),
    Check(
        "recovery.shares_are_the_net",
        "parts, interest and surplus of a recovery sum to its net; the pool's part is the transfer booked",
        "SELECT r.id::text AS subject, s.fen::text AS detail FROM recoveries r LEFT JOIN ("
        " SELECT recovery_id, sum(amount_fen) AS fen,"
        " coalesce(sum(amount_fen) FILTER (WHERE party = 'pool'), 0) AS pool_fen FROM recovery_shares"
        " GROUP BY recovery_id) s ON s.recovery_id = r.id"
        " LEFT JOIN ledger_transfers t ON t.ledger_id = r.pool_id AND t.id = r.transfer_id"
        " WHERE (s.fen, s.pool_fen) IS DISTINCT FROM"
        " (r.gross_fen - r.cost_fen - r.interest_fen - r.surplus_fen, coalesce(t.amount_fen, 0))",
    ),
    Check(
        "recovery.shares_are_recovered",
        "what a party has recovered of a claim is the sum of its parts of the recoveries",
        "SELECT s.id::text AS subject, s.party AS detail FROM claim_shares s LEFT JOIN ("
        " SELECT r.claim_id, p.party, sum(p.amount_fen) AS fen FROM recoveries r"
        " JOIN recovery_shares p ON p.recovery_id = r.id GROUP BY r.claim_id, p.party) g"
        " ON g.claim_id = s.claim_id AND g.party = s.party"
        " WHERE s.recovered_fen <> coalesce(g.fen, 0)",
    ),
    Check(
        "recovery.booked_once",
        "every transfer into a pool's recoveries is one recovery's",
        "SELECT t.id::text AS subject, t.code AS detail FROM ledger_transfers t"
        " JOIN ledger_accounts k ON k.id = t.credit_account_id AND k.code = 'recovered'"
        " WHERE t.kind IN ('posted', 'post') AND NOT EXISTS (SELECT 1 FROM recoveries r"
        " WHERE r.pool_id = t.ledger_id AND r.transfer_id = t.id)",
    ),
)
