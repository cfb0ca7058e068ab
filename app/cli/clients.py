"""`client`: API credentials of organisations, given out and taken back."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import database
from app.domain.permission import Role, system_actor

if TYPE_CHECKING:
    from app.infra.db import Unit

app = typer.Typer(help="接口客户端 · API clients of organisations.", no_args_is_help=True)


@app.command("add")
def add(
    organisation: Annotated[uuid.UUID, typer.Option(help="机构编号 · The organisation's id.")],
    role: Annotated[list[Role], typer.Option(help="角色，可重复 · A role; repeat for more.")],
    client_id: Annotated[str | None, typer.Option(help="公开名称 · Its public name; made if absent.")] = None,
) -> None:
    """新增客户端，密钥只显示一次 · Add a client and print its secret, this once."""
    from app.infra.security import new_secret, secret_digest
    from app.services import clients

    secret = new_secret()
    name = client_id or f"{role[0].value.replace('_', '-')}-{secrets.token_hex(4)}"

    async def issue(unit: Unit) -> None:
        await clients.issue(
            unit.session,
            actor=system_actor("cli"),
            moment=unit.moment,
            organisation_id=organisation,
            client_id=name,
            secret_sha256=secret_digest(secret),
            roles=role,
        )

    database.transact(issue)
    typer.echo(f"client_id={name}\nclient_secret={secret}")


@app.command("revoke")
def revoke(client_id: Annotated[str, typer.Argument(help="公开名称 · Its public name.")]) -> None:
    """停用客户端，其令牌随即失效 · Revoke a client; its tokens stop working at once."""
    from app.services import clients

    async def end(unit: Unit) -> None:
        await clients.revoke(unit.session, actor=system_actor("cli"), moment=unit.moment, client_id=client_id)

    database.transact(end)
    typer.echo(f"已停用 · revoked: {client_id}")
