"""The outermost layers: request ids, access log, a last net for unexpected errors, and the body limit."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors, metrics
from app.domain.identifiers import new_id
from app.domain.request import TOO_LARGE

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CODE = re.compile(r"(/verify/|/v1/certificates/verification/).+", re.DOTALL)
"""Whoever knows a certificate's code may read it: the code is for its holder, not for the log."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
log = structlog.get_logger()


def printable(path: str) -> str:
    """A path as it may stand in a log line or a column: without NUL and lone surrogates."""
    return path.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class RequestContext:
    """Gives each request an id (the caller's own if it is a plain one), logs it, and catches defects."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:  # the last net: rendered and logged, never leaked
            if status:
                raise
            response = errors.respond(errors.from_unexpected(error), Request(scope))
            await response(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unrouted")
            # Callers may invent methods; a label must not grow with them.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.REQUESTS.labels(method, route, str(status)).inc()
            metrics.SECONDS.labels(method, route).observe(seconds)
            log.info(
                "request.done",
                method=scope["method"],
                path=_CODE.sub(r"\1***", printable(scope["path"])),
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


class BodyLimit:
    """Refuses a body over the limit as a problem, whether its length is declared or not."""

    def __init__(self, app: ASGIApp, limit: int, batch_limit: int | None = None) -> None:
        self.app = app
        self.limit = limit
        self.batch_limit = batch_limit if batch_limit is not None else limit

    def _limit(self, scope: Scope) -> int:
        """Routes that take thousands of rows at once, whose paths end in `:batch`, take longer bodies."""
        return self.batch_limit if scope["path"].endswith(":batch") else self.limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope)
        declared = Headers(scope=scope).get("content-length", "0")
        if not _LENGTH.fullmatch(declared) or int(declared) > limit:
            await self._refuse(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise TOO_LARGE.error(limit=limit)
            return message

        await self.app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = errors.respond(TOO_LARGE.error(limit=self._limit(scope)), Request(scope))
        await response(scope, receive, send)
