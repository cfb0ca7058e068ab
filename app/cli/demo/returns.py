"""The story's returns: what departments report for the plans each year, with evidence, and who checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.cli.demo.world import BINHAI, DONGLI, District, World

Series = Mapping[int, str]
DL_YEARS = (2018, 2019, 2020, 2021, 2022)
BH_YEARS = (2019, 2020, 2021, 2022)


def over(years: Sequence[int], *values: str) -> Series:
    """Values of these years in their order."""
    return dict(zip(years, values, strict=True))


INSTITUTIONS = {
    "示例运营机构一": over(DL_YEARS[1:], "820", "1050", "1180", "1320"),
    "示例运营机构二": over(DL_YEARS[1:], "640", "900", "1010", "1100"),
    "示例运营机构三": over(DL_YEARS[1:], "700", "960", "1080", "1250"),
    "示例运营机构四": over(DL_YEARS[1:], "510", "780", "1000", "1040"),
    "示例运营机构五": over(DL_YEARS[1:], "480", "690", "930", "1000"),
    "示例运营机构六": over(DL_YEARS[1:], "320", "410", "560", "720"),
}
INDUSTRIES = {
    name: (over(BH_YEARS, *applications), over(BH_YEARS, *grants))
    for name, applications, grants in (
        ("智能制造", ("2100", "2300", "2500", "2700"), ("1900", "2050", "2200", "2350")),
        ("新一代信息技术", ("2600", "2900", "3200", "3500"), ("2000", "2250", "2500", "2800")),
        ("生命健康", ("1900", "2050", "2200", "2350"), ("1500", "1750", "2000", "2150")),
        ("新能源汽车", ("1700", "1950", "2150", "2400"), ("1300", "1600", "1900", "2050")),
        ("节能环保", ("1500", "1700", "1900", "2100"), ("1100", "1350", "1650", "1980")),
    )
}
REPORTED: dict[str, dict[tuple[str, str], Series]] = {
    "DL": {
        ("DL-02", "value"): over(DL_YEARS[1:], "4", "8", "12", "16"),
        ("DL-03", "value"): over(DL_YEARS[1:], "10", "22", "36", "47"),
        ("DL-05", "value"): over(DL_YEARS[1:], "1", "3", "5", "7"),
        ("DL-06", "value"): over(DL_YEARS[1:], "90", "170", "240", "291"),
        ("DL-08", "value"): over(DL_YEARS, "1600", "1840", "2116", "2434", "2799"),
        ("DL-14", "value"): over(DL_YEARS, "50", "61", "73", "88", "104"),
        ("DL-15", "value"): over(DL_YEARS[1:], "108", "115", "131", "126"),
        ("DL-16", "value"): over(DL_YEARS[1:], "78.4", "79.9", "81.2", "82.65"),
        ("DL-17", "value"): over(DL_YEARS[1:], "1", "3", "4", "5"),
        ("DL-18", "value"): over(DL_YEARS[1:], "1", "2", "3", "4"),
        ("DL-M1", "value"): over(DL_YEARS[-1:], "1"),
        ("DL-M6", "value"): over(DL_YEARS[1:], "1", "1", "1", "1"),
    },
    "BH": {
        ("BH-01", "value"): over(BH_YEARS, "52300", "61800", "74100", "86210"),
        ("BH-02", "valid_inventions"): over(BH_YEARS, "8200", "9700", "11400", "12960"),
        ("BH-02", "resident_population_wan"): over(BH_YEARS, "205.3", "206.73", "206.89", "206.74"),
        ("BH-03", "invention_applications"): over(BH_YEARS, "6100", "6800", "7300", "8210"),
        ("BH-03", "patent_applications"): over(BH_YEARS, "27800", "29100", "30400", "31700"),
        ("BH-04", "value"): over(BH_YEARS, "48200", "55900", "63400", "70000"),
        ("BH-05", "value"): over(BH_YEARS, "900", "1300", "1700", "2040"),
        ("BH-07", "value"): over(BH_YEARS, "6", "14", "22", "31"),
        ("BH-08", "value"): over(BH_YEARS, "18", "45", "74", "101"),
        ("BH-09", "value"): over(BH_YEARS, "2", "5", "8", "10"),
        ("BH-10", "value"): over(BH_YEARS, "160", "280", "400", "512"),
        ("BH-11", "value"): over(BH_YEARS, "1", "2", "4", "5"),
        ("BH-12", "value"): over(BH_YEARS, "110", "140", "175", "203"),
        ("BH-15", "value"): over(BH_YEARS, "90", "210", "350", "505"),
        ("BH-16", "value"): over(BH_YEARS, "600", "1350", "2150", "2870"),
        ("BH-17", "value"): over(BH_YEARS, "1", "2", "3", "4"),
        ("BH-18", "value"): over(BH_YEARS, "12", "26", "39", "52"),
        ("BH-19", "domestic_marks_added"): over(BH_YEARS, "7400", "7700", "7500", "6600"),
        ("BH-19", "new_firms"): over(BH_YEARS, "18900", "17200", "18100", "17600"),
        ("BH-20", "value"): over(BH_YEARS, "40", "48", "58", "70"),
        ("BH-23", "value"): over(BH_YEARS, "2", "4", "6", "7"),
        ("BH-24", "value"): over(BH_YEARS, "1", "3", "4", "5"),
        ("BH-25", "value"): over(BH_YEARS, "14", "27", "39", "50"),
        ("BH-26", "value"): over(BH_YEARS, "12", "10", "13", "15"),
        ("BH-27", "copyright_growth"): over(BH_YEARS, "106.8", "104.1", "108.3", "104.6"),
        ("BH-27", "gdp_growth"): over(BH_YEARS, "104.8", "102.0", "108.0", "102.6"),
        ("BH-T1", "value"): over(BH_YEARS, "310", "352", "401", "433"),
        ("BH-T2", "value"): over(BH_YEARS, "41", "43", "46", "47"),
        ("BH-T3", "value"): over(BH_YEARS, "5200", "6100", "7400", "7200"),
        ("BH-T4", "value"): over(BH_YEARS, "98.1", "98.4", "98.9", "99.0"),
    },
}
"""By plan, what is reported for an indicator's component, by year."""


