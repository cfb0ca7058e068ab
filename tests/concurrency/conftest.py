"""A committed instance with real connections, for tests in which requests truly run side by side."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.infra.security import TokenIssuer
from tests.support.instance import Instance, instance


@pytest.fixture
async def stage(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance of the test's own, on which a lock is waited for as long as it takes.

    So a busy machine makes no request fail; a deadlock still does, which PostgreSQL finds in a second.
    """
    async with instance(server_url, "stage", tokens, lock_timeout_ms=20_000) as made:
        yield made
