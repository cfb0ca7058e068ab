"""`verify`: recompute what is sealed and booked, name what does not hold; `export-seals`: carry it off."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.cli.console import Refusal, load_settings
from app.queries import integrity
from app.queries.integrity import CHECKS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import TextIO, TypeVar

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.root import Kept
    from app.domain.seal import Breach
    from app.queries.integrity import Finding
    from app.services.ledger_replays import Verification as LedgerVerification
    from app.services.seals import Verification

    T = TypeVar("T")

app = typer.Typer(invoke_without_command=True)


@app.callback()
def verify(
    context: typer.Context,
    stream: Annotated[
        str | None, typer.Option(help="只查一条链（区划代码或 national）· One stream only.")
    ] = None,
    root: Annotated[
        list[Path] | None,
        typer.Option(help="另行保存的链根文件，可多次给出 · A root kept elsewhere; may be repeated."),
    ] = None,
) -> None:
    """核验封存链与数据一致性，有误则返回 1 · Verify seals and invariants; exits with 1 on any fault."""
    if context.invoked_subcommand is not None:
        return
    kept = [_kept(file) for file in root or []]
    found, breaches, findings = _look(lambda session: _verify(session, stream, kept))
    for name, count in sorted(found.seals.items()):
        typer.echo(f"{name:<10}{count:>12}")
    for breach in breaches:
        typer.echo(str(breach), err=True)
    for finding in findings:
        typer.echo(f"{finding.check}  {finding.subject}  {finding.detail}", err=True)
    if breaches or findings:
        raise typer.Exit(1)
    typer.echo(f"封存链完好，{len(CHECKS)} 项一致性检查通过 · all seals hold, {len(CHECKS)} invariants hold")


@app.command("ledger")
def verify_ledger(
    pool: Annotated[
        str | None, typer.Option(help="只查一个资金池（编号）· One pool only, by number.")
    ] = None,
) -> None:
    """重放资金池账簿，指出首条有误的分录 · Replay ledgers; names the first entry that does not follow."""
    found = _look(lambda session: _verify_ledger(session, pool))
    if pool is not None and not found.entries:
        raise Refusal(f"没有编号为 {pool} 的资金池。", f"there is no pool {pool}.")
    for number, count in found.entries.items():
        typer.echo(f"{number:<24}{count:>12}")
    for one in (*found.tamperings, *found.breaches):
        typer.echo(str(one), err=True)
    if found.tamperings or found.breaches:
        raise typer.Exit(1)
    typer.echo("账簿与其封存完好 · every entry follows from the transfers, and their seals hold")


def export(
    to: Annotated[Path, typer.Option(help="目标目录 · Folder to write to; must not hold an export yet.")],
    hashed: Annotated[
        list[str] | None,
        typer.Option(
            help="只导出哈希的表，可多次给出 · Table of which hashes alone are exported; repeatable."
        ),
    ] = None,
) -> None:
    """导出封存链及其数据，供离线核验 · Export the chains with what they seal, to be checked elsewhere."""
    from app.queries.seals import COVERED
    from app.services.seal_exports import KEYS, ROOTS, ROWS, SEALS

    unknown = set(hashed or ()) - {one.table for one in COVERED}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise Refusal(f"封存链不包含表 {names}。", f"no seal covers {names}.")
    to.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            files = {
                name: stack.enter_context((to / name).open("x", encoding="utf-8", newline="\n"))
                for name in (SEALS, ROWS, ROOTS, KEYS)
            }
        except FileExistsError as error:
            raise Refusal(
                f"{error.filename} 已存在，请另选目录。", f"{error.filename} exists: choose another folder."
            ) from error
        counted = _look(lambda session: _export(session, files, hashed or ()))
    for name, count in counted.items():
        typer.echo(f"{name:<14}{count:>12}")


def _kept(file: Path) -> Kept:
    from app.domain.root import read

    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal(
            f"{file} 不是链根文件，或已被改动（{error}）。", f"{file} is no root, or was changed ({error})."
        ) from error


def _look(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do `work` on one read-only snapshot of the instance, however long it takes."""
    settings = load_settings()
    with database.open_server(settings) as server:
        database.make_ready(server.as_found(), settings.mode)
        return asyncio.run(_read(server.url, work))


async def _read(url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    from app.infra.db import Database

    opened = Database(url, pool_size=1, read_pool_size=1, statement_timeout_ms=0)
    try:
        async with opened.read() as unit:
            return await work(unit.session)
    finally:
        await opened.close()


async def _verify(
    session: AsyncSession, stream: str | None, kept: Sequence[Kept]
) -> tuple[Verification, list[Breach], list[Finding]]:
    from app.infra.signing import verified
    from app.services import roots, seals

    found = await seals.verify(session, stream)
    rooted = await roots.verify(session, verified=verified, kept_outside=kept)
    return found, [*found.breaches, *rooted], await integrity.findings(session)


async def _verify_ledger(session: AsyncSession, pool: str | None) -> LedgerVerification:
    from app.services import ledger_replays

    return await ledger_replays.verify(session, pool)


async def _export(
    session: AsyncSession, files: Mapping[str, TextIO], hashed: Sequence[str]
) -> dict[str, int]:
    from app.services import seal_exports

    counted = dict.fromkeys(files, 0)
    async for name, line in seal_exports.lines(session, hashed=hashed):
        files[name].write(line)
        counted[name] += 1
    return counted
