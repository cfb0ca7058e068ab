"""What the documents say is what the code is: generated parts, words, settings, commands, links, the tour."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from app.cli import commands
from app.config import Settings
from app.services.jobs import JOBS
from scripts import generate, map as house
from scripts.text import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOUR = ROOT / "docs" / "tour.sh"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_generated_documents_are_those_the_code_generates_now() -> None:
    """`make docs` writes them anew."""
    behind = [
        str(path.relative_to(ROOT))
        for path, text in generate.documents().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert behind == []


def test_the_map_shows_every_module_of_every_layer_once() -> None:
    links = re.findall(r"\]\((app/[^)]+)\)", house.render())
    expected = [
        path.relative_to(ROOT).as_posix() for layer in house.LAYERS for _, path in house.modules(layer)
    ]
    assert sorted(links) == sorted(expected)


def test_every_noun_with_a_module_of_its_own_is_in_the_glossary() -> None:
    rows = [line.split("|") for line in read("docs/glossary.md").splitlines() if line.startswith("| ")]
    explained = {word for row in rows for word in re.findall(r"`(\w+)`", row[3])}
    present = {house.noun_of(stem) for layer in house.LAYERS for stem, _ in house.modules(layer)} - {None}
    assert present - explained == set()


def test_every_word_that_the_glossary_places_in_the_code_is_there() -> None:
    rows = [line.split("|") for line in read("docs/glossary.md").splitlines() if line.startswith("| ")]
    explained = {word for row in rows for word in re.findall(r"`(\w+)`", row[3])}
    stems = {stem for layer in house.LAYERS for stem, _ in house.modules(layer)}
    tables = re.findall(r'__tablename__ = "(\w+)"', "".join(map(Path.read_text, _models())))
    known = {house.singular(word) for word in (*stems, *tables)}
    assert explained - known == set()


def _models() -> list[Path]:
    return sorted((ROOT / "app" / "models").glob("*.py"))


def test_every_setting_is_documented_with_its_default() -> None:
    told = {
        name: default
        for line in read("docs/operations.md").splitlines()
        if line.startswith("| `IPOPS_")
        for names, defaults in [[cell.strip() for cell in line.split("|")[1:3]]]
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True)
    }
    expected = {
        f"`IPOPS_{name.upper()}`": "—" if field.default is None else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }
    assert told == expected


def test_every_command_is_documented() -> None:
    page = read("docs/operations.md")
    group = typer.main.get_command(commands)
    assert [name for name in group.commands if f"`python -m app.cli {name}" not in page] == []  # type: ignore[attr-defined]


def test_every_job_of_the_worker_is_documented() -> None:
    page = read("docs/operations.md")
    assert [job for job in JOBS if f"`{job}`" not in page] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_what_the_readme_quotes_of_the_tour_is_in_the_tour() -> None:
    quoted = re.findall(r"<!-- tour -->\n```bash\n(.*?)```", read("README.md"), re.DOTALL)
    assert quoted
    assert [piece for piece in quoted if piece not in TOUR.read_text(encoding="utf-8")] == []


def test_every_record_of_a_decision_is_listed_and_says_what_it_costs() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in sorted(folder.glob("0*.md")):
        assert f"({record.name})" in index
        headings = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], record.name
