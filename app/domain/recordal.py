"""Recordals: the kinds of entries offices write into their registers."""

from enum import StrEnum


class RecordalKind(StrEnum):
    """What a recorded document does to the rights it names."""

    transfer = "transfer"
    licence = "licence"
    pledge = "pledge"
    pledge_release = "pledge_release"
    pledge_assignment = "pledge_assignment"
    rename = "rename"
    merger = "merger"
    inheritance = "inheritance"
    court_ruling = "court_ruling"
    auction = "auction"
    agreement_on_shares = "agreement_on_shares"
    correction = "correction"
    other = "other"


class RecordalRole(StrEnum):
    """The giving and the receiving side."""

    assignor = "assignor"
    assignee = "assignee"
