"""`plan`: entering a government plan from its document."""

from __future__ import annotations

import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.cli.console import Refusal
from app.domain.permission import system_actor

if TYPE_CHECKING:
    from app.infra.db import Unit

app = typer.Typer(help="实施方案（TOML）· Government plans from TOML files.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="TOML 文件 · The TOML file."),
]


@app.callback()
def plan() -> None:
    """实施方案（TOML）· Government plans from TOML files."""


@app.command("load")
def load(file: File) -> None:
    """导入方案的部门、任务、指标与目标 · Enter a plan with its departments, tasks, indicators and targets."""
    from app.domain.errors import DomainError
    from app.domain.plan_entry import read_plan
    from app.services import plans

    try:
        new = read_plan(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:  # not UTF-8, or not TOML
        raise Refusal(f"无法读取 {file}：{error}", f"{file} cannot be read: {error}") from error
    except DomainError as refused:
        lines = [(one.pointer or "/", one.zh, one.en) for one in refused.violations]
        raise Refusal(
            "\n".join(f"{pointer}: {zh}" for pointer, zh, _ in lines),
            "\n".join(f"{pointer}: {en}" for pointer, _, en in lines),
        ) from refused
    made: dict[str, uuid.UUID] = {}

    async def enter(unit: Unit) -> None:
        entered = await plans.create(unit.session, actor=system_actor("cli"), moment=unit.moment, new=new)
        made.update(plan_id=entered.id)

    database.transact(enter)
    typer.echo(f"plan_id={made['plan_id']}")
    typer.echo(f"{new.code}: {len(new.tasks)} 项任务 · tasks, {len(new.indicators)} 项指标 · indicators")
