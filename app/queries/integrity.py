"""Integrity: what must hold across rows, each as a query that returns the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant; `broken` selects `subject` (what breaks it) and `detail`."""

    name: str
    meaning: str
    broken: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks an invariant."""

    check: str
    subject: str
    detail: str


def _same_district(child: str, key: str, parent: str) -> Check:
    return Check(
        name=f"district.{child}",
        meaning=f"{child} are administered where their {parent} are",
        broken=f"SELECT c.id::text AS subject, c.district_code || ' <> ' || p.district_code AS detail"
        f" FROM {child} c JOIN {parent} p ON p.id = c.{key} WHERE c.district_code <> p.district_code",
    )


CHECKS: tuple[Check, ...] = (
    _same_district("listing_items", "listing_id", "listings"),
    _same_district("deal_items", "deal_id", "deals"),
    _same_district("pledge_items", "pledge_id", "pledges"),
    _same_district("schemes", "pool_id", "pools"),
    _same_district("commitments", "pool_id", "pools"),
    _same_district("ledger_accounts", "ledger_id", "pools"),
    _same_district("ledger_transfers", "ledger_id", "pools"),
    Check(
        "ledger.balanced",
        "debits equal credits in every ledger, posted and pending",
        "SELECT ledger_id::text AS subject, currency AS detail FROM ledger_accounts"
        " GROUP BY ledger_id, currency HAVING"
        " sum(debits_posted) <> sum(credits_posted) OR sum(debits_pending) <> sum(credits_pending)",
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
        "pool.commitments_are_pending",
        "a pool's outstanding covered principal is the sum of its live commitments",
        "SELECT a.ledger_id::text AS subject,"
        " a.debits_pending::text || ' <> ' || coalesce(c.fen, 0) AS detail FROM ledger_accounts a"
        " LEFT JOIN (SELECT pool_id, sum(covered_fen) AS fen FROM commitments"
        " WHERE status = 'committed' GROUP BY pool_id) c ON c.pool_id = a.ledger_id"
        " WHERE a.code = 'memo.covered' AND a.debits_pending <> coalesce(c.fen, 0)",
    ),
    Check(
        "pledge.items_hold_their_rights",
        "a filed or registered item has a live lien on its right, an ended one has none",
        "SELECT i.id::text AS subject, i.status AS detail FROM pledge_items i"
        " JOIN holds h ON h.id = i.hold_id"
        " WHERE (i.status IN ('filed', 'correction', 'registered')) <> (h.ended_at IS NULL)"
        " OR h.asset_id <> i.asset_id OR h.kind <> 'lien'",
    ),
    Check(
        "pledge.financing_counted_once",
        "the financing count of a pledge is 1 once registered, 0 before",
        "SELECT p.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM pledges p LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'pledge_financing_count'"
        " AND source_noun = 'pledge' GROUP BY source_id) f ON f.source_id = p.id WHERE NOT p.imported"
        " AND coalesce(f.value, 0) <> CASE WHEN p.registered_on IS NULL THEN 0 ELSE 1 END",
    ),
    Check(
        "title.shares_whole",
        "live shares of a right are all undivided or sum to the whole",
        "SELECT asset_id::text AS subject, coalesce(sum(share_ppm), 0)::text AS detail FROM titles"
        " WHERE ceased_at IS NULL GROUP BY asset_id HAVING count(share_ppm) > 0"
        " AND (count(*) <> count(share_ppm) OR sum(share_ppm) <> 1000000)",
    ),
    Check(
        "fact.has_event",
        "every fact belongs to an event",
        "SELECT f.id::text AS subject, f.measure AS detail FROM facts f"
        " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = f.event_id)",
    ),
)


async def findings(session: AsyncSession) -> list[Finding]:
    """Rows that break an invariant, up to twenty per invariant; none in a sound database."""
    found: list[Finding] = []
    for check in CHECKS:
        rows = await session.execute(text(f"{check.broken} LIMIT {SHOWN}"))
        found += [Finding(check.name, row.subject, row.detail) for row in rows]
    return found
