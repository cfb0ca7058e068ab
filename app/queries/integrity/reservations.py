"""Invariants of what banks keep free for a pledge, and of what is demanded back from them."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

CHECKS: tuple[Check, ...] = (
    same_district("reservations", "application_id", "applications"),
    same_district("demands", "pledge_id", "pledges"),
    Check(
        "reservation.holds_its_rights",
        "a live reservation holds rights, at least until its day is over; one that has ended holds none",
        "SELECT r.id::text AS subject, r.number AS detail FROM reservations r WHERE CASE r.status"
        " WHEN 'live' THEN NOT EXISTS (SELECT 1 FROM holds h WHERE h.source_id = r.id"
        " AND h.source_noun = 'reservation' AND h.kind = 'reservation'"
        " AND (h.ended_at IS NULL OR h.end_reason = 'lapsed'))"
        " ELSE EXISTS (SELECT 1 FROM holds h WHERE h.source_id = r.id AND h.source_noun = 'reservation'"
        " AND h.ended_at IS NULL) END",
    ),
    Check(
        "reservation.used_by_its_bank",
        "the pledge that used a reservation was filed by the bank that reserved, on a right it kept",
        "SELECT r.id::text AS subject, r.number AS detail FROM reservations r"
        " JOIN pledges p ON p.id = r.pledge_id WHERE p.organisation_id IS DISTINCT FROM r.organisation_id"
        " OR NOT EXISTS (SELECT 1 FROM holds h JOIN pledge_items i ON i.asset_id = h.asset_id"
        " WHERE h.source_id = r.id AND h.source_noun = 'reservation' AND i.pledge_id = p.id)",
    ),
    Check(
        "demand.enforced_by_cancelling",
        "a demand that was enforced has ended its pledge",
        "SELECT d.id::text AS subject, p.number AS detail FROM demands d JOIN pledges p ON p.id = d.pledge_id"
        " WHERE d.status = 'enforced' AND p.status NOT IN ('deregistered', 'revoked', 'lapsed')",
    ),
)
