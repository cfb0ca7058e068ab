"""Telling the story to a service that has just started, from inside it: a first start's sample data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from app.cli.demo.caller import Caller
from app.cli.demo.story import tell

TIMEOUT_SECONDS = 60
READY = "ipops 已就绪"
"""How the line begins in which a service says that it is ready."""
SAMPLE_DATA = "  示例数据 sample data  "
"""How the lines begin that tell of the story's progress."""


async def tell_to(sample: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Tell the story over HTTP to the service that `sandbox.json` describes. Raises: `Refused`."""

    def telling() -> None:
        with httpx.Client(base_url=sample["base_url"], timeout=TIMEOUT_SECONDS) as http:
            caller = Caller(http, sample["clients"])
            tell(caller, plans=dict(sample["plan"]), pool=sample["pool"], say=say)

    await asyncio.to_thread(telling)
