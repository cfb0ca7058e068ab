"""Roots: signed once a day over the heads of all chains, and held against the chains ever after (POL-10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.domain import root as rules
from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.root import GENESIS, Heads, Kept, Signer
from app.domain.seal import Breach, Reason
from app.models.root import Root
from app.queries import roots as queries
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.roots import Standing

JOB = "sign_root"
Verified = Callable[[bytes, bytes, bytes], bool]
"""Checks key, text and signature."""


async def sign(session: AsyncSession, *, actor: Actor, moment: Moment, signer: Signer) -> Root | None:
    """Sign the heads of all chains as they stand when the day before `moment.today` is over.

    What was written on that day and is not sealed yet comes under the next root. None, when nothing was
    sealed since the root before but its own event: that root still says all there is.
    """
    before = await queries.last(session)
    position, heads = await queries.heads(session)
    grown = position > 0 if before is None else await queries.has_grown(session, before)
    if not grown:
        return None
    previous = GENESIS if before is None else before.root
    root_on = moment.today - timedelta(days=1)
    text = rules.body(root_on, position, heads, previous)
    root = Root(
        id=new_id(),
        root_on=root_on,
        position=position,
        heads=dict(heads),
        previous=previous,
        root=rules.digest(text),
        key_id=signer.key_id,
        public_key=signer.public_key,
        signature=signer.sign(text.encode()),
        event_id=new_id(),
        recorded_at=moment.now,
    )
    event = events.NewEvent(
        id=root.event_id,
        type="root.signed",
        noun="root",
        subject_id=root.id,
        stream=NATIONAL,
        public=True,
        payload={
            "root_on": root_on.isoformat(),
            "position": position,
            "root": root.root.hex(),
            "key_id": root.key_id,
            "signature": root.signature.hex(),
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(root)
    await session.flush()
    return root


def job(signer: Signer) -> Callable[[AsyncSession, Actor, Moment], Any]:
    """The daily job `sign_root` with that key."""

    async def sign_root(session: AsyncSession, actor: Actor, moment: Moment) -> Mapping[str, Any]:
        root = await sign(session, actor=actor, moment=moment, signer=signer)
        return {} if root is None else {"root_on": root.root_on.isoformat(), "position": root.position}

    return sign_root


def kept(root: Root) -> Kept:
    """A root as it is handed out."""
    text = rules.body(root.root_on, root.position, root.heads, root.previous)
    return Kept(text, root.root, root.key_id, root.public_key, root.signature)


async def files(session: AsyncSession) -> list[tuple[str, str]]:
    """The file of every root: its name and content."""
    return [(one.name, one.file()) for one in map(kept, await queries.in_order(session))]


async def verify(
    session: AsyncSession, *, verified: Verified, kept_outside: Sequence[Kept] = ()
) -> list[Breach]:
    """Hold every root against the chains: first the ones kept outside, then the stored ones.

    A chain written anew from some seal on agrees with itself, but not with a root of before. Whoever wrote it
    may have signed new roots too, so only a root, or a key, kept elsewhere is proof.
    """
    firsts = await queries.firsts(session)
    stored = await queries.in_order(session)
    by_day = {root.root_on: root for root in stored}
    breaches = []
    for one in kept_outside:
        named = f"the root of {one.root_on} kept outside"
        same = by_day.get(one.root_on)
        breach = await _held(session, one, named, firsts, verified)
        if breach is None and (same is None or same.root != one.root):
            lost = "there is none of that day" if same is None else "that of the day is another"
            breach = Breach("root", None, None, Reason.wrong_root, f"{named} is not among the roots: {lost}")
        if breach is not None:
            breaches.append(breach)
    previous = GENESIS
    for root in stored:
        one = kept(root)
        named = f"the root of {root.root_on}"
        breach = None
        if rules.digest(one.text) != root.root or root.previous != previous:
            fault = f"{named} is not the hash of what it says, or not chained to the one before"
            breach = Breach("root", None, root.event_id, Reason.wrong_root, fault)
        breach = breach or await _held(session, one, named, firsts, verified)
        if breach is not None:
            breaches.append(breach)
            break
        previous = root.root
    return breaches


async def _held(
    session: AsyncSession, kept: Kept, named: str, firsts: Mapping[str, int], verified: Verified
) -> Breach | None:
    """The first thing that speaks against a root: its signature, or a chain that is not as it says."""
    if not verified(kept.public_key, kept.text.encode(), kept.signature):
        return Breach("root", None, None, Reason.wrong_root, f"{named}: its signature does not hold")
    heads: Heads = kept.told["heads"]
    position = int(kept.told["position"])
    found = await queries.standing(session, heads)
    for stream, head in sorted(heads.items()):
        fault = _displaced(head, found[stream], position)
        if fault is not None:
            return Breach(stream, head["seq"], found[stream].event_id, Reason.rewritten, f"{named}: {fault}")
    late = sorted(name for name, first in firsts.items() if name not in heads and first <= position)
    if late:
        return Breach(late[0], 1, None, Reason.rewritten, f"{named}: a stream it does not know")
    if position != max((now.position or 0 for now in found.values()), default=0):
        return Breach("root", None, None, Reason.rewritten, f"{named} is of another position")
    return None


def _displaced(head: Mapping[str, Any], now: Standing, position: int) -> str | None:
    """Why the seal that stands where a root names a head is not that head."""
    if now.hash is None or now.position is None:
        return "the seal it names is gone"
    if now.hash.hex() != head["hash"]:
        return "not the seal it names: the chain was written anew at or before it"
    if now.position > position or (now.next is not None and now.next <= position):
        return f"not the last seal of its stream at position {position}"
    return None
