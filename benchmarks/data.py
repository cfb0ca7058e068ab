"""Rows for the benchmarks: fictional firms, their rights, pools with money, and facts."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.identifiers import new_id
from app.domain.money import Money
from app.domain.patent_number import patent_check_character
from app.domain.permission import SYSTEM_ID
from app.domain.pool import SharingParty, SourceType
from app.domain.scheme import Terms, Tier
from app.services import funds, pools
from app.services.sandbox import DISTRICT

if TYPE_CHECKING:
    from app.models.pool import Pool
    from benchmarks.server import Bench

BATCH = 100_000
SHARES = {
    SharingParty.pool: 4_000,
    SharingParty.bank: 3_000,
    SharingParty.guarantor: 2_000,
    SharingParty.insurer: 1_000,
}
PAID_IN = Money(9_000_000_000_000)
GRANTED_ON = date(2021, 6, 1)
LAST_DAY = date(2039, 2, 28)
_ASSETS = (
    "id",
    "office",
    "kind",
    "patent_type",
    "regime",
    "number",
    "name",
    "filed_on",
    "granted_on",
    "registered_on",
    "last_day_in_force",
    "status",
    "status_as_of",
    "status_source",
    "invalidation_pending",
    "imported",
    "event_id",
    "recorded_at",
    "version",
    "sign_key",
)
_TITLES = ("id", "asset_id", "party_id", "ordinal", "acquired_on", "event_id", "recorded_at")
_PARTIES = (
    "id",
    "kind",
    "name",
    "name_key",
    "country",
    "district_code",
    "imported",
    "event_id",
    "recorded_at",
    "version",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A patent and a trademark of one firm, both in force and free."""

    firm: uuid.UUID
    assets: tuple[uuid.UUID, uuid.UUID]
    serials: tuple[int, int]
    numbers: tuple[str, str]


async def add_pools(bench: Bench, count: int) -> list[Pool]:
    """Pools of the sample manager with more money than the benchmarks can commit."""
    actor = bench.actor("pool_manager")
    scheme = Terms(
        code="TJ-DL-TEMPLATE",
        effective_from=date(2019, 1, 1),
        leverage_multiple=10,
        tiers=[Tier(SHARES)],
        legal_basis="示例管理办法",
    )
    made = []
    for number in range(count):
        async with bench.database.write(actor.client_id) as unit:
            pool = await pools.open_pool(
                unit.session,
                actor=actor,
                moment=unit.moment,
                name=f"示例资金池{number}",
                currency="CNY",
                scheme=scheme,
            )
            await funds.contribute(
                unit.session,
                actor=actor,
                moment=unit.moment,
                pool_id=pool.id,
                source=SourceType.district,
                amount=PAID_IN,
                occurred_on=date(2019, 1, 2),
            )
        made.append(pool)
    return made


async def add_firms(bench: Bench, count: int) -> list[uuid.UUID]:
    """Fictional firms of the sample district."""
    now = await bench.owner.fetchval("SELECT now()")
    firms = [new_id() for _ in range(count)]
    rows = [
        (firm, "organisation", f"示例企业{n}", f"示例企业{n}", "CN", DISTRICT, False, firm, now, 1)
        for n, firm in enumerate(firms)
    ]
    await bench.owner.copy_records_to_table("parties", columns=_PARTIES, records=rows)
    return firms


