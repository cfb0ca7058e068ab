"""Invariants of enforcements: what was sold is free of its lien, and its price is paid out whole."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

CHECKS: tuple[Check, ...] = (
    same_district("enforcements", "pledge_id", "pledges"),
    same_district("enforcement_items", "enforcement_id", "enforcements"),
    same_district("enforcement_payments", "enforcement_id", "enforcements"),
    Check(
        "enforcement.price_is_paid_out",
        "the payments of a closed enforcement make up its price, and no other has any",
        "SELECT e.id::text AS subject, e.number AS detail FROM enforcements e LEFT JOIN ("
        " SELECT enforcement_id, sum(amount_fen) AS fen FROM enforcement_payments GROUP BY enforcement_id) p"
        " ON p.enforcement_id = e.id WHERE coalesce(p.fen, 0)"
        " <> CASE WHEN e.status = 'closed' THEN e.price_fen ELSE 0 END",
    ),
    Check(
        "enforcement.sold_free_of_its_lien",
        "no live lien of the pledge is on a right that was sold, nor is its registration effective",
        "SELECT e.id::text AS subject, x.asset_id::text AS detail FROM enforcements e"
        " JOIN enforcement_items x ON x.enforcement_id = e.id"
        " JOIN pledge_items i ON i.pledge_id = e.pledge_id AND i.asset_id = x.asset_id"
        " JOIN holds h ON h.id = i.hold_id"
        " WHERE e.status IN ('sold', 'closed') AND (h.ended_at IS NULL OR i.status = 'registered')",
    ),
    Check(
        "enforcement.sold_by_its_deal",
        "a sale on the market is the deal on its disposal listing, at its price",
        "SELECT e.id::text AS subject, e.number AS detail FROM enforcements e"
        " LEFT JOIN deals d ON d.id = e.deal_id AND d.listing_id = e.listing_id"
        " AND d.amount_fen = e.price_fen AND d.registered_on IS NOT NULL"
        " WHERE e.deal_id IS NOT NULL AND d.id IS NULL",
    ),
    Check(
        "enforcement.disposals_are_its_own",
        "a disposal that is, or may come, on the market belongs to an enforcement of its lister",
        "SELECT l.id::text AS subject, l.number AS detail FROM listings l"
        " LEFT JOIN enforcements e ON e.listing_id = l.id AND e.organisation_id = l.organisation_id"
        " WHERE l.disposal AND e.id IS NULL AND l.status NOT IN ('withdrawn', 'closed', 'expired')",
    ),
    Check(
        "enforcement.recovered_as_paid",
        "what a sale brought a paid claim is what its payments say, but for the principal no claim covers",
        "SELECT e.id::text AS subject, r.gross_fen::text || ' > ' || e.price_fen AS detail FROM recoveries r"
        " JOIN enforcements e ON e.id = r.enforcement_id"
        " WHERE e.status <> 'closed' OR r.gross_fen > e.price_fen",
    ),
)
