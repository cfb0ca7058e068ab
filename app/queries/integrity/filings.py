"""Invariants of what is before the office: filings, and pledges that follow their rights."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

CHECKS: tuple[Check, ...] = (
    same_district("filings", "pledge_id", "pledges"),
    Check(
        "filing.settled_with_its_rights",
        "a filing for registration is open while the office has not decided on a right of its kind",
        "SELECT f.id::text AS subject, f.status AS detail FROM filings f WHERE f.action = 'registration'"
        " AND (f.status IN ('submitted', 'correction')) <> EXISTS (SELECT 1 FROM pledge_items i"
        " WHERE i.pledge_id = f.pledge_id AND i.asset_kind = f.asset_kind AND i.amendment_id IS NULL"
        " AND i.status IN ('filed', 'correction'))",
    ),
    Check(
        "pledge.follows_its_rights",
        "a pledge is undecided while a right it was filed with is, and over once none is tied up, but while"
        " its cover may bear what a sale of its rights has left",
        "SELECT p.id::text AS subject, p.status AS detail FROM pledges p JOIN LATERAL ("
        " SELECT bool_or(i.status IN ('filed', 'correction', 'registered')) AS live,"
        " bool_or(i.status IN ('filed', 'correction') AND i.amendment_id IS NULL) AS undecided"
        " FROM pledge_items i WHERE i.pledge_id = p.id) r ON true WHERE NOT p.imported AND CASE"
        " WHEN p.status IN ('filed', 'correction') THEN NOT r.undecided"
        " WHEN p.status = 'registered' THEN r.undecided OR NOT r.live AND NOT EXISTS ("
        "  SELECT 1 FROM enforcements e WHERE e.pledge_id = p.id AND e.status IN ('sold', 'closed'))"
        " ELSE r.live END",
    ),
    Check(
        "pledge.registrations_counted",
        "each registration of a pledge counts once, one that was revoked no longer",
        "SELECT p.id::text AS subject, f.value::text AS detail FROM pledges p JOIN LATERAL ("
        " SELECT coalesce(sum(value), 0) AS value FROM facts WHERE source_id = p.id"
        " AND source_noun = 'pledge' AND measure = 'pledge_registration_count') f ON true"
        " WHERE NOT p.imported AND f.value <> ("
        " SELECT count(*) FROM pledge_items i WHERE i.pledge_id = p.id AND i.registered_on IS NOT NULL"
        " AND i.status <> 'revoked')",
    ),
)
