"""Invariants of funds: every fen in a special account is some source's (POL-25, UNI-32)."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

_CASH_MOVES = (
    " SELECT t.ledger_id, t.id, CASE WHEN t.debit_account_id = c.id THEN t.amount_fen ELSE -t.amount_fen END"
    " AS fen, CASE WHEN t.debit_account_id = c.id THEN t.credit_account_id ELSE t.debit_account_id END"
    " AS other_id FROM ledger_accounts c JOIN ledger_transfers t ON t.ledger_id = c.ledger_id"
    " AND c.id IN (t.debit_account_id, t.credit_account_id)"
    " WHERE c.code = 'cash' AND t.kind IN ('posted', 'post')"
)

CHECKS: tuple[Check, ...] = (
    same_district("fund_sources", "pool_id", "pools"),
    Check(
        "fund.remaining_is_cash",
        "what is left of a pool's tranches is the posted balance of its special account",
        "SELECT a.ledger_id::text AS subject, (a.debits_posted - a.credits_posted)::text || ' <> ' ||"
        " coalesce(t.fen, 0) AS detail FROM ledger_accounts a LEFT JOIN ("
        " SELECT pool_id, sum(remaining_fen) AS fen FROM fund_tranches GROUP BY pool_id) t"
        " ON t.pool_id = a.ledger_id"
        " WHERE a.code = 'cash' AND a.debits_posted - a.credits_posted <> coalesce(t.fen, 0)",
    ),
    Check(
        "fund.movements_are_the_transfer",
        "the movements of a transfer sum to what it moved of the special account, and others have none",
        "SELECT coalesce(x.id, m.transfer_id)::text AS subject,"
        " coalesce(x.fen, 0) || ' <> ' || coalesce(m.fen, 0) AS detail"
        f" FROM ({_CASH_MOVES}) x FULL JOIN ("
        " SELECT pool_id, transfer_id, sum(amount_fen) AS fen FROM fund_movements"
        " GROUP BY pool_id, transfer_id) m ON m.pool_id = x.ledger_id AND m.transfer_id = x.id"
        " WHERE coalesce(x.fen, 0) <> coalesce(m.fen, 0)",
    ),
    Check(
        "fund.remaining_follows_movements",
        "what is left of a tranche is the sum of its movements, the first of which paid it in",
        "SELECT t.transfer_id::text AS subject, t.remaining_fen || ' <> ' || coalesce(m.fen, 0) AS detail"
        " FROM fund_tranches t LEFT JOIN (SELECT pool_id, tranche_id, sum(amount_fen) AS fen,"
        " sum(amount_fen) FILTER (WHERE transfer_id = tranche_id) AS opened"
        " FROM fund_movements GROUP BY pool_id, tranche_id) m"
        " ON m.pool_id = t.pool_id AND m.tranche_id = t.transfer_id"
        " WHERE (t.remaining_fen, t.paid_in_fen) IS DISTINCT FROM (coalesce(m.fen, 0), m.opened)",
    ),
    Check(
        "fund.sources_paid_in",
        "the balance of a source's account is money that came into, or left, its own tranches through it",
        "SELECT s.id::text AS subject, (a.credits_posted - a.debits_posted)::text || ' <> ' ||"
        " coalesce(m.fen, 0) AS detail"
        " FROM fund_sources s JOIN ledger_accounts a ON a.id = s.account_id LEFT JOIN ("
        " SELECT t.source_id, y.other_id, sum(m.amount_fen) AS fen FROM fund_movements m"
        " JOIN fund_tranches t ON t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id"
        f" JOIN ({_CASH_MOVES}) y ON y.ledger_id = m.pool_id AND y.id = m.transfer_id"
        " GROUP BY t.source_id, y.other_id) m ON m.source_id = s.id AND m.other_id = s.account_id"
        " WHERE s.type <> 'interest' AND a.credits_posted - a.debits_posted <> coalesce(m.fen, 0)",
    ),
    Check(
        "fund.payouts_are_eligible",
        "a payout drew on no money that is earmarked for other kinds of rights",
        "SELECT x.id::text AS subject, s.name AS detail FROM fund_movements m"
        " JOIN ledger_transfers x ON x.ledger_id = m.pool_id AND x.id = m.transfer_id"
        " AND x.business_noun = 'claim' AND x.reverses_id IS NULL"
        " JOIN claims c ON c.id = x.business_id"
        " JOIN fund_tranches t ON t.pool_id = m.pool_id AND t.transfer_id = m.tranche_id"
        " JOIN fund_sources s ON s.id = t.source_id WHERE m.amount_fen < 0 AND s.eligible_ip IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM pledge_items i WHERE i.pledge_id = c.pledge_id"
        " AND i.asset_kind <> ALL (s.eligible_ip))",
    ),
)
