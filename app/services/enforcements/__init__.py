"""Enforcements: a pledged right is sold for its debt, and its lien goes with the title (PL-23 to PL-25).

Opened by the bank on default or on a court's ruling; the rights are sold on the market by a disposal
listing, or elsewhere by an auction or a court; the proceeds are shared in the legal order. The id of an
enforcement is the trace id of all that comes of it. Locks: rights, listings, deal, pledges, enforcement,
pool.
"""

from app.services.enforcements.disposing import NewDisposal, offer
from app.services.enforcements.distributing import NewDistribution, distribute
from app.services.enforcements.opening import NewEnforcement, abandon, open_
from app.services.enforcements.ruling import NewSale, SoldRight, sell
from app.services.enforcements.selling import Sale, Sold, conclude, pledge_faults, sale_faults, take_sale

__all__ = [
    "NewDisposal",
    "NewDistribution",
    "NewEnforcement",
    "NewSale",
    "Sale",
    "Sold",
    "SoldRight",
    "abandon",
    "conclude",
    "distribute",
    "offer",
    "open_",
    "pledge_faults",
    "sale_faults",
    "sell",
    "take_sale",
]
