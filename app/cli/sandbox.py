"""`sandbox.json`: where the service is and with which sample credentials to call it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.infra.db import Database
from app.infra.security import new_secret, secret_digest
from app.services import sandbox
from app.services.sandbox import SampleClient

FILE = "sandbox.json"


async def fill(database: Database, file: Path, base_url: str) -> dict[str, Any] | None:
    """Fill an empty sandbox, and see to it that the file tells credentials that work.

    A file that does is kept, at a new address if there is one; else the sample clients get new secrets.
    None for a sandbox that was filled without sample clients.
    """
    kept = _read(file)
    if kept is None or not await _works(database, kept):
        clients = await _clients(database)
        if not clients:
            return None
        async with database.read() as unit:
            pool = await sandbox.find_pool(unit.session)
        kept = {
            "district": sandbox.DISTRICT,
            "pool": str(pool) if pool is not None else None,
            "plan": None,
            "clients": _credentials(clients),
        }
    content = {"base_url": base_url, "token_url": f"{base_url}/v1/oauth/token"}
    content |= {name: value for name, value in kept.items() if name not in content}
    _write(file, content)
    return content


async def _works(database: Database, kept: Mapping[str, Any]) -> bool:
    digests = {one["client_id"]: secret_digest(one["client_secret"]) for one in kept["clients"].values()}
    async with database.read() as unit:
        return await sandbox.has_secrets(unit.session, digests)


async def _clients(database: Database) -> dict[str, SampleClient]:
    async with database.write() as unit:
        if not await sandbox.is_empty(unit.session):
            return await sandbox.renew_secrets(unit.session, new_secret=new_secret, digest=secret_digest)
        clients = await sandbox.add_organisations(
            unit.session, moment=unit.moment, new_secret=new_secret, digest=secret_digest
        )
        await sandbox.add_rights(unit.session, moment=unit.moment, clients=clients)
        await sandbox.add_pool(unit.session, moment=unit.moment, manager=clients["pool_manager"])
        return clients


def _credentials(clients: Mapping[str, SampleClient]) -> dict[str, Any]:
    return {
        key: {
            "client_id": one.client.client_id,
            "client_secret": one.secret,
            "name": one.organisation.name,
            "organisation_id": str(one.organisation.id),
            "party_id": str(one.organisation.party_id),
            "roles": one.client.roles,
        }
        for key, one in clients.items()
    }


def _read(file: Path) -> dict[str, Any] | None:
    """The file's content, or None when it is missing or was cut short."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content.get("clients"), dict) else None


def _write(file: Path, content: Mapping[str, Any]) -> None:
    """Put the content in the file's place as a whole, readable by its owner only from the beginning."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(content, out, ensure_ascii=False, indent=2)
        out.write("\n")
    draft.replace(file)
