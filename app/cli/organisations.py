"""`organisation`: who may use the instance, and as what."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.domain.permission import Role, system_actor

if TYPE_CHECKING:
    from app.infra.db import Unit

app = typer.Typer(help="使用本系统的机构 · Organisations that use the system.", no_args_is_help=True)


@app.callback()
def organisation() -> None:
    """使用本系统的机构 · Organisations that use the system."""


@app.command("add")
def add(
    name: Annotated[str, typer.Option(help="名称 · Its name.")],
    uscc: Annotated[str, typer.Option(help="统一社会信用代码 · Its unified social credit code.")],
    district: Annotated[
        str, typer.Option(help="所属或管理的行政区划代码 · The district it is in, or administers.")
    ],
    role: Annotated[list[Role], typer.Option(help="角色，可重复 · A role; repeat for more.")],
) -> None:
    """登记机构；主体尚未登记的一并登记 · Add an organisation, and its party unless the register has it."""
    from app.services import organisations

    made: dict[str, uuid.UUID] = {}

    async def enter(unit: Unit) -> None:
        entered = await organisations.add(
            unit.session,
            actor=system_actor("cli"),
            moment=unit.moment,
            name=name,
            uscc=uscc,
            roles=role,
            district_code=district,
        )
        made.update(organisation_id=entered.id, party_id=entered.party_id)

    database.transact(enter)
    typer.echo("\n".join(f"{key}={value}" for key, value in made.items()))
