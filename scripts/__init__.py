"""Writes those parts of the documents that follow from the code: `python -m scripts.generate`."""
