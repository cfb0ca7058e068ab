"""ipops: the transaction backend of a regional IP operations service system."""

__version__ = "0.1.0"
