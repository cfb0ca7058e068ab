"""Invariants of loans: totals, plans and classifications against the book."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

_BOOK = (
    "SELECT loan_id,"
    " sum(sign * principal_fen) FILTER (WHERE kind = 'drawdown') AS drawn,"
    " sum(sign * principal_fen) FILTER (WHERE kind IN ('repayment', 'realisation', 'recovery')) AS repaid,"
    " sum(CASE kind WHEN 'write_off' THEN sign WHEN 'recovery' THEN -sign ELSE 0 END * principal_fen)"
    " AS written_off,"
    " sum(sign * interest_fen) AS interest"
    " FROM (SELECT *, CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END AS sign FROM loan_entries) e"
    " GROUP BY loan_id"
)

CHECKS: tuple[Check, ...] = (
    same_district("loans", "pledge_id", "pledges"),
    same_district("loan_entries", "loan_id", "loans"),
    same_district("loan_instalments", "loan_id", "loans"),
    Check(
        "loan.totals_follow_entries",
        "what is drawn, repaid, written off and received of interest on a loan is the sum of its entries",
        f"SELECT l.id::text AS subject, l.status AS detail FROM loans l LEFT JOIN ({_BOOK}) b"
        " ON b.loan_id = l.id WHERE (l.drawn_fen, l.repaid_fen, l.written_off_fen, l.interest_fen)"
        " IS DISTINCT FROM (coalesce(b.drawn, 0), coalesce(b.repaid, 0), coalesce(b.written_off, 0),"
        " coalesce(b.interest, 0))",
    ),
    Check(
        "loan.never_paid_before_drawn",
        "on no day was more principal of a loan paid back than drawn",
        "SELECT DISTINCT loan_id::text AS subject, occurred_on::text AS detail FROM ("
        " SELECT e.loan_id, e.occurred_on, sum(CASE WHEN e.kind = 'drawdown' THEN e.principal_fen"
        " ELSE -e.principal_fen END) OVER (PARTITION BY e.loan_id ORDER BY e.occurred_on) AS fen"
        " FROM loan_entries e WHERE e.reverses_id IS NULL AND e.kind <> 'recovery'"
        " AND NOT EXISTS (SELECT 1 FROM loan_entries r WHERE r.reverses_id = e.id)) b WHERE fen < 0",
    ),
    Check(
        "loan.classed_as_booked",
        "the last classification of a loan that has a book says what is outstanding by the book",
        "SELECT l.id::text AS subject, k.outstanding_fen::text AS detail FROM loans l"
        " LEFT JOIN LATERAL (SELECT outstanding_fen FROM loan_classifications c"
        " WHERE c.pledge_id = l.pledge_id"
        " ORDER BY c.occurred_on DESC, c.recorded_at DESC, c.id DESC LIMIT 1) k ON true"
        " WHERE k.outstanding_fen IS DISTINCT FROM l.drawn_fen - l.repaid_fen - l.written_off_fen",
    ),
    Check(
        "loan.plan_in_force",
        "the plan in force is the last one made, and plans are numbered without a gap",
        "SELECT l.id::text AS subject, l.plan::text AS detail FROM loans l LEFT JOIN ("
        " SELECT loan_id, max(plan) AS last, count(DISTINCT plan) AS plans FROM loan_instalments"
        " GROUP BY loan_id) i ON i.loan_id = l.id"
        " WHERE coalesce(i.last, 0) <> l.plan OR coalesce(i.plans, 0) <> l.plan",
    ),
    Check(
        "loan.state_of_its_book",
        "a loan that is over has nothing outstanding, a repaid one all back, an overdue one its day",
        "SELECT l.id::text AS subject, l.status AS detail FROM loans l WHERE"
        " (l.status IN ('repaid', 'written_off') AND l.drawn_fen <> l.repaid_fen + l.written_off_fen)"
        " OR (l.status = 'repaid') <> (l.status IN ('repaid', 'written_off') AND l.written_off_fen = 0)"
        " OR (l.status = 'overdue' AND l.overdue_since IS NULL)"
        " OR (l.status IN ('disbursed', 'repaid', 'written_off') AND l.overdue_since IS NOT NULL)",
    ),
    Check(
        "loan.of_its_bank",
        "a loan is of the bank that filed its pledge",
        "SELECT l.id::text AS subject, p.number AS detail FROM loans l JOIN pledges p ON p.id = l.pledge_id"
        " WHERE l.organisation_id <> coalesce(p.organisation_id, l.organisation_id)",
    ),
)
