"""The command line on a real machine: processes, signals, a data folder, an embedded PostgreSQL."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import signal
import socket
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import typer
import uvicorn
from alembic.script import ScriptDirectory
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from app.cli import commands, database, sandbox, service as services
from app.cli.console import Refusal
from app.cli.demo.telling import READY, SAMPLE_DATA
from app.config import Mode, Settings
from app.domain.money import format_amount, parse_amount
from app.infra.postgres import EmbeddedPostgres
from app.services.sandbox import sample_uscc
from tests.factories.clock import now
from tests.factories.parties import party
from tests.factories.pledges import filing
from tests.support import server
from tests.support.database import SavepointDatabase
from tests.support.serving import PATIENCE_SECONDS, Running, refused, serving, starting, told, values

pytestmark = pytest.mark.committed

LIVE = {
    "IPOPS_MODE": "live",
    "IPOPS_SIGNING_KEY": "Zr8wq1n5Jc0uTLAfbVmX3kE7ydHsPoG2iYt6RQe9KMU",
    "IPOPS_PUBLIC_URL": "https://ipops.example",
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("var")
    yield folder
    with EmbeddedPostgres(folder / "postgres"):
        pass  # the last to leave stops what a killed service may have left behind


async def test_one_command_serves_a_filled_sandbox_that_is_there_again_after_a_restart(
    data_dir: Path,
) -> None:
    """OPS-08, API-16: credentials in a file for its owner only; data, secrets and tokens outlive a restart."""
    with serving(data_dir, "--no-worker") as first:
        clients = first.sandbox["clients"]
        assert (data_dir / "sandbox.json").stat().st_mode & 0o777 == 0o600
        assert "sandbox-bank-a" in (data_dir / "serve.log").read_text()
        async with first.client(clients["operator"]) as api:
            made = await api.post(
                "/v1/parties", json=party(0, name="示例重启有限公司"), headers={"Idempotency-Key": "1"}
            )
            assert made.status_code == 201, made.text
            token = api.headers["Authorization"]
            assets = (await api.get("/v1/assets", params={"limit": 50})).json()["items"]
            assert {asset["kind"] for asset in assets} == {"patent", "trademark"}
            assert all("示例" in asset["name"] for asset in assets)
    assert first.process.returncode == 0
    assert not EmbeddedPostgres(data_dir / "postgres").is_running()
    with serving(data_dir, "--no-worker") as second:
        assert second.seconds < 15
        print(  # noqa: T201 - shown with -s
            f"ready after {first.seconds:.1f} s, the second time after {second.seconds:.1f} s of 3 s wanted"
        )
        assert second.sandbox["clients"] == clients
        async with second.client(clients["bank_a"]) as api:
            api.headers["Authorization"] = token
            kept = (await api.get(f"/v1/parties/{made.json()['id']}")).json()
            assert {name: kept[name] for name in made.json()} == made.json()
        await check_that_clients_come_and_go(data_dir, second)
        assert "national" in told(data_dir, "verify")


async def check_that_clients_come_and_go(data_dir: Path, running: Running) -> None:
    """Beside the running service: the secret is told once, and a revoked client's token stops working at once."""
    bank = ("organisation", "add", "--name", "示例丙银行", "--uscc", sample_uscc(7_901), "--role", "bank")
    assert "999999" in refused(data_dir, *bank, "--district", "999999")
    entered = values(told(data_dir, *bank, "--district", "120110"))
    added = values(
        told(data_dir, "client", "add", "--organisation", entered["organisation_id"], "--role", "bank")
    )
    async with running.client(added) as api:
        assert (await api.get("/v1/parties")).status_code == 200
        told(data_dir, "client", "revoke", added["client_id"])
        assert (await api.get("/v1/parties")).json()["code"] == "auth.client_revoked"


