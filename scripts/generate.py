"""Write every generated document anew: `make docs`, or `python -m scripts.generate`."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts import map as house, nouns, permissions, problems, states
from scripts.text import ROOT, between

PLACES = {"README.md": ("map", house.render), "docs/security.md": ("permissions", permissions.render)}
"""Generated tables inside pages that are otherwise written by hand."""


def documents() -> dict[Path, str]:
    """What every document with generated text should say."""
    made = {
        ROOT / "docs" / "states.md": states.render(),
        ROOT / "docs" / "problems.md": problems.render(),
    }
    for name, (place, render) in PLACES.items():
        page = ROOT / name
        made[page] = between(page.read_text(encoding="utf-8"), place, render())
    return made | nouns.documents()


def main() -> None:
    """Write what differs, and say so."""
    for path, text in documents().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
