"""Filing two-asset pledges with a pool's commitment: over HTTP, in batches, by the services, by pgbench."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx

from app.cli.database import ROOT
from app.config import Settings
from app.domain.identifiers import new_id
from app.domain.money import Money, format_amount
from app.domain.pledge_filing import NewItem, NewPledge
from app.domain.pledge_ground import Contract
from app.infra.certificates import CertificatePress
from app.infra.db import Database
from app.infra.security import new_secret
from app.main import create_app
from app.routers.dependencies import etag
from app.routers.pledges import out
from app.services import idempotency, pledges
from benchmarks import capture, data, pgbench
from benchmarks.runner import CONNECTIONS, Pass, Result, Sample, compare, measure, take_turns
from benchmarks.server import service
from benchmarks.workers import drive

if TYPE_CHECKING:
    from app.models.pool import Pool
    from benchmarks.data import Pair
    from benchmarks.server import Bench

PATH = "/v1/pledges"
_LOAD_SECONDS = 600
_NUMBER = re.compile(r"PL-[0-9]{6}-[0-9]{4}-[0-9]+")
CONTRACT = Contract("示例合同-1", date(2021, 7, 1), "流动资金借款", "本金、利息、违约金及实现质权的费用")
DEBT = date(2021, 7, 1), date(2027, 6, 30)
PRINCIPAL = Money(50_000_000)


@dataclass(frozen=True, slots=True)
class Filing:
    """What one filing names."""

    pair: Pair
    pool_id: uuid.UUID

    def body(self) -> str:
        """The filing as a bank sends it."""
        firm = str(self.pair.firm)
        content = {
            "borrower_id": firm,
            "principal": {"amount": format_amount(PRINCIPAL.fen), "currency": PRINCIPAL.currency},
            "debt_from": str(DEBT[0]),
            "debt_to": str(DEBT[1]),
            "contract": {
                "number": CONTRACT.number,
                "signed_on": str(CONTRACT.signed_on),
                "claim_kind": CONTRACT.claim_kind,
                "security_scope": CONTRACT.security_scope,
            },
            "items": [{"asset_id": str(asset), "pledgor_id": firm} for asset in self.pair.assets],
            "pool_id": str(self.pool_id),
        }
        return json.dumps(content, ensure_ascii=False)

    def new(self) -> NewPledge:
        """The filing as the service takes it."""
        firm = self.pair.firm
        return NewPledge(
            borrower_id=firm,
            principal=PRINCIPAL,
            debt_from=DEBT[0],
            debt_to=DEBT[1],
            contract=CONTRACT,
            items=[NewItem(asset, firm) for asset in self.pair.assets],
            pool_id=self.pool_id,
        )


async def run(bench: Bench) -> list[Result]:
    """Four sides in turns: over HTTP, one by one and in batches, the services alone, and the statements alone."""
    sizes = bench.sizes
    made = await data.add_pools(bench, sizes.pools)
    firms = await data.add_firms(bench, sizes.firms)
    references = sizes.pledges + sizes.rounds * sizes.reference + CONNECTIONS
    free = 2 + references + (2 * sizes.rounds + 1) * sizes.ours + sizes.rounds * sizes.batch
    filings = _filings(await data.add_rights(bench, firms, free=free, others=sizes.assets), made)
    reference = await _reference(bench, filings, references)
    await reference.run(sizes.pledges)
    await bench.owner.execute("VACUUM ANALYZE")
    actor, token = bench.actor("bank_a"), bench.token("bank_a")

    with service(bench) as port:

        async def over_http(_: int) -> Pass:
            await bench.settle()
            return await _load(bench, port, token, [next(filings) for _ in range(sizes.ours)])

        async def in_a_batch(_: int) -> Pass:
            await bench.settle()
            return await _batch(port, token, [next(filings) for _ in range(sizes.batch)])

        async def through_services(_: int) -> Pass:
            await bench.settle()

            async def work(filing: Filing) -> None:
                await file_one(bench.database, actor.client_id, actor, filing)

            return await drive(work, [next(filings) for _ in range(sizes.ours)])

        async def statements(_: int) -> Pass:
            await bench.settle()
            return await reference.run(sizes.reference)

        await _load(bench, port, token, [next(filings) for _ in range(min(400, sizes.ours))])
        sides = {
            "http": over_http,
            "pgbench": statements,
            "services": through_services,
            "batch": in_a_batch,
        }
        passes = await take_turns(sizes.rounds, sides)

    told = {
        "rounds": sizes.rounds,
        "ours": sizes.ours,
        "reference": sizes.reference,
        "batch": sizes.batch,
        "connections": CONNECTIONS,
        "assets": sizes.assets + 2 * free,
        "pools": sizes.pools,
        "pledges_before": sizes.pledges,
    }
    return [
        compare(
            f"pledge_filing_{name}",
            passes[side],
            passes["pgbench"],
            unit="filings/s",
            sizes=told,
            notes=f"{note}; pgbench sends the same {len(reference.script.statements)} statements a filing",
        )
        for name, side, note in (
            ("http", "http", "one service process"),
            ("service", "services", "without HTTP, one process"),
            ("batch", "batch", "one request of JSON Lines, one connection, one process"),
        )
    ]


def _filings(pairs: Sequence[Pair], made: Sequence[Pool]) -> Iterator[Filing]:
    chance = random.Random(1)
    for pair in pairs:
        yield Filing(pair, chance.choice(made).id)


async def file_one(database: Database, client_id: uuid.UUID, actor: Any, filing: Filing) -> None:
    """What the route does between the request and the answer."""
    key = str(new_id())
    async with database.write(client_id) as unit:
        fingerprint = hashlib.sha256(key.encode()).digest()
        await idempotency.claim(
            unit.session, client_id=client_id, key=key, fingerprint=fingerprint, moment=unit.moment
        )
        await pledges.file(
            unit.session,
            actor=actor,
            moment=unit.moment,
            new=filing.new(),
            render=_answer,
            key=key,
        )


def _answer(filed: pledges.FiledPledge) -> idempotency.Answer:
    body = out(filed, filed.items, filed.covered_fen, filed.shares).model_dump_json().encode()
    return idempotency.Answer(201, {"ETag": etag(filed.version)}, body)


async def _load(bench: Bench, port: int, token: str, filings: Sequence[Filing]) -> Pass:
    """Send the filings from a process of its own."""
    file = bench.folder / "requests.json"
    file.write_text(json.dumps([_request(token, filing) for filing in filings]), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.load", str(port), str(CONNECTIONS), str(file)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_LOAD_SECONDS
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load failed:\n{done.stderr[-3000:]}")
    rows = json.loads(done.stdout)
    assert len(rows) == len(filings)
    return measure([Sample(number, finished, seconds) for number, finished, seconds, _ in rows])


async def _batch(port: int, token: str, filings: Sequence[Filing]) -> Pass:
    """Send the filings in one request."""
    body = b"\n".join(f'{{"key": "{new_id()}", "pledge": {filing.body()}}}'.encode() for filing in filings)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": str(new_id()),
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=_LOAD_SECONDS) as http:
        begun = time.perf_counter()
        answer = await http.post(f"{PATH}:batch", content=body, headers=headers)
        seconds = time.perf_counter() - begun
    if answer.status_code != 200 or answer.json()["created"] != len(filings):
        raise RuntimeError(f"the batch failed: {answer.text[:1000]}")
    return Pass(len(filings) / seconds, seconds * 1000, seconds * 1000)


def _request(token: str, filing: Filing) -> str:
    body = filing.body()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {new_id()}\r\n"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


async def _reference(bench: Bench, filings: Iterator[Filing], count: int) -> pgbench.Reference:
    """File one pledge over the whole application, and take down what it sends."""
    async with _recorded(bench) as (recorder, http):
        headers = {"Authorization": f"Bearer {bench.token('bank_a')}", "Content-Type": "application/json"}

        async def send(filing: Filing) -> httpx.Response:
            keyed = headers | {"Idempotency-Key": str(new_id())}
            answer = await http.post(PATH, content=filing.body(), headers=keyed)
            assert answer.status_code == 201, answer.text
            return answer

        await send(next(filings))  # opens the connection
        await recorder.taken()
        filing, since = next(filings), new_id()
        answer = await send(filing)
        sent = await recorder.taken()
    number = _NUMBER.search(answer.text)
    assert number is not None
    pools = await _pools(bench)
    captured = _named(filing, pools, number[0])
    script = await capture.script(sent, owner=bench.owner, since=since, tokens=captured.values())
    year = number[0].rsplit("-", 1)[0]

    def rows() -> Iterator[Sequence[str]]:
        for place in range(count):
            named = _named(next(filings), pools, f"{year}-{9_000_000 + place}")
            yield script.row({captured[what]: named[what] for what in captured})

    return await pgbench.prepare(
        "pledge_filing", script, url=bench.plain_url, owner=bench.owner, folder=bench.folder, rows=rows()
    )


@asynccontextmanager
async def _recorded(bench: Bench) -> AsyncIterator[tuple[capture.Recorder, httpx.AsyncClient]]:
    """The application in this process on one connection that is taken down."""
    database = Database(bench.url, pool_size=1, read_pool_size=1)
    recorder = capture.Recorder(database.writer)
    press = CertificatePress(new_secret(), public_url="http://127.0.0.1", sample=True)
    app = create_app(Settings(), database, bench.tokens, press)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as http:
        yield recorder, http
    await database.close()


async def _pools(bench: Bench) -> Mapping[str, Mapping[str, str]]:
    """What the application reads of a pool and sends back: its scheme and its memo accounts."""
    rows = await bench.owner.fetch(
        "SELECT p.id, s.id AS scheme, c.id AS covered, o.id AS obligation FROM pools p"
        " JOIN schemes s ON s.pool_id = p.id"
        " JOIN ledger_accounts c ON c.ledger_id = p.id AND c.code = 'memo.covered'"
        " JOIN ledger_accounts o ON o.ledger_id = p.id AND o.code = 'memo.cover_obligation'"
    )
    return {
        str(row["id"]): {name: str(row[name]) for name in ("scheme", "covered", "obligation")} for row in rows
    }


def _named(filing: Filing, pools: Mapping[str, Mapping[str, str]], number: str) -> dict[str, str]:
    """Every text of a filing's parameters that belongs to this filing alone."""
    pair = filing.pair
    named = {"number": number, "firm": str(pair.firm), "pool": str(filing.pool_id)}
    for place in (0, 1):
        named |= {
            f"asset_{place}": str(pair.assets[place]),
            f"number_{place}": pair.numbers[place],
            f"serial_{place}": f'"asset_serial": {pair.serials[place]}',
        }
    return named | dict(pools[str(filing.pool_id)])
