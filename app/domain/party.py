"""Parties: organisations (and, minimally, persons) that own, licence, lend or administer."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class PartyKind(StrEnum):
    """What sort of party a register row names."""

    organisation = "organisation"
    person = "person"


class IdentifierScheme(StrEnum):
    """Numbering scheme of a party identifier; `uscc` is 统一社会信用代码 (GB 32100-2015)."""

    uscc = "uscc"
    lei = "lei"
    other = "other"


class SuccessionKind(StrEnum):
    """How one party follows another; `duplicate`: two rows of the register were one party all along."""

    rename = "rename"
    merger = "merger"
    split_ = "split"
    duplicate = "duplicate"


class PartyRole(StrEnum):
    """What a party is in the system's field, whether or not it uses the system."""

    enterprise = "enterprise"
    agency = "agency"
    bank = "bank"
    guarantor = "guarantor"
    insurer = "insurer"
    appraiser = "appraiser"
    department = "department"
    university = "university"


NOT_FOUND = define("party.not_found", ErrorKind.not_found, "未找到该主体", "No such party.")
DUPLICATE = define(
    "party.identifier_taken",
    ErrorKind.conflict,
    "标识号 {value} 已登记在另一主体名下",
    "Identifier {value} already belongs to another party.",
)
NAME_MISSING = define("party.name_missing", ErrorKind.invalid, "缺少主体名称", "The party has no name.")
