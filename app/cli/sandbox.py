"""`sandbox.json`: where the service is and with which sample credentials to call it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.cli.demo.story import FIRST_DAY
from app.infra.db import Database
from app.infra.security import new_secret, secret_digest
from app.services import clock, sandbox
from app.services.sandbox import SampleClient

FILE = "sandbox.json"


class Story(StrEnum):
    """Whether a sandbox has its sample years: `none` were asked for; `failed` is half of them."""

    none = "none"
    pending = "pending"
    told = "told"
    failed = "failed"


async def fill(database: Database, file: Path, base_url: str, *, story: bool) -> dict[str, Any] | None:
    """Fill an empty sandbox, and see to it that the file tells credentials that work.

    With a `story` to be told the sandbox begins on its first day, and the story enters the rights.
    A file that does is kept, at a new address if there is one; else the sample clients get new secrets.
    A story that is still pending there was cut off by the end of the service that told it: it cannot be
    told again to a sandbox that holds half of it. None for a sandbox filled without sample clients.
    """
    kept = _read(file)
    if kept is not None and await _works(database, kept):
        told = Story(kept.get("story", Story.none))
        kept["story"] = Story.failed if told is Story.pending else told
    else:
        clients, fresh = await _clients(database, story=story)
        if not clients:
            return None
        async with database.read() as unit:
            pool = await sandbox.find_pool(unit.session)
            plans = await sandbox.find_plans(unit.session)
        kept = {
            "district": sandbox.DISTRICT,
            "pool": str(pool) if pool is not None else None,
            "plan": {code: str(plan_id) for code, plan_id in plans.items()},
            "story": Story.pending if story and fresh else Story.none,
            "clients": _credentials(clients),
        }
    content = {"base_url": base_url, "token_url": f"{base_url}/v1/oauth/token"}
    content |= {name: value for name, value in kept.items() if name not in content}
    _write(file, content)
    return content


def mark(file: Path, story: Story) -> None:
    """Write down what became of the story."""
    kept = _read(file)
    if kept is not None:
        _write(file, kept | {"story": story})


async def _works(database: Database, kept: Mapping[str, Any]) -> bool:
    digests = {one["client_id"]: secret_digest(one["client_secret"]) for one in kept["clients"].values()}
    async with database.read() as unit:
        return await sandbox.has_secrets(unit.session, digests)


async def _clients(database: Database, *, story: bool) -> tuple[dict[str, SampleClient], bool]:
    """The sample clients with new secrets, and whether they were entered just now."""
    async with database.write() as unit:
        session, moment = unit.session, unit.moment
        if not await sandbox.is_empty(session):
            renewed = await sandbox.renew_secrets(session, new_secret=new_secret, digest=secret_digest)
            return renewed, False
        since = FIRST_DAY if story else sandbox.POOL_SINCE
        if story:
            await clock.begin(session, FIRST_DAY)
            moment = replace(moment, today=FIRST_DAY)
        clients = await sandbox.add_organisations(
            session, moment=moment, new_secret=new_secret, digest=secret_digest
        )
        if not story:
            await sandbox.add_rights(session, moment=moment, clients=clients)
        await sandbox.add_pool(session, moment=moment, manager=clients["pool_manager"], since=since)
        await sandbox.add_plans(session, moment=moment, clients=clients)
        return clients, True


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
