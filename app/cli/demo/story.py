"""The story: 2018 to 2022 in two districts, told to a fresh sandbox over its own API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app.cli.demo.caller import Caller
from app.cli.demo.financing import Financing
from app.cli.demo.loss import Loss
from app.cli.demo.market import Market
from app.cli.demo.returns import Returns
from app.cli.demo.service import Services
from app.cli.demo.world import BINHAI, DONGLI, World

FIRST_DAY = date(2018, 1, 2)
"""Where a sandbox's test clock stands when the story begins."""
YEARS = range(2018, 2023)
DEFAULTED, RECOVERED = 2021, 2022
"""A covered loan of the year before defaults and is paid for; a year later part of it comes back."""
CONSENTED = 2021
ENDORSED = 2022
"""One policy of each district is raised or lowered after it started."""
PORTFOLIOS = {2021: DONGLI, 2022: BINHAI}


def tell(caller: Caller, *, plans: dict[str, str], pool: str, say: Callable[[str], None]) -> None:
    """Tell the whole story; `say` hears of every year. Raises: `Refused` where the service does otherwise."""
    caller.today = FIRST_DAY
    story = Story(World(caller), plans, pool)
    for year in YEARS:
        story.spring(year)
        story.autumn(year)
        say(f"{year}: {caller.calls} 次调用 calls")
    caller.move_to(date(2023, 1, 10))
    story.returns.report_tasks({"DL": ("done", 100), "BH": ("under_way", 90)})


class Story:
    """The years one after the other."""

    def __init__(self, world: World, plans: dict[str, str], pool: str) -> None:
        self._world, self._caller = world, world.caller
        self._market = Market(world)
        self._financing = Financing(world, pool)
        self._services = Services(world, plans)
        self.returns = Returns(world, plans)
        self._loss: Loss | None = None

    def spring(self, year: int) -> None:
        """Deals are made, loans taken, firms insured and enrolled; the offices register."""
        self._caller.move_to(date(year, 3, 5))
        if year == 2019:
            self._services.open_programmes()
        if year >= 2019:
            self._services.enrol(year)
        self._market.trade(DONGLI, year)
        self._financing.file_year(year)
        self._services.insure(year)
        self._caller.move_to(date(year, 3, 19))
        self._financing.register_patents()
        self._market.conclude()
        self._caller.move_to(date(year, 4, 2))
        self._financing.register_trademarks()
        if year == CONSENTED:
            pledged = next(one for one in self._financing.filed if one.pledged_patents)
            self._market.licence_pledged(pledged.firm, pledged.pledged_patents[0])
        if year in PORTFOLIOS:
            self._services.build_portfolio(PORTFOLIOS[year], year)
            self._services.build_portfolio(PORTFOLIOS[year], year, inventions=2, pct_applications=1)
        if year == DEFAULTED - 1:
            covered = next(
                one
                for one in self._financing.filed
                if one.covered and one.registered_on and one.registered_on.year == year
            )
            self._loss = Loss(self._world, covered)

    def autumn(self, year: int) -> None:
        """Services are delivered, a loan is lost, others are repaid; at the year's end all is reported."""
        self._caller.move_to(date(year, 9, 10))
        self._services.serve()
        if year == ENDORSED:
            self._services.endorse(DONGLI, 60)
            self._services.endorse(BINHAI, -20)
        if self._loss is not None and year == DEFAULTED:
            self._loss.default(100)
        self._caller.move_to(date(year, 9, 24))
        if self._loss is not None and year == DEFAULTED:
            self._loss.pay()
        if self._loss is not None and year == RECOVERED:
            self._loss.recover(60, 3)
        kept = [self._loss.loan] if self._loss is not None else []
        self._financing.repay_before(date(year, 1, 1), but_for=kept)
        self._caller.move_to(date(year, 12, 20))
        self._services.evaluate()
        self.returns.report(year)