@dataclass(slots=True)
class Load:
    """Writes of one caller under way: what each key stands for, and the answers that came."""

    path: str
    bodies: Iterator[dict[str, Any]]
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)

    async def write(self, api: httpx.AsyncClient, key: str) -> httpx.Response:
        response = await api.post(self.path, json=self.sent[key], headers={"Idempotency-Key": key})
        assert response.status_code == 201, response.text
        return response

    async def until_gone(self, api: httpx.AsyncClient) -> None:
        """Write from four sides until nobody answers or nothing is left to send."""

        async def one() -> None:
            for body in self.bodies:
                self.sent[key := str(uuid.uuid4())] = body
                try:
                    self.answers[key] = (await self.write(api, key)).content
                except httpx.TransportError:
                    return

        await asyncio.gather(*(one() for _ in range(4)))

    async def check(self, api: httpx.AsyncClient, known: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Send everything again: what was answered gets the same answer, and all of it is there once."""

        async def one(key: str) -> None:
            again = await self.write(api, key)
            if key in self.answers:
                assert again.headers["Idempotency-Replayed"] == "true"
                assert again.content == self.answers[key]
            await known(again.json())

        await side_by_side(one, self.sent)


async def side_by_side(act: Callable[[Any], Awaitable[None]], items: Iterable[Any]) -> None:
    """Do it for all items, eight at a time."""
    waiting = iter(items)

    async def one() -> None:
        for item in waiting:
            await act(item)

    await asyncio.gather(*(one() for _ in range(8)))


ENOUGH = 20
"""Filings answered before the service is told to end."""
RIGHTS = 40
PRINCIPAL_FEN = 100_000


async def make_rights(running: Running, first: int) -> list[str]:
    """Fictional trademarks of a sample firm, entered over the API; their ids."""
    owner = running.sandbox["clients"]["sme"]["party_id"]
    made: list[str] = []
    async with running.client(running.sandbox["clients"]["operator"]) as api:

        async def make(number: int) -> None:
            body = {
                "kind": "trademark",
                "name": f"示例商标{number}",
                "numbers": {"registration": f"{66_000_000 + number}"},
                "classes": [{"nice_class": 7}],
                "registered_on": "2022-03-21",
                "status": "registered",
                "status_as_of": str(now().today),
                "status_source": "示例数据",
                "owners": [{"party_id": owner}],
            }
            answer = await api.post("/v1/assets", json=body, headers={"Idempotency-Key": f"right-{number}"})
            made.append(answer.raise_for_status().json()["id"])

        await side_by_side(make, range(first, first + RIGHTS))
    return made


@dataclass(slots=True)
class Business:
    """Parties entered by the operator and pledges filed by a bank on a pool, at the same time."""

    parties: Load
    pledges: Load

    @classmethod
    async def prepared(cls, running: Running, first: int) -> Self:
        """With rights to pledge; a party has no number, so that only its key keeps it from being entered twice."""
        owner, pool = running.sandbox["clients"]["sme"]["party_id"], running.sandbox["pool"]
        principal = {"amount": format_amount(PRINCIPAL_FEN), "currency": "CNY"}
        return cls(
            Load(
                "/v1/parties",
                (party(0, name=f"示例并发{uuid.uuid4()}", identifiers=[]) for _ in itertools.count()),
            ),
            Load(
                "/v1/pledges",
                iter(
                    [
                        filing(owner, [right], pool_id=pool, principal=principal)
                        for right in await make_rights(running, first)
                    ]
                ),
            ),
        )

    async def until_gone(self, running: Running, end: signal.Signals) -> None:
        """Write from eight sides, tell the service to end amidst it, and go on until nobody answers."""

        async def tell() -> None:
            while len(self.pledges.answers) < ENOUGH:  # noqa: ASYNC110 - others count
                await asyncio.sleep(0.005)
            running.process.send_signal(end)

        clients = running.sandbox["clients"]
        async with (
            running.client(clients["operator"]) as operator,
            running.client(clients["bank_a"]) as bank,
            asyncio.TaskGroup() as group,
        ):  # of which none outlives another's failure
            for work in (self.parties.until_gone(operator), self.pledges.until_gone(bank), tell()):
                group.create_task(work)

    async def check(self, running: Running) -> None:
        """Send everything again: all of it is there once, parties and liens alike."""
        clients = running.sandbox["clients"]
        async with (
            running.client(clients["operator"]) as operator,
            running.client(clients["bank_a"]) as bank,
        ):

            async def is_one(made: dict[str, Any]) -> None:
                found = (await operator.get("/v1/parties", params={"name": made["name"]})).json()["items"]
                assert [one["id"] for one in found] == [made["id"]]

            async def has_one_lien(filed: dict[str, Any]) -> None:
                [item] = filed["items"]
                holds = (await bank.get(f"/v1/assets/{item['asset_id']}")).json()["holds"]
                assert [hold["kind"] for hold in holds] == ["lien"]

            await self.parties.check(operator, is_one)
            await self.pledges.check(bank, has_one_lien)


async def check_the_pool(running: Running, businesses: Sequence[Business]) -> None:
    """Money is where twice would cost: outstanding is what live commitments sum to, one for each key."""
    async with running.client(running.sandbox["clients"]["bank_a"]) as bank:
        pool = (await bank.get(f"/v1/pools/{running.sandbox['pool']}")).json()
        pledges: list[dict[str, Any]] = []
        wanted: dict[str, str] | None = {"limit": "100"}
        while wanted:
            page = (await bank.get("/v1/pledges", params=wanted)).json()
            pledges += page["items"]
            cursor = page["next_cursor"]
            wanted = {"limit": "100", "cursor": cursor} if cursor else None
    covered = [parse_amount(pledge["covered"]["amount"]) for pledge in pledges]
    assert covered == [PRINCIPAL_FEN] * sum(len(business.pledges.sent) for business in businesses)
    assert parse_amount(pool["capacity"]["outstanding"]["amount"]) == sum(covered)


async def test_what_was_answered_is_kept_and_what_was_not_can_be_sent_again(data_dir: Path) -> None:
    """OPS-10: stopped under load, then killed under load: nothing is lost, nothing done twice, no worker left."""
    businesses: list[Business] = []
    for end in (signal.SIGTERM, signal.SIGKILL):
        with serving(data_dir) as running:
            worker = worker_of(running.process.pid)
            for business in businesses:
                await business.check(running)
            businesses.append(await Business.prepared(running, RIGHTS * len(businesses)))
            await businesses[-1].until_gone(running, end)
            expected = 0 if end is signal.SIGTERM else -signal.SIGKILL
            assert running.process.wait(PATIENCE_SECONDS) == expected
        await gone(worker)
    with serving(data_dir, "--no-worker") as running:
        for business in businesses:
            await business.check(running)
        await check_the_pool(running, businesses)
        assert "national" in told(data_dir, "verify")


def worker_of(service: int) -> int:
    """The process id of the service's worker, once it runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for child in Path(f"/proc/{service}/task/{service}/children").read_text().split():
            if b"--supervised" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        time.sleep(0.02)
    raise AssertionError("the service runs no worker")


async def gone(pid: int) -> None:
    """Wait until a process that is not our child has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while b"--supervised" in cmdline(pid):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def test_a_live_instance_needs_its_own_database_and_key_and_keeps_apart_from_sandboxes(
    server_url: str, tmp_path: Path
) -> None:
    assert "IPOPS_DATABASE_URL" in refused(tmp_path, "serve", **LIVE)
    with pytest.raises(ValidationError, match="IPOPS_SIGNING_KEY"):
        Settings(mode=Mode.live, database_url=SecretStr(server_url), signing_key=SecretStr("x" * 43))
    async with server.created(server_url, "live") as url:
        assert "migrate" in refused(tmp_path, "serve", IPOPS_DATABASE_URL=url, **LIVE)
        assert "live" in told(tmp_path, "migrate", IPOPS_DATABASE_URL=url, **LIVE)
        assert "live" in refused(tmp_path, "serve", IPOPS_DATABASE_URL=url)
        assert not [*await asyncio.to_thread(tmp_path.iterdir)]


def test_says_what_is_in_the_way_of_a_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert f"--port {int(port) + 1}" in refused(tmp_path, "serve", "--port", port)
    file = tmp_path / "file"
    file.touch()
    assert "IPOPS_DATA_DIR" in refused(file / "var", "serve", "--port", "0")
    without_database = Settings.model_construct(data_dir=tmp_path, database_url=None)
    with (
        pytest.raises(Refusal, match="--no-embedded"),
        database.open_server(without_database, embedded=False),
    ):
        pass


async def test_lost_or_foreign_credentials_are_replaced_by_ones_that_work(
    database: SavepointDatabase, tmp_path: Path
) -> None:
    """API-16: only digests of secrets are stored, so a file that is lost or of another database means new ones."""
    file = tmp_path / "sandbox.json"
    first = await sandbox.fill(database, file, "http://127.0.0.1:1", story=False)
    kept = await sandbox.fill(database, file, "http://127.0.0.1:2", story=False)
    assert first is not None
    assert kept is not None
    assert kept["clients"] == first["clients"]
    assert kept["token_url"] == "http://127.0.0.1:2/v1/oauth/token"
    file.unlink()
    renewed = await sandbox.fill(database, file, "http://127.0.0.1:2", story=False)
    file.write_text(json.dumps(first))
    again = await sandbox.fill(database, file, "http://127.0.0.1:2", story=False)
    secrets = [
        made["clients"]["sme"]["client_secret"] for made in (first, renewed, again) if made is not None
    ]
    assert len(set(secrets)) == 3


def test_a_story_cut_off_is_reported_at_the_next_start_and_never_told_again(tmp_path: Path) -> None:
    """OPS-08: not ready while the sample years are entered; half of them are told as such, and all only once."""
    with starting(tmp_path) as telling:
        refusal = httpx.get(f"{telling.url}/readyz")
        assert (refusal.status_code, refusal.json()["code"]) == (503, "request.not_ready")
        telling.process.terminate()
        assert telling.process.wait(PATIENCE_SECONDS) == 0
        assert SAMPLE_DATA in telling.said()
        assert READY not in telling.said()
        assert "Traceback" not in telling.said()
    with serving(tmp_path, story=True) as half:
        assert half.sandbox["story"] == "failed"
        assert f"delete the data folder {tmp_path}" in (tmp_path / "serve.log").read_text()
    sandbox.mark(tmp_path / "sandbox.json", sandbox.Story.told)
    with serving(tmp_path, story=True) as whole:
        assert whole.sandbox["story"] == "told"
        assert SAMPLE_DATA not in (tmp_path / "serve.log").read_text()
    assert whole.process.returncode == 0
    assert not EmbeddedPostgres(tmp_path / "postgres").is_running()


@pytest.mark.parametrize(("stopping", "story"), [(False, "failed"), (True, "pending")])
async def test_a_story_that_fails_is_told_to_the_keeper_unless_the_service_is_stopping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stopping: bool, story: str
) -> None:
    app = FastAPI()
    app.state.filling = True
    service = services.Service(uvicorn.Config(app), lambda: None)
    service.should_exit = stopping
    file = tmp_path / sandbox.FILE
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings, at = Settings(data_dir=tmp_path), database.Server("", None, embedded=True)
        instance = services.Instance(settings, at, listener, began=time.monotonic(), worker=True, story=True)
        sample: dict[str, Any] = {"base_url": "http://127.0.0.1:9", "clients": {}, "plan": {}, "pool": ""}
        sample["story"] = sandbox.Story.pending
        file.write_text(json.dumps(sample))
        await services._fill_in(app, service, sample, instance)
    assert json.loads(file.read_text())["story"] == story
    assert app.state.filling is stopping
    assert ("incomplete" in capsys.readouterr().out) is not stopping


def test_the_description_of_the_api_needs_no_database() -> None:
    described = json.loads(CliRunner().invoke(commands, ["openapi"]).output)
    assert "post" in described["paths"]["/v1/parties"]


def test_no_command_is_a_coroutine_function() -> None:
    """Typer calls a coroutine function and drops what it returns: the command would do nothing."""

    def callbacks(app: typer.Typer) -> Iterator[Any]:
        yield from (one.callback for one in app.registered_commands)
        for group in app.registered_groups:
            assert group.typer_instance is not None
            yield from callbacks(group.typer_instance)

    found = list(callbacks(commands))
    assert len(found) >= 6
    assert not [one for one in found if inspect.iscoroutinefunction(one)]


def test_the_newest_revision_is_alembics_head() -> None:
    newest, known = database.revisions()
    scripts = ScriptDirectory(str(server.ROOT / "migrations"))
    assert [newest] == scripts.get_heads()
    assert known == {script.revision for script in scripts.walk_revisions()}