async def add_rights(bench: Bench, firms: Sequence[uuid.UUID], *, free: int, others: int) -> list[Pair]:
    """A register of `others` rights and `free` pairs to be pledged, which alone are given back."""
    moment = await bench.owner.fetchrow("SELECT now(), (now() AT TIME ZONE 'Asia/Shanghai')::date AS today")
    assert moment is not None
    now, today = moment
    owner = itertools.cycle(firms)
    serial = itertools.count(1)
    for size in _batches(others):
        assets = [_asset(number % 2 == 0, next(serial), now, today) for number in range(size)]
        await _copy(bench, assets, [_title(asset, next(owner), now) for asset in assets])
    pairs = []
    for size in _batches(free):
        chosen = [next(owner) for _ in range(size)]
        assets = [_asset(patent, next(serial), now, today) for _ in chosen for patent in (True, False)]
        owners = [firm for firm in chosen for _ in range(2)]
        await _copy(bench, assets, [_title(*both, now) for both in zip(assets, owners, strict=True)])
        found = await bench.owner.fetch(
            "SELECT id, serial FROM assets WHERE id = ANY($1)", [asset[0] for asset in assets]
        )
        serials = {row["id"]: row["serial"] for row in found}
        for firm, first, second in zip(chosen, assets[::2], assets[1::2], strict=True):
            ids = first[0], second[0]
            pairs.append(Pair(firm, ids, (serials[ids[0]], serials[ids[1]]), (first[5], second[5])))
    await bench.owner.execute("VACUUM ANALYZE")
    return pairs


async def _copy(bench: Bench, assets: Iterable[Sequence[Any]], titles: Iterable[Sequence[Any]]) -> None:
    await bench.owner.copy_records_to_table("assets", columns=_ASSETS, records=assets)
    await bench.owner.copy_records_to_table("titles", columns=_TITLES, records=titles)


def _asset(patent: bool, serial: int, now: Any, today: date) -> tuple[Any, ...]:  # noqa: FBT001 - one of two kinds
    digits = f"20191{serial:07d}"
    number = f"{digits}.{patent_check_character(digits)}" if patent else f"{50_000_000 + serial}"
    kind, status = ("patent", "granted") if patent else ("trademark", "registered")
    granted, registered = (GRANTED_ON, None) if patent else (None, GRANTED_ON)
    name = f"示例权利{serial}"
    head = (new_id(), "CN", kind, "invention" if patent else None, "cn", number, name, date(2019, 3, 1))
    checked = (LAST_DAY, status, today, "登记簿副本")
    return (*head, granted, registered, *checked, False, False, SYSTEM_ID, now, 1, None if patent else name)


def _title(asset: Sequence[Any], firm: uuid.UUID, now: Any) -> tuple[Any, ...]:
    return (new_id(), asset[0], firm, 1, GRANTED_ON, SYSTEM_ID, now)


def _batches(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, BATCH)
        count -= BATCH


async def add_facts(bench: Bench, count: int) -> None:
    """Facts of nine measures in three districts over four years, as imports leave them."""
    for begun in range(0, count, 10 * BATCH):
        await bench.owner.execute(
            """
            INSERT INTO facts (id, district_code, measure, role, value, occurred_on, dimensions, source_noun,
                               source_id, imported, event_id, recorded_at)
            SELECT gen_random_uuid(), (ARRAY['120110', '120101', '120102'])[1 + n % 3],
                   (ARRAY['pledge_financing_count', 'pledge_financing_amount', 'pledge_registration_count',
                          'pledge_mixed_count', 'licence_count', 'licence_amount', 'transfer_count',
                          'transfer_amount', 'listing_count'])[1 + n / 3 % 9],
                   'internal', 1 + n % 1000, date '2019-01-01' + (n * 7919 % 1461)::int,
                   jsonb_build_object('asset_kind', (ARRAY['patent', 'trademark'])[1 + n % 2]),
                   'pledge', gen_random_uuid(), true, gen_random_uuid(), now()
            FROM generate_series($1::bigint, $2::bigint) AS n
            """,
            begun,
            min(begun + 10 * BATCH, count) - 1,
        )
    await bench.owner.execute("VACUUM ANALYZE facts")


async def add_past_pledges(bench: Bench, count: int) -> None:
    """Pledges of two rights each that are over, with their liens and events.

    They go round among the rights there are by serial number; triggers judge one row of a case, and these
    rows are sound and too many for that.
    """
    if not count:
        return
    for table in _PAST:
        await bench.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for begun in range(0, count, BATCH):
        last = min(begun + BATCH, count) - 1
        for statement in _PAST.values():
            await bench.owner.execute(
                statement, begun, last, bench.actor("bank_a").organisation_id, timeout=600
            )
    for table in _PAST:
        await bench.owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    await bench.owner.execute("VACUUM ANALYZE", timeout=1_200)


