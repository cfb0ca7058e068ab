"""Tags: what a right is classed as, under which scheme, from when until when (AST-11)."""

from enum import StrEnum


class TagScheme(StrEnum):
    """IPC, CPC, Locarno, GB/T 4754 industry, or a key industry (重点产业) of a district's plan."""

    ipc = "ipc"
    cpc = "cpc"
    locarno = "locarno"
    gbt4754 = "gbt4754"
    key_industry = "key_industry"
