"""`/v1/roots`: the signed roots of all chains, for anybody who keeps one to check the chains by later."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.infra.certificates import jwk
from app.infra.db import Database
from app.models.root import Root
from app.queries import roots as queries
from app.queries.paging import page
from app.routers.paging import PublicPageDep
from app.schemas.certificate import KeyOut
from app.schemas.common import Page
from app.schemas.root import HeadOut, RootKeysOut, RootOut
from app.services import roots

public_router = APIRouter(prefix="/v1/roots", tags=["roots"])


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _out(root: Root) -> RootOut:
    kept = roots.kept(root)
    return RootOut(
        id=root.id,
        root_on=root.root_on,
        position=root.position,
        heads=[
            HeadOut(stream=stream, seq=head["seq"], hash=head["hash"])
            for stream, head in sorted(root.heads.items())
        ],
        previous=root.previous.hex(),
        root=root.root.hex(),
        body=kept.text,
        key_id=root.key_id,
        public_key=root.public_key.hex(),
        signature=root.signature.hex(),
        recorded_at=root.recorded_at,
    )


@public_router.get("")
async def search(
    request: Request,
    paging: PublicPageDep,
    since: Annotated[date | None, Query(description="First day wanted.")] = None,
) -> Page[RootOut]:
    """List the roots, one for each day on which anything was sealed, the oldest first."""
    async with _database(request).read() as unit:
        found = await page(unit.session, queries.all_roots(since=since), Root.id, paging.wanted)
        return paging.answer(found, [_out(root) for root in found.rows])


@public_router.get("/keys")
async def keys(request: Request) -> RootKeysOut:
    """The public keys that have signed roots, as far as the database says: keep the one you trust."""
    async with _database(request).read() as unit:
        known = await queries.keys(unit.session)
    return RootKeysOut(keys=[KeyOut.model_validate(jwk(*key)) for key in known])


@public_router.get("/{day}")
async def get(day: date, request: Request, response: Response) -> RootOut:
    """The root of a day; it never changes."""
    async with _database(request).read() as unit:
        root = await queries.get(unit.session, day)
    response.headers["ETag"] = f'"{root.root.hex()}"'
    return _out(root)
