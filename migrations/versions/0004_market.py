"""Rules of the market: consents are used within their scope, titles respect liens."""

from __future__ import annotations

from migrations import rules

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEQUENCES = ("mandate_numbers", "offer_numbers", "consent_numbers", "portfolio_numbers")
APPEND_ONLY = ("offer_rounds", "consent_uses")
UPDATABLE = {
    "mandates": "",
    "offers": "",
    "consents": "",
    "portfolios": "",
    "portfolio_members": "left_on, left_event_id, left_at",
}
INSERTABLE = ("mandate_items", "consent_items")


def upgrade() -> None:
    """Create sequences and rules, and give the application's roles what they need."""
    rules.sequences(SEQUENCES)
    rules.append_only(APPEND_ONLY)
    rules.insertable(INSERTABLE)
    rules.updatable(UPDATABLE)


def downgrade() -> None:
    """Drop what `upgrade` created."""
    rules.drop(append_only=APPEND_ONLY, sequences=SEQUENCES)
