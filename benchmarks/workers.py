"""Calls of services over as many connections as the reference has, in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from benchmarks.runner import CONNECTIONS, Pass, Sample, measure

T = TypeVar("T")


async def drive(
    work: Callable[[T], Awaitable[None]], items: Iterable[T], *, connections: int = CONNECTIONS
) -> Pass:
    """Do the work for every item, `connections` of them at a time."""
    waiting = iter(items)
    samples: list[Sample] = []

    async def one(number: int) -> None:
        for item in waiting:
            begun = time.time()
            await work(item)
            now = time.time()
            samples.append(Sample(number, now, now - begun))

    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            group.create_task(one(number))
    return measure(samples)