class Returns:
    """Reports a year's values with evidence and has them checked by another client."""

    def __init__(self, world: World, plans: Mapping[str, str]) -> None:
        self._world = world
        self._caller = world.caller
        self._plans = plans

    def report(self, year: int) -> None:
        """Both districts' returns for a year."""
        for district in (DONGLI, BINHAI):
            rows = self._rows(district, year)
            if rows:
                self._return(district, rows)

    def _return(self, district: District, rows: list[dict[str, object]]) -> None:
        caller = self._caller
        clerk = f"{district.ip_office}_clerk"
        evidence = self._world.paper(clerk, f"示例{district.name}统计报表")
        body = {"rows": [{**row, "document_id": evidence} for row in rows]}
        made = caller.post(clerk, "/v1/observations/batch", body)
        ids = [one["id"] for one in made["items"]]
        caller.post(
            district.ip_office, "/v1/observations/decisions", {"observation_ids": ids, "decision": "approved"}
        )

    @staticmethod
    def _rows(district: District, year: int) -> list[dict[str, object]]:
        plan = district.plan

        def row(indicator: str, component: str, value: str, subject: str = "") -> dict[str, object]:
            place = {"indicator": indicator, "component": component, "subject": subject}
            return {"plan": plan, **place, "year": year, "value": value}

        rows = [
            row(indicator, component, series[year])
            for (indicator, component), series in REPORTED[plan].items()
            if year in series
        ]
        if plan == "DL":
            rows += [
                row("DL-01", "revenue_wan", series[year], name)
                for name, series in INSTITUTIONS.items()
                if year in series
            ]
        else:
            for name, (applications, grants) in INDUSTRIES.items():
                if year in applications:
                    rows.append(row("BH-14", "applications", applications[year], name))
                    rows.append(row("BH-14", "grants", grants[year], name))
        return rows

    def report_tasks(self, progress: Mapping[str, tuple[str, int]]) -> None:
        """Every task's departments say where it stands; `progress` by plan: a word and a percentage."""
        for district in (DONGLI, BINHAI):
            word, percent = progress[district.plan]
            tasks = self._caller.get(district.ip_office, f"/v1/plans/{self._plans[district.plan]}/tasks")
            for task in tasks["items"]:
                reporter = self._reporter(district, [*task["lead"], *task["supporting"]])
                if reporter is not None:
                    body = {
                        "progress": word,
                        "percent": percent,
                        "note": "示例进展",
                        "occurred_on": self._caller.today.isoformat(),
                    }
                    self._caller.post(reporter, f"/v1/tasks/{task['id']}/reports", body)

    @staticmethod
    def _reporter(district: District, departments: Sequence[str]) -> str | None:
        """The sample organisation that answers for one of the departments."""
        if any(name.endswith("知识产权局") for name in departments):
            return district.ip_office
        return district.department if departments else None
