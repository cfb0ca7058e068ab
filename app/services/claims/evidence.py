"""The evidence of a claim: assembled from the record at one cut, and its hash (UNI-10)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.domain.seal import canonical
from app.models.claim import Claim
from app.models.pledge import Pledge
from app.models.pool import Commitment, Scheme
from app.queries import claim_evidence as queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.queries.claim_evidence import Cut


async def gather(
    session: AsyncSession, *, pledge: Pledge, commitment: Commitment, scheme: Scheme, cut: Cut
) -> dict[str, Any]:
    """What the record holds of a pledge and its cover at a cut."""
    return {
        **await queries.of_pledge(session, pledge, cut),
        **queries.of_cover(commitment, scheme),
        "as_of": {"default_on": str(cut.on), "known_at": cut.known_at.isoformat()},
    }


async def assemble(session: AsyncSession, claim: Claim) -> dict[str, Any]:
    """The evidence of a claim gathered anew, at the cut it was made at; the claim's own figures are kept."""
    known_at = datetime.fromisoformat(claim.evidence["as_of"]["known_at"])
    pledge = await session.get_one(Pledge, claim.pledge_id)
    commitment = await session.get_one(Commitment, claim.commitment_id)
    scheme = await session.get_one(Scheme, commitment.scheme_id)
    found = await gather(
        session,
        pledge=pledge,
        commitment=commitment,
        scheme=scheme,
        cut=queries.Cut(claim.default_on, known_at),
    )
    return {**found, "claim": claim.evidence["claim"]}


def digest(evidence: dict[str, Any]) -> str:
    """SHA-256 of the evidence as canonical JSON: keys sorted, no blanks."""
    return hashlib.sha256(canonical(evidence).encode()).hexdigest()