_PAST_ID = "('01900000-0000-7{kind}-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"
_PLEDGE, _EVENT = (_PAST_ID.format(kind=kind, number="n") for kind in ("000", "001"))
_PAST_HOLD = _PAST_ID.format(kind="002", number="2 * n + o.place")
_OLD_RIGHT = "1 + (2 * n + o.place) % greatest(1, (SELECT max(serial) FROM assets) / 2)"
_PAST = {
    "events": f"""
INSERT INTO events (id, stream, type, noun, subject_id, audience, public, organisation_id, client_id, request_id,
                    occurred_on, recorded_at, payload)
SELECT {_EVENT}, '{DISTRICT}', 'pledge.filed', 'pledge', {_PLEDGE}, ARRAY[$3::uuid], false, $3, NULL, 'bench',
       date '2019-01-01' + (n % 1400)::int, now() - interval '1 year', '{{}}'
FROM generate_series($1::bigint, $2::bigint) AS n""",
    "pledges": f"""
INSERT INTO pledges (id, district_code, number, regime, organisation_id, pledgee_id, borrower_id, principal_fen,
    currency, debt_from, debt_to, contract, acknowledgements, rule_pack, status, filed_on, registered_on, ended_on,
    imported, event_id, recorded_at, version)
SELECT {_PLEDGE}, '{DISTRICT}', 'PL-past-' || n, 'cn', $3, o.party_id, t.party_id, 50000000, 'CNY', d.day,
       d.day + 365, '{{}}', '[]', 'cn-461-2021', 'deregistered', d.day, d.day, d.day + 365, false, {_EVENT}, now(), 3
FROM generate_series($1::bigint, $2::bigint) AS n
CROSS JOIN LATERAL (SELECT date '2019-01-01' + (n % 1400)::int AS day) d
JOIN organisations o ON o.id = $3 JOIN assets a ON a.serial = {_OLD_RIGHT.replace("o.place", "0")}
JOIN titles t ON t.asset_id = a.id""",
    "holds": f"""
INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, source_noun, source_id, placed_on, ended_on,
                   end_reason, ended_at, imported, event_id, recorded_at)
SELECT {_PAST_HOLD}, a.id, a.serial, 'cn', 'lien', 1, 'pledge', {_PLEDGE}, d.day, d.day + 365,
       'pledge.deregistered', now(), false, {_EVENT}, now()
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN (VALUES (0), (1)) AS o(place)
CROSS JOIN LATERAL (SELECT date '2019-01-01' + (n % 1400)::int AS day) d
JOIN assets a ON a.serial = {_OLD_RIGHT} WHERE $3::uuid IS NOT NULL""",
    "pledge_items": f"""
INSERT INTO pledge_items (id, district_code, pledge_id, asset_id, asset_kind, pledgor_id, ordinal, hold_id, rank,
                          status, registration_no, registered_on, ended_on)
SELECT gen_random_uuid(), '{DISTRICT}', {_PLEDGE}, a.id, a.kind, t.party_id, 1 + o.place, {_PAST_HOLD}, 1,
       'deregistered', 'Y' || n || '-' || o.place, d.day, d.day + 365
FROM generate_series($1::bigint, $2::bigint) AS n CROSS JOIN (VALUES (0), (1)) AS o(place)
CROSS JOIN LATERAL (SELECT date '2019-01-01' + (n % 1400)::int AS day) d
JOIN assets a ON a.serial = {_OLD_RIGHT} JOIN titles t ON t.asset_id = a.id WHERE $3::uuid IS NOT NULL""",
}
"""What a past pledge leaves, table by table: numbers $1 to $2, all of the bank $3."""


def two_of(count: int, seed: int) -> Iterator[tuple[int, int]]:
    """Two different numbers below `count`, again and again."""
    chance = random.Random(seed)
    while True:
        first = chance.randrange(count)
        yield first, (first + 1 + chance.randrange(count - 1)) % count
