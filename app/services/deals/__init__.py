"""Deals: licences and transfers from draft to their end (DEA-01 to DEA-03, TR-01 to TR-20).

Rights are locked first, then listings, then the deal, then consents; what is decided about rights is
decided under their locks.
"""

from app.services.deals.agreeing import agree, release_due
from app.services.deals.drafting import NewDeal, NewLicence, NewTransfer, draft
from app.services.deals.ending import close, settle, terminate
from app.services.deals.filing import correct, file, refile, refuse
from app.services.deals.recording import record
from app.services.deals.signing import sign
from app.services.deals.transferring import register

__all__ = [
    "NewDeal",
    "NewLicence",
    "NewTransfer",
    "agree",
    "close",
    "correct",
    "draft",
    "file",
    "record",
    "refile",
    "refuse",
    "register",
    "release_due",
    "settle",
    "sign",
    "terminate",
]
