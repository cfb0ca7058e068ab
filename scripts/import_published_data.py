"""Imports a folder of published data into the instance that the settings name, file after file in order.

    python -m scripts.import_published_data FOLDER [--errors FOLDER]

The files of organisations say by a column of 0 and 1 for each of two districts where an organisation is
registered; an import takes a `district_code` instead.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.domain.imports import ImportKind

FILES: Mapping[str, ImportKind] = {
    "organisations": ImportKind.parties,
    "banks": ImportKind.parties,
    "patents": ImportKind.patents,
    "trademarks": ImportKind.trademarks,
    "transfers": ImportKind.recordals,
    "security_interests": ImportKind.recordals,
}
"""What is imported from `<name>_real.csv`, in this order: later files find what earlier ones entered."""

DISTRICTS: Mapping[str, str] = {"is_dongli": "120110", "is_binhai": "120116"}
"""Columns of 0 and 1 and the district each stands for; the first that says 1 counts."""

SOME_REFUSED = 2


def with_district_codes(file: Path, folder: Path) -> Path:
    """The file with a column `district_code`, made in `folder`; the file itself where it says no district."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.DictReader(source)
        columns = reader.fieldnames or []
        if not DISTRICTS.keys() & set(columns):
            return file
        made = folder / file.name
        with made.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, [*columns, "district_code"])
            writer.writeheader()
            for row in reader:
                codes = (code for column, code in DISTRICTS.items() if row.get(column) == "1")
                writer.writerow(row | {"district_code": next(codes, "")})
    return made


def main() -> int:
    """Import what the folder has; 2 when rows were refused, 1 when a file was not taken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the CSV files are")
    parser.add_argument("--errors", type=Path, default=Path("var/import"), help="where refused rows go")
    asked = parser.parse_args()
    lacking = [file for name in FILES if not (file := asked.folder / f"{name}_real.csv").is_file()]
    if lacking:
        parser.error(f"there is no {', '.join(map(str, lacking))}")
    asked.errors.mkdir(parents=True, exist_ok=True)
    refused = False
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in FILES.items():
            file = with_district_codes(asked.folder / f"{name}_real.csv", Path(folder))
            errors = str(asked.errors / f"{name}.errors.csv")
            command = (sys.executable, "-m", "app.cli", "import", kind.value, str(file), "--errors", errors)
            code = subprocess.run(command, check=False).returncode  # noqa: S603 - this very program
            if code not in {0, SOME_REFUSED}:
                return code
            refused |= code == SOME_REFUSED
    return SOME_REFUSED if refused else 0


if __name__ == "__main__":
    sys.exit(main())
