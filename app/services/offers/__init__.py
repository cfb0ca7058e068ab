"""Offers: bidding on a listing, round after round, until a deal comes of it or not (LST-10).

Each side is the organisation that acts and, beside it, the party's own organisation. Whoever did not
make the last round may accept or counter it. The lister refuses at any time, the buyer refuses the
lister's round and withdraws at any time. An acceptance drafts the deal for the lister's organisation,
whichever side accepts. Who acts for another party needs a mandate with the power to negotiate, but not
to end the talks.
"""

from app.services.offers.answering import NewRound, accept, counter
from app.services.offers.ending import lapse_due, refuse, withdraw
from app.services.offers.making import NewOffer, make

__all__ = ["NewOffer", "NewRound", "accept", "counter", "lapse_due", "make", "refuse", "withdraw"]
