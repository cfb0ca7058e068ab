"""Pages of a list: what a caller asks for, and how it is answered (body and `Link` header)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Depends, Query, Request
from starlette.responses import Response

from app.domain.request import CURSOR_INVALID
from app.queries.paging import PageRequest, Slice
from app.schemas.common import Page

T = TypeVar("T")
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Paging:
    """The page a caller wants, and its answer."""

    wanted: PageRequest
    request: Request
    response: Response

    def answer(self, found: Slice[Any], items: list[T]) -> Page[T]:
        """The page of `items`, made from the rows found; the next one is also linked (RFC 8288)."""
        if found.next_cursor is not None:
            self.response.headers["Link"] = f'<{self._target(found.next_cursor)}>; rel="next"'
        return Page(items=items, next_cursor=found.next_cursor, total=found.total)

    def _target(self, cursor: str) -> str:
        """This request with another cursor, relative to the host: the service may have several names."""
        scope = self.request.scope
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = [(name, value) for name, value in asked if name != "cursor"]
        return f"{quote(scope['path'])}?{urlencode([*query, ('cursor', cursor)])}"


async def paging(  # a coroutine, so that it needs no thread
    *,
    request: Request,
    response: Response,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    include_total: Annotated[bool, Query(description="Count all rows too; costs a scan.")] = False,
) -> Paging:
    """Read the paging parameters. Raises: `request.cursor_invalid`."""
    try:
        after = uuid.UUID(cursor) if cursor is not None else None
    except ValueError as error:
        raise CURSOR_INVALID.error("query:cursor") from error
    return Paging(PageRequest(after, limit, include_total), request, response)


PageDep = Annotated[Paging, Depends(paging)]


async def public_paging(
    *,
    request: Request,
    response: Response,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
) -> Paging:
    """Like `paging`, without counting: a scan is not for callers without an account."""
    return await paging(request=request, response=response, cursor=cursor, limit=limit, include_total=False)


PublicPageDep = Annotated[Paging, Depends(public_paging)]
