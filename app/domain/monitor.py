"""Monitors (余额监控): a threshold on an account's balance that tells when it is crossed (POL-22)."""

from enum import StrEnum


class MonitorField(StrEnum):
    """What is watched: the posted balance on the normal side, or what is available of it."""

    posted = "posted"
    available = "available"


class Crossing(StrEnum):
    """Which way across the threshold tells."""

    below = "below"
    above = "above"
