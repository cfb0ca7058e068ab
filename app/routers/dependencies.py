"""What a route asks for: a unit of work with a principal who holds the route's permission.

Deny by default: `writes(permission)` and `reads(permission)` are the only ways to a session, and a
test fails on any route under `/v1` that uses neither and is not in the short public list.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from app.domain.delegation import UNKNOWN
from app.domain.errors import DomainError, Reason
from app.domain.permission import CLIENT_REVOKED, DENIED, UNAUTHENTICATED, Actor, Permission
from app.domain.request import (
    KEY_INVALID,
    KEY_MISSING,
    MALFORMED,
    UNSUPPORTED_MEDIA_TYPE,
    VERSION_MISMATCH,
    VERSION_REQUIRED,
)
from app.middleware import printable
from app.services import delegations, idempotency

if TYPE_CHECKING:
    from pydantic import BaseModel
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.infra.db import Database, Unit

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
JSON_LINES = re.compile(r"application/(x-ndjson|jsonl)\s*(;.*)?", re.IGNORECASE)
"""A value on each line; each is held to `strict` where it is read."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
PUBLIC_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/oauth/token",
        "/v1/public/listings",
        "/v1/certificates/keys",
        "/v1/certificates/verification/{code}",
        "/v1/roots",
        "/v1/roots/keys",
        "/v1/roots/{day}",
        "/verify/{code}",
        "/v1/problems",
        "/v1/problems/{code}",
    }
)
"""Routes that need no token; each shows only what anybody may see."""


class Finished(Exception):  # noqa: N818 - not an error: it carries an answer past the work
    """Ends a unit of work with a ready answer and without a commit (a replay or a dry run)."""

    def __init__(self, response: Response) -> None:
        super().__init__("finished")
        self.response = response


@dataclass(slots=True)
class ReadUnit:
    """A read-only snapshot and who is looking."""

    session: AsyncSession
    actor: Actor
    moment: Moment


