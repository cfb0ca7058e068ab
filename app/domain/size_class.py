"""Size of an enterprise by industry, staff, revenue and assets (工信部联企业〔2011〕300号, TG-08)."""

from enum import StrEnum


class SizeClass(StrEnum):
    """大型, 中型, 小型, 微型, and what the table does not cover."""

    large = "large"
    medium = "medium"
    small = "small"
    micro = "micro"
    unknown = "unknown"


class Industry(StrEnum):
    """The sixteen rows of the table, and what it leaves out (finance, education, health, government)."""

    agriculture = "agriculture"
    industry = "industry"
    construction = "construction"
    wholesale = "wholesale"
    retail = "retail"
    transport = "transport"
    warehousing = "warehousing"
    post = "post"
    lodging = "lodging"
    catering = "catering"
    information_transmission = "information_transmission"
    software = "software"
    real_estate = "real_estate"
    property_management = "property_management"
    leasing_business = "leasing_business"
    other = "other"
    excluded = "excluded"
