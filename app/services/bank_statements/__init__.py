"""Bank statements of a special account: taken in, matched with the ledger, decided on (POL-19)."""

from app.services.bank_statements.deciding import explain, match_by_hand, unmatch
from app.services.bank_statements.importing import NewStatement, take_in
from app.services.bank_statements.matching import match

__all__ = ["NewStatement", "explain", "match", "match_by_hand", "take_in", "unmatch"]
