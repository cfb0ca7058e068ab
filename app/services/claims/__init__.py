"""Claims by stage of life: assembled, reviewed by four hands, paid, written off, clawed back."""

from app.services.claims.clawback import NewClawback, claw_back, receive
from app.services.claims.evidence import assemble, digest
from app.services.claims.ground import NewClaim
from app.services.claims.notification import tell_claimable
from app.services.claims.payout import pay
from app.services.claims.review import approve, check, object_to, supplement
from app.services.claims.settlement import Preview, preview
from app.services.claims.submission import submit
from app.services.claims.writing_off import write_off

__all__ = [
    "NewClaim",
    "NewClawback",
    "Preview",
    "approve",
    "assemble",
    "check",
    "claw_back",
    "digest",
    "object_to",
    "pay",
    "preview",
    "receive",
    "submit",
    "supplement",
    "tell_claimable",
    "write_off",
]
