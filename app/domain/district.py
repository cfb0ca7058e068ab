"""Districts: where an operation is administered (GB/T 2260 codes; parks and streets below them)."""

from app.domain.errors import ErrorKind, define

OUTSIDE_EVERY_PLAN = "000000"
"""District of foreign rights and of rows that no plan counts."""

NATIONAL = "national"
"""Stream of register events; every other stream is a district code."""

UNKNOWN = define(
    "district.unknown",
    ErrorKind.invalid,
    "行政区划代码 {district_code} 不存在",
    "District code {district_code} does not exist.",
    basis="GB/T 2260",
)