@dataclass(slots=True)
class WriteUnit:
    """An open transaction, who is acting, and the way to answer so that a retry gets the same answer."""

    session: AsyncSession
    actor: Actor
    moment: Moment
    request: Request
    database: Database
    key: str | None
    dry_run: bool
    replied: bool = False

    async def reply(
        self, status_code: int, model: BaseModel, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Render the answer once, keep it under the idempotency key, and return it.

        In a dry run every deferred constraint is checked, then nothing is kept.
        """
        return await self.reply_bytes(status_code, model.model_dump_json().encode(), headers=headers)

    async def reply_bytes(
        self, status_code: int, body: bytes, *, headers: Mapping[str, str] | None = None, stored: bool = False
    ) -> Response:
        """Like `reply` for a body already rendered; `stored` when the work's own statement kept it."""
        self.replied = True
        answer = idempotency.Answer(status_code, dict(headers or {}), body)
        if self.dry_run:
            await self.database.check_constraints(self.session)
            response = _response(answer, {"Dry-Run": "true"})
            response.status_code = 200
            raise Finished(response)
        if self.key is not None and not stored:
            await idempotency.store(self.session, client_id=self.actor.client_id, key=self.key, answer=answer)
        return _response(answer, {})

    def require_version(self, current: int) -> None:
        """Hold the caller to the version it saw. Raises: `request.version_required`, `…_mismatch`."""
        match = self.request.headers.get("if-match")
        if match is None:
            raise VERSION_REQUIRED.error(current=current)
        if match.strip() != etag(current):
            raise VERSION_MISMATCH.error(current=current)


def _response(answer: idempotency.Answer, extra: Mapping[str, str]) -> Response:
    return Response(
        answer.body, answer.status_code, {**answer.headers, **extra}, media_type="application/json"
    )


def etag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"{version}"'


def authenticate(request: Request) -> Actor:
    """The caller a bearer token names. Raises: `auth.unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UNAUTHENTICATED.error()
    actor: Actor = request.app.state.tokens.verify(token.strip(), request_id=request.state.request_id)
    request.state.actor = actor
    return actor


def _authorise(request: Request, permission: Permission) -> Actor:
    actor = authenticate(request)
    if not actor.may(permission):
        raise DENIED.error(permission=permission.value)
    return actor


def _require_live(unit: Unit) -> None:
    if not unit.client_live:
        raise CLIENT_REVOKED.error()


OnBehalfOf = Annotated[
    str | None, Header(description="The delegation by which the caller acts for another organisation.")
]


async def _delegated(
    request: Request, unit: Unit, agent: Actor, delegation_id: str, permission: Permission, *, writing: bool
) -> Actor:
    """The principal that the caller acts as. Its refusals are audited as well as what it does.

    Raises: `delegation.…` (`services.delegations.act`).
    """
    try:
        named = uuid.UUID(delegation_id)
    except ValueError as error:
        raise UNKNOWN.error("header:On-Behalf-Of") from error
    acting = await delegations.act(
        unit.session,
        actor=agent,
        moment=unit.moment,
        delegation_id=named,
        permission=permission,
        writing=writing,
    )
    request.state.actor = acting
    return acting


async def _note_use(
    request: Request, unit: Unit, agent: Actor, acting: Actor, permission: Permission
) -> None:
    await delegations.note_use(
        unit.session,
        agent=agent,
        acting=acting,
        moment=unit.moment,
        permission=permission,
        request=f"{request.method} {printable(request.scope['path'])}"[:500],
    )


def reads(permission: Permission) -> Any:
    """Dependency of a reading route: one read-only snapshot for a caller who holds `permission`."""

    async def open_read(request: Request, *, on_behalf_of: OnBehalfOf = None) -> AsyncIterator[ReadUnit]:
        agent = actor = authenticate(request) if on_behalf_of is not None else _authorise(request, permission)
        scope: AbstractAsyncContextManager[Unit] = request.app.state.database.read(actor.client_id)
        async with scope as unit:
            _require_live(unit)
            if on_behalf_of is not None:
                actor = await _delegated(request, unit, actor, on_behalf_of, permission, writing=False)
            yield ReadUnit(unit.session, actor, unit.moment)
        if actor is not agent:  # what was read for another is in the log before it is shown
            database: Database = request.app.state.database
            async with database.write(agent.client_id) as log:
                await _note_use(request, log, agent, actor, permission)

    return Depends(_marked(open_read, permission), scope="function")


def writes(permission: Permission, *, media_type: re.Pattern[str] | None = _JSON) -> Any:
    """Dependency of a writing route: one transaction, one idempotency key, one answer.

    The transaction commits after the handler and before the response is sent. A body must be of
    `media_type` (None: of any), and JSON must be unambiguous.
    """

    async def open_write(
        request: Request,
        *,
        idempotency_key: Annotated[
            str | None, Header(description="One key per intended effect; a retry sends the same key.")
        ] = None,
        dry_run: Annotated[
            bool, Query(description="Do everything but keep nothing; no key is needed.")
        ] = False,
        on_behalf_of: OnBehalfOf = None,
    ) -> AsyncIterator[WriteUnit]:
        actor = authenticate(request) if on_behalf_of is not None else _authorise(request, permission)
        key = _key(idempotency_key, dry_run=dry_run)
        body = await request.body()
        if body and media_type is not None:
            _require_json(request.headers.get("content-type", ""), body, media_type)
        fingerprint = _fingerprint(request, body)
        database: Database = request.app.state.database
        async with database.write(actor.client_id) as unit:
            _require_live(unit)
            agent = actor
            if on_behalf_of is not None:
                actor = await _delegated(request, unit, agent, on_behalf_of, permission, writing=True)
            if key is not None:
                answer = await idempotency.claim(
                    unit.session,
                    client_id=actor.client_id,
                    key=key,
                    fingerprint=fingerprint,
                    moment=unit.moment,
                )
                if answer is not None:
                    raise Finished(_response(answer, {"Idempotency-Replayed": "true"}))
            if actor is not agent:
                await _note_use(request, unit, agent, actor, permission)
            work = WriteUnit(unit.session, actor, unit.moment, request, database, key, dry_run)
            yield work
            if not work.replied:
                raise RuntimeError("a writing route must answer through its unit of work")

    return Depends(_marked(open_write, permission), scope="function")


def _marked(function: Callable[..., Any], permission: Permission) -> Callable[..., Any]:
    function.permission = permission  # type: ignore[attr-defined]
    return function


def _key(value: str | None, *, dry_run: bool) -> str | None:
    if dry_run:
        return None
    if value is None:
        raise KEY_MISSING.error("header:Idempotency-Key")
    if not _KEY.fullmatch(value):
        raise KEY_INVALID.error("header:Idempotency-Key")
    return value


def _fingerprint(request: Request, body: bytes) -> bytes:
    # Taken from the scope: `request.url` is put together from the Host header and fails on raw bytes.
    digest = hashlib.sha256()
    for part in (request.method, request.scope["path"], request.headers.get("if-match", "")):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(request.scope["query_string"] + b"\0")
    principal = request.headers.get("on-behalf-of")
    if principal is not None:
        digest.update(principal.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(body)
    return digest.digest()


def _require_json(content_type: str, body: bytes, media_type: re.Pattern[str]) -> None:
    """Refuse other media types, and JSON that two readers may read differently (RFC 7493).

    That is: not UTF-8, a name twice in one object, NaN and infinities, lone surrogates, NUL.
    Raises: `request.unsupported_media_type`, `request.malformed`.
    """
    if not media_type.fullmatch(content_type):
        raise UNSUPPORTED_MEDIA_TYPE.error("header:Content-Type")
    if media_type is _JSON:
        strict(body)


def strict(body: bytes) -> Any:
    """The value of JSON that every reader reads alike and every column can keep.

    Raises: `request.malformed`.
    """
    try:
        value = _DECODER.decode(body.decode())
        # Without a backslash there is no escape, and so neither a surrogate nor a NUL.
        text = _ENCODER.encode(value) if b"\\" in body else ""
        text.encode()
    except UnicodeError as error:
        raise _malformed("not UTF-8, or half of a surrogate pair", "不是 UTF-8，或含半个代理对") from error
    except (ValueError, RecursionError) as error:
        raise _malformed("not valid JSON", "不是有效的 JSON") from error
    if _NUL.search(text):
        raise _malformed("NUL characters are not allowed", "不允许 NUL 字符")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _malformed("a name stands twice in one object", "同一对象中有重复的名称")
    return made


def _constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not a JSON number", f"{name} 不是 JSON 数字")


def _float(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _constant(digits[:20])


def _malformed(en: str, zh: str) -> DomainError:
    return MALFORMED.error("", reason=Reason(en, zh))


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
_ENCODER = json.JSONEncoder(ensure_ascii=False)


__all__ = [
    "PUBLIC_PATHS",
    "DomainError",
    "Finished",
    "ReadUnit",
    "WriteUnit",
    "etag",
    "reads",
    "strict",
    "writes",
]
