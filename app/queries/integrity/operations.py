"""Invariants of everything but the money: register, market, pledges, service, plans, imports."""

from __future__ import annotations

from app.queries.integrity.check import Check, same_district

CHECKS: tuple[Check, ...] = (
    same_district("listing_items", "listing_id", "listings"),
    same_district("mandate_items", "mandate_id", "mandates"),
    same_district("offers", "listing_id", "listings"),
    same_district("offer_rounds", "offer_id", "offers"),
    same_district("portfolio_members", "portfolio_id", "portfolios"),
    same_district("deal_items", "deal_id", "deals"),
    same_district("pledge_items", "pledge_id", "pledges"),
    same_district("pledge_shares", "pledge_id", "pledges"),
    same_district("consent_items", "consent_id", "consents"),
    same_district("consent_uses", "consent_id", "consents"),
    same_district("application_items", "application_id", "applications"),
    same_district("valuations", "application_id", "applications"),
    same_district("policy_items", "policy_id", "policies"),
    same_district("policy_endorsements", "policy_id", "policies"),
    same_district("reconciliation_differences", "reconciliation_id", "reconciliations"),
    same_district("loan_classifications", "pledge_id", "pledges"),
    same_district("plan_departments", "plan_id", "plans"),
    same_district("tasks", "plan_id", "plans"),
    same_district("task_reports", "task_id", "tasks"),
    same_district("indicators", "plan_id", "plans"),
    same_district("targets", "indicator_id", "indicators"),
    same_district("observations", "indicator_id", "indicators"),
    same_district("programmes", "plan_id", "plans"),
    same_district("providers", "programme_id", "programmes"),
    same_district("enrolments", "programme_id", "programmes"),
    same_district("service_records", "enrolment_id", "enrolments"),
    same_district("coverages", "plan_id", "plans"),
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
        "the financing count of a pledge is 1 once registered, 0 before; part of a loan may not count",
        "SELECT p.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM pledges p LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'pledge_financing_count'"
        " AND source_noun = 'pledge' GROUP BY source_id) f ON f.source_id = p.id WHERE NOT p.imported"
        " AND coalesce(f.value, 0) <> CASE WHEN p.registered_on IS NULL THEN 0 ELSE 1 END"
        " AND (p.registered_on IS NULL OR p.ip_share_bp = 10000 OR coalesce(f.value, 0) <> 0)",
    ),
    Check(
        "offer.stands_as_its_last_round",
        "an offer has the price, the term and the side of its last round, and as many rounds as it says",
        "SELECT o.id::text AS subject, o.number AS detail FROM offers o LEFT JOIN offer_rounds r"
        " ON r.offer_id = o.id AND r.round = o.round WHERE (r.amount_fen, r.made_by, r.term_from, r.term_to)"
        " IS DISTINCT FROM (o.amount_fen, o.last_by, o.term_from, o.term_to)"
        " OR (SELECT count(*) FROM offer_rounds n WHERE n.offer_id = o.id) <> o.round",
    ),
    Check(
        "offer.became_its_deal",
        "the deal of an accepted offer is between its buyer and the owner on its listing, as the lister's",
        "SELECT o.id::text AS subject, d.number AS detail FROM offers o JOIN deals d ON d.id = o.deal_id"
        " JOIN listings l ON l.id = o.listing_id"
        " WHERE (d.listing_id, d.grantee_id, d.grantor_id, d.organisation_id)"
        " IS DISTINCT FROM (o.listing_id, o.buyer_id, l.owner_id, l.organisation_id)",
    ),
    Check(
        "portfolio.counted_while_it_qualifies",
        "the count of a portfolio is 1 while it qualifies, 0 before and after, and never anything else",
        "SELECT p.id::text AS subject, p.number AS detail FROM portfolios p"
        " LEFT JOIN (SELECT source_id, sum(value) AS value, min(running) AS low, max(running) AS high FROM ("
        " SELECT source_id, value, sum(value) OVER (PARTITION BY source_id ORDER BY occurred_on) AS running"
        " FROM facts WHERE measure = 'portfolio_qualified_count') s GROUP BY source_id) f"
        " ON f.source_id = p.id WHERE coalesce(f.value, 0) <> (p.qualified_on IS NOT NULL)::int"
        " OR f.low < 0 OR f.high > 1",
    ),
    Check(
        "portfolio.rights_count_in_one",
        "no right is in two portfolios on one day",
        "SELECT m.id::text AS subject, a.number AS detail FROM portfolio_members m"
        " JOIN portfolio_members o ON o.asset_id = m.asset_id AND o.portfolio_id > m.portfolio_id"
        " AND daterange(o.joined_on, o.left_on) && daterange(m.joined_on, m.left_on)"
        " JOIN assets a ON a.id = m.asset_id",
    ),
    Check(
        "deal.transfer_passed_the_title",
        "a transfer in effect made its grantee the owner of its rights, under its own event",
        "SELECT d.id::text AS subject, d.number AS detail FROM deals d JOIN deal_items i ON i.deal_id = d.id"
        " WHERE d.kind = 'transfer' AND d.status IN ('effective', 'settled', 'closed') AND NOT EXISTS ("
        " SELECT 1 FROM titles t JOIN events e ON e.id = t.event_id WHERE t.asset_id = i.asset_id"
        " AND t.party_id = d.grantee_id AND e.noun = 'deal' AND e.subject_id = d.id)",
    ),
    Check(
        "deal.transfer_under_way_reserves_its_rights",
        "a transfer that was signed and not decided yet has its rights reserved, an ended deal has none",
        "SELECT d.id::text AS subject, d.status AS detail FROM deals d JOIN deal_items i ON i.deal_id = d.id"
        " LEFT JOIN holds h ON h.asset_id = i.asset_id AND h.source_id = d.id AND h.kind = 'reservation'"
        " AND h.ended_at IS NULL WHERE CASE"
        " WHEN d.status IN ('signed', 'filed', 'correction') THEN h.id IS NULL"
        " WHEN d.status <> 'negotiated' THEN h.id IS NOT NULL END",
    ),
    Check(
        "deal.transfer_counted_once",
        "the count of a transfer is 1 once registered, 0 before",
        "SELECT d.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM deals d LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'transfer_count'"
        " AND source_noun = 'deal' AND role IN ('out', 'internal') GROUP BY source_id) f"
        " ON f.source_id = d.id WHERE d.kind = 'transfer'"
        " AND coalesce(f.value, 0) <> CASE WHEN d.registered_on IS NULL THEN 0 ELSE 1 END",
    ),
    Check(
        "enrolment.active_counted_once",
        "the stock count of an enrolment is 1 while it is active, 0 before and after",
        "SELECT e.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM enrolments e LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'trusteeship_active_count'"
        " GROUP BY source_id) f ON f.source_id = e.id"
        " WHERE coalesce(f.value, 0) <> CASE e.status WHEN 'active' THEN 1 ELSE 0 END",
    ),
    Check(
        "enrolment.coverage_counted_once",
        "a coverage counts 1 on the day its enrolment counted, and -1 on the day it is folded into another",
        "SELECT c.id::text AS subject, c.since::text AS detail FROM coverages c"
        " JOIN enrolments e ON e.id = c.enrolment_id CROSS JOIN LATERAL ("
        " SELECT coalesce(jsonb_object_agg(d.day, d.value), '{}') AS days FROM ("
        " SELECT occurred_on AS day, sum(value) AS value FROM facts WHERE source_id = c.id"
        " AND measure = 'trusteeship_covered_count' GROUP BY occurred_on HAVING sum(value) <> 0) d) f"
        " WHERE e.counted_on IS DISTINCT FROM c.since OR f.days <> CASE WHEN c.folded_on IS NULL"
        " THEN jsonb_build_object(c.since, 1) WHEN c.folded_on = c.since THEN '{}'"
        " ELSE jsonb_build_object(c.since, 1, c.folded_on, -1) END",
    ),
    Check(
        "enrolment.counted_is_covered",
        "the party of a counted enrolment is covered under the plan since that day or earlier",
        "SELECT e.id::text AS subject, e.number AS detail FROM enrolments e"
        " JOIN programmes g ON g.id = e.programme_id WHERE e.status = 'counted' AND NOT EXISTS ("
        " SELECT 1 FROM coverages c WHERE c.plan_id = g.plan_id AND c.party_id = e.party_id"
        " AND c.since <= e.counted_on)",
    ),
    Check(
        "duplicate.one_code",
        "parties merged as duplicates have one unified social credit code between them",
        "WITH RECURSIVE one(root, id) AS ("
        " SELECT d.id, d.party_id FROM duplicates d WHERE d.status = 'merged' UNION"
        " SELECT o.root, CASE WHEN d.party_id = o.id THEN d.duplicate_party_id ELSE d.party_id END FROM one o"
        " JOIN duplicates d ON (d.party_id = o.id OR d.duplicate_party_id = o.id) AND d.status = 'merged')"
        " SELECT o.root::text AS subject, string_agg(DISTINCT i.value, ', ') AS detail FROM one o"
        " JOIN party_identifiers i ON i.party_id = o.id AND i.scheme = 'uscc'"
        " GROUP BY o.root HAVING count(DISTINCT i.value) > 1",
    ),
    Check(
        "party.as_its_history_says",
        "name and district of a party are those of the last day of its history, where it has one",
        "SELECT p.id::text AS subject, p.name AS detail FROM parties p"
        " LEFT JOIN LATERAL (SELECT n.name FROM party_names n WHERE n.party_id = p.id"
        " ORDER BY n.effective_on DESC NULLS LAST, n.recorded_at DESC, n.id DESC LIMIT 1) n ON true"
        " LEFT JOIN LATERAL (SELECT d.district_code FROM party_districts d WHERE d.party_id = p.id"
        " ORDER BY d.effective_on DESC NULLS LAST, d.recorded_at DESC, d.id DESC LIMIT 1) d ON true"
        " WHERE n.name <> p.name OR d.district_code <> p.district_code",
    ),
    Check(
        "provider.within_quota",
        "a provider serves no more firms than its quota",
        "SELECT p.id::text AS subject, count(*)::text || ' > ' || coalesce(p.quota, 0) AS detail"
        " FROM providers p JOIN enrolments e ON e.provider_id = p.id AND e.status IN ('matched', 'active')"
        " GROUP BY p.id HAVING count(*) > coalesce(p.quota, 0)",
    ),
    Check(
        "consent.spent_by_its_last_use",
        "a consent is used when its uses are as many as allowed, and only what was granted is ever used",
        "SELECT c.id::text AS subject, c.status || ' after ' || u.uses AS detail FROM consents c"
        " CROSS JOIN LATERAL (SELECT count(*) AS uses FROM consent_uses WHERE consent_id = c.id) u"
        " WHERE (c.status = 'used') <> (u.uses >= c.max_uses) OR u.uses > c.max_uses"
        " OR (u.uses > 0 AND c.status NOT IN ('granted', 'used', 'expired'))",
    ),
    Check(
        "consent.used_within_its_scope",
        "every deal that used a consent is one that it allows, on a day on which it was valid",
        "SELECT u.id::text AS subject, d.number AS detail FROM consent_uses u"
        " JOIN consents c ON c.id = u.consent_id JOIN deals d ON d.id = u.deal_id"
        " WHERE d.kind <> c.action OR u.used_on NOT BETWEEN c.valid_from AND c.valid_to"
        " OR d.licence_type IS DISTINCT FROM coalesce(c.licence_type, d.licence_type)"
        " OR d.grantee_id <> coalesce(c.grantee_id, d.grantee_id)"
        " OR d.amount_fen < coalesce(c.floor_fen, 0)",
    ),
    Check(
        "hold.licences_respect_liens",
        "a licence put on a right that was pledged before it rests on the pledgee's used consent",
        "SELECT l.id::text AS subject, l.source_noun AS detail FROM holds l JOIN holds h"
        " ON h.asset_id = l.asset_id AND h.kind = 'lien' AND h.ended_at IS NULL AND h.serial < l.serial"
        " WHERE l.kind IN ('licence', 'exclusive_licence') AND NOT l.imported AND NOT EXISTS ("
        " SELECT 1 FROM consent_uses u JOIN consents c ON c.id = u.consent_id"
        " JOIN consent_items i ON i.consent_id = c.id WHERE u.deal_id = l.source_id"
        " AND c.kind = 'pledgee' AND c.action = 'licence' AND i.hold_id = h.id)",
    ),
    Check(
        "application.contracted_as_approved",
        "an application is contracted with a pledge of its bank and borrower, for what was approved at most",
        "SELECT a.id::text AS subject, p.number AS detail FROM applications a"
        " JOIN pledges p ON p.id = a.pledge_id WHERE p.organisation_id IS DISTINCT FROM a.bank_id"
        " OR p.borrower_id IS DISTINCT FROM a.borrower_id"
        " OR p.principal_fen > coalesce(a.approved_fen, 0)",
    ),
    Check(
        "policy.counted_once",
        "the count of a policy is 1, 0 once it is voided",
        "SELECT p.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM policies p LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'policy_count'"
        " AND source_noun = 'policy' GROUP BY source_id) f ON f.source_id = p.id"
        " WHERE coalesce(f.value, 0) <> CASE p.status WHEN 'voided' THEN 0 ELSE 1 END",
    ),
    Check(
        "policy.insured_as_endorsed",
        "the amount of a policy is its sum insured with its endorsements, nothing once it is voided",
        "SELECT p.id::text AS subject, coalesce(f.value, 0)::text AS detail FROM policies p LEFT JOIN ("
        " SELECT source_id, sum(value) AS value FROM facts WHERE measure = 'policy_amount'"
        " AND source_noun = 'policy' GROUP BY source_id) f ON f.source_id = p.id LEFT JOIN ("
        " SELECT policy_id, sum(delta_fen) AS fen FROM policy_endorsements GROUP BY policy_id) e"
        " ON e.policy_id = p.id WHERE coalesce(f.value, 0) <> CASE p.status WHEN 'voided' THEN 0"
        " ELSE p.sum_insured_fen + coalesce(e.fen, 0) END",
    ),
    Check(
        "observation.checked_by_another",
        "a value that counts or counted was approved by a client that did not report it",
        "SELECT o.id::text AS subject, o.status AS detail FROM observations o"
        " WHERE o.status IN ('approved', 'superseded') AND NOT EXISTS (SELECT 1 FROM approvals c"
        " JOIN approvals m ON m.subject_id = o.id AND m.step = 'make' AND m.client_id <> c.client_id"
        " WHERE c.subject_id = o.id AND c.step = 'check' AND c.decision = 'approved'"
        " AND c.event_id = o.decided_event_id)",
    ),
    Check(
        "stay.holds_its_right",
        "an order in force holds its right for its days, one that is over does not",
        "SELECT s.id::text AS subject, s.status AS detail FROM stays s LEFT JOIN holds h"
        " ON h.source_noun = 'stay' AND h.source_id = s.id AND h.ended_at IS NULL"
        " AND h.asset_id = s.asset_id AND h.kind = s.kind"
        " AND h.period = daterange(s.begins_on, s.ends_on, '[]')"
        " WHERE (s.status = 'in_force') <> (h.id IS NOT NULL)",
    ),
    Check(
        "title.shares_whole",
        "shares of a right are all undivided or sum to the whole, on every day on which its owners change",
        "WITH known AS (SELECT asset_id, share_ppm, coalesce(acquired_on, '-infinity') AS first,"
        " CASE WHEN ceased_at IS NULL THEN 'infinity' ELSE ceased_on END AS beyond, ceased_at IS NULL AS live"
        " FROM titles WHERE superseded_at IS NULL AND asset_id IN ("
        " SELECT asset_id FROM titles WHERE share_ppm IS NOT NULL AND superseded_at IS NULL)"
        "), instant AS (SELECT asset_id, first AS day FROM known"
        " UNION SELECT asset_id, beyond FROM known WHERE beyond IS NOT NULL)"
        " SELECT asset_id::text AS subject, i.day::text AS detail"
        " FROM instant i JOIN known k USING (asset_id)"
        " WHERE k.first <= i.day AND (k.beyond > i.day OR k.live) GROUP BY asset_id, i.day"
        " HAVING count(k.share_ppm) > 0"
        " AND (count(*) <> count(k.share_ppm) OR sum(k.share_ppm) <> 1000000)",
    ),
    Check(
        "fact.has_event",
        "every fact belongs to an event, or to an import under way that will record it",
        "SELECT f.id::text AS subject, f.measure AS detail FROM facts f"
        " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = f.event_id)"
        " AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.event_id = f.event_id AND i.status = 'running')",
    ),
    Check(
        "import.recorded_when_complete",
        "an import has its one event when it is complete, and none before",
        "SELECT i.id::text AS subject, i.status AS detail FROM imports i WHERE (i.status = 'completed')"
        " <> EXISTS (SELECT 1 FROM events e WHERE e.id = i.event_id AND e.subject_id = i.id)",
    ),
    Check(
        "import.rows_are_accepted",
        "an import has as many rows as it says were accepted, under way too",
        "SELECT i.id::text AS subject, i.accepted || ' <> ' || r.rows AS detail FROM imports i"
        " CROSS JOIN LATERAL (SELECT count(*) AS rows FROM import_rows WHERE event_id = i.event_id) r"
        " WHERE i.accepted <> r.rows",
    ),
)
