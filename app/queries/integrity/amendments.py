"""Invariants of amendments and of what is told of a pledge's coverage."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

CHECKS: tuple[Check, ...] = (
    same_district("amendments", "pledge_id", "pledges"),
    same_district("amendment_items", "amendment_id", "amendments"),
    Check(
        "amendment.rights_wait_for_it",
        "a right that an amendment is to add is undecided while the amendment is, and not longer",
        "SELECT i.id::text AS subject, m.status AS detail FROM pledge_items i"
        " JOIN amendments m ON m.id = i.amendment_id"
        " WHERE i.status IN ('filed', 'correction') AND m.status <> 'filed'",
    ),
    Check(
        "amendment.effect_on_rights",
        "what a registered amendment lets go is held no longer, what it adds was registered",
        "SELECT t.id::text AS subject, t.action || ': ' || i.status AS detail FROM amendment_items t"
        " JOIN amendments m ON m.id = t.amendment_id AND m.status = 'registered'"
        " JOIN pledge_items i ON i.pledge_id = m.pledge_id AND i.asset_id = t.asset_id"
        " LEFT JOIN amendments b ON b.id = i.amendment_id"
        # What was let go may have come in again by a later substitution.
        " WHERE (t.action = 'release' AND i.status = 'registered'"
        "  AND (b.id IS NULL OR (b.recorded_at, b.id) < (m.recorded_at, m.id)))"
        " OR (t.action = 'add' AND b.id = m.id AND t.registered_on IS NOT NULL AND i.registered_on IS NULL)",
    ),
    Check(
        "amendment.extensions_counted",
        "each registered extension counts once, by itself",
        "SELECT p.id::text AS subject, coalesce(f.value, 0) || ' <> ' || coalesce(m.extended, 0) AS detail"
        " FROM pledges p LEFT JOIN (SELECT pledge_id, count(*) AS extended FROM amendments"
        " WHERE kind = 'extension' AND status = 'registered' GROUP BY pledge_id) m ON m.pledge_id = p.id"
        " LEFT JOIN (SELECT source_id, sum(value) AS value FROM facts"
        " WHERE measure = 'pledge_extension_count' AND source_noun = 'pledge' GROUP BY source_id) f"
        " ON f.source_id = p.id WHERE coalesce(f.value, 0) <> coalesce(m.extended, 0)",
    ),
    Check(
        "pledge.shortfall_told",
        "a pledge is short since it was told so, and until it is told to be covered again",
        "SELECT p.id::text AS subject, coalesce(e.told, 0)::text AS detail FROM pledges p LEFT JOIN ("
        " SELECT subject_id, sum(CASE type WHEN 'pledge.shortfall' THEN 1 ELSE -1 END) AS told FROM events"
        " WHERE type IN ('pledge.shortfall', 'pledge.covered_again') GROUP BY subject_id) e"
        " ON e.subject_id = p.id"
        " WHERE coalesce(e.told, 0) <> CASE WHEN p.short_since IS NULL THEN 0 ELSE 1 END",
    ),
)
