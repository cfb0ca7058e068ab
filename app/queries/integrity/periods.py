"""Invariants of accounting periods, bank statements and interest (POL-18 to POL-20)."""

from __future__ import annotations

from app.domain.interest import PARTS, DayCount
from app.queries.integrity.check import Check, same_district

_SHARE = (
    f"CASE r.day_count WHEN '{DayCount.actual_360}' THEN {PARTS // 360 // 10**6}"
    f" WHEN '{DayCount.actual_365}' THEN {PARTS // 365 // 10**6}"
    f" ELSE CASE WHEN extract(doy FROM make_date(extract(year FROM x.accrued_on)::int, 12, 31)) = 366"
    f" THEN {PARTS // 366 // 10**6} ELSE {PARTS // 365 // 10**6} END END"
)

CHECKS: tuple[Check, ...] = (
    same_district("periods", "ledger_id", "pools"),
    same_district("bank_statements", "ledger_id", "pools"),
    same_district("bank_statement_lines", "ledger_id", "pools"),
    same_district("interest_rates", "ledger_id", "pools"),
    Check(
        "period.balances_follow_entries",
        "what an account was closed with is what had effect on it by the period's last day",
        "SELECT p.id::text AS subject, a.code AS detail FROM periods p"
        " JOIN ledger_accounts a ON a.ledger_id = p.ledger_id"
        " LEFT JOIN period_balances b ON b.period_id = p.id AND b.round = p.round AND b.account_id = a.id"
        " CROSS JOIN LATERAL (SELECT coalesce(sum(m.debit), 0) AS debit, coalesce(sum(m.credit), 0) AS credit"
        " FROM (SELECT account_id, date_trunc('month', occurred_on)::date AS month,"
        " sum(posted_fen) FILTER (WHERE side = 'debit') AS debit,"
        " sum(posted_fen) FILTER (WHERE side = 'credit') AS credit"
        " FROM ledger_entries GROUP BY account_id, month) m"
        " WHERE m.account_id = a.id AND m.month <= p.begins_on) s"
        " WHERE p.status = 'closed' AND (coalesce(b.debits_posted, 0), coalesce(b.credits_posted, 0))"
        " <> (s.debit, s.credit)",
    ),
    Check(
        "period.closed_by_another",
        "every closed period was held by one client and closed by another",
        "SELECT p.id::text AS subject, p.begins_on::text AS detail FROM periods p WHERE p.status = 'closed'"
        " AND (SELECT count(DISTINCT a.client_id) FROM approvals a WHERE a.subject_id = p.id"
        " AND a.round = p.round AND a.step IN ('make', 'check')) <> 2",
    ),
    Check(
        "bank_statement.adds_up",
        "opening and lines are the closing, and this is the opening of the next day's statement",
        "SELECT s.id::text AS subject, s.number AS detail FROM ("
        " SELECT s.*, lag(s.closing_fen) OVER w AS before_fen, lag(s.ends_on) OVER w AS before_on,"
        " s.opening_fen + coalesce((SELECT sum(l.amount_fen) FROM bank_statement_lines l"
        " WHERE l.statement_id = s.id), 0) AS computed_fen FROM bank_statements s"
        " WINDOW w AS (PARTITION BY s.ledger_id ORDER BY s.begins_on)) s"
        " WHERE s.computed_fen <> s.closing_fen OR s.before_fen <> s.opening_fen"
        " OR s.before_on + 1 <> s.begins_on",
    ),
    Check(
        "bank_statement.lines_are_the_money",
        "a matched line is the amount and direction in which its transfer moved the special account",
        "SELECT l.id::text AS subject, l.amount_fen::text AS detail FROM bank_statement_lines l"
        " WHERE l.status = 'matched' AND NOT EXISTS (SELECT 1 FROM ledger_entries e"
        " JOIN ledger_accounts a ON a.id = e.account_id AND a.code = 'cash'"
        " WHERE e.ledger_id = l.ledger_id AND e.transfer_id = l.transfer_id AND e.posted_fen ="
        " CASE e.side WHEN 'debit' THEN l.amount_fen ELSE -l.amount_fen END)",
    ),
    Check(
        "interest.accrues_exactly",
        "balance by rate, and what was carried, is what was accrued and carried on",
        "SELECT x.ledger_id::text AS subject, x.accrued_on::text AS detail FROM ("
        " SELECT a.*, lag(a.carry, 1, 0::bigint) OVER (PARTITION BY a.ledger_id ORDER BY a.accrued_on)"
        " AS brought FROM interest_accruals a) x JOIN interest_rates r ON r.id = x.rate_id"
        f" WHERE x.balance_fen::numeric * r.rate_ppm * {_SHARE} + x.brought"
        f" <> x.accrued_fen::numeric * {PARTS} + x.carry",
    ),
    Check(
        "interest.booked_as_accrued",
        "what accrued on a day is the transfer booked for it",
        "SELECT x.ledger_id::text AS subject, x.accrued_on::text AS detail FROM interest_accruals x"
        " LEFT JOIN ledger_transfers t ON t.ledger_id = x.ledger_id AND t.id = x.transfer_id"
        " WHERE x.accrued_fen <> coalesce(t.amount_fen, 0) OR t.occurred_on <> x.accrued_on",
    ),
)
