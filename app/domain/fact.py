"""Facts: the countable consequences of operations, from which every published figure is summed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, define


class Measure(StrEnum):
    """What a fact counts. `_amount` measures are in fen, the others are counts."""

    pledge_financing_count = "pledge_financing_count"
    pledge_financing_amount = "pledge_financing_amount"
    pledge_registration_count = "pledge_registration_count"
    pledge_mixed_count = "pledge_mixed_count"
    pledge_extension_count = "pledge_extension_count"
    licence_count = "licence_count"
    licence_amount = "licence_amount"
    transfer_count = "transfer_count"
    transfer_amount = "transfer_amount"
    listing_count = "listing_count"
    policy_count = "policy_count"
    policy_amount = "policy_amount"
    portfolio_qualified_count = "portfolio_qualified_count"
    trusteeship_covered_count = "trusteeship_covered_count"
    trusteeship_active_count = "trusteeship_active_count"
    claim_payout_amount = "claim_payout_amount"
    recovery_amount = "recovery_amount"

    @property
    def unit(self) -> str:
        """`fen` for amounts, `1` for counts."""
        return "fen" if self.value.endswith("_amount") else "1"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a measure means, in words, with the rules it follows. `version` changes with the meaning.

    A measure of distinct objects is not `additive`: slices or districts of it do not sum to a total.
    """

    zh: str
    en: str
    wording_zh: str
    wording_en: str
    rules: tuple[str, ...]
    version: int = 1
    additive: bool = True


DEFINITIONS: Mapping[Measure, Definition] = {
    Measure.pledge_financing_count: Definition(
        "质押融资项目数",
        "Pledge financings",
        "按首次有效质押登记日计入的融资项目数，一笔融资只计一次；统计地为出质人所在区；"
        "组合担保中知识产权占比低于当地规则要求的不计",
        "Financings by the day of their first effective pledge registration, each counted once, in the "
        "pledgor's district; not one that rests on its rights by less than the rules of the place ask.",
        ("ST-08", "ST-09", "ST-11", "PLG-13"),
        version=2,
    ),
    Measure.pledge_financing_amount: Definition(
        "质押融资金额",
        "Pledge financing amount",
        "主债权本金中由知识产权担保的部分（向下取整到分），一笔融资只计一次（混合质押、银团计一次，续期为零），"
        "按首次有效质押登记日计入；登记变更增减的本金按差额于变更登记日计入",
        "The part of the principal that rests on the rights, down to the fen, once per financing (mixed and "
        "syndicated once, renewals zero), by the day of the first effective pledge registration; what a "
        "registered change adds to the principal, or takes from it, by the day of that change.",
        ("ST-08", "ST-09", "ST-10", "PLG-13"),
        version=3,
    ),
    Measure.pledge_registration_count: Definition(
        "质押登记次数",
        "Pledge registrations",
        "专利权与注册商标专用权质押登记证数，按各自登记日计入",
        "Registration certificates of pledged patents and trademarks, each by its own registration day.",
        ("ST-08", "ST-09", "ST-11"),
    ),
    Measure.pledge_mixed_count: Definition(
        "混合质押单数",
        "Mixed pledges",
        "同时以专利和商标出质的融资，自第二类权利登记生效之日计一次",
        "Financings that count and are secured by patents and trademarks, once, when the second kind becomes "
        "effective.",
        ("PL-28", "ST-09", "PLG-13"),
        version=2,
    ),
    Measure.pledge_extension_count: Definition(
        "质押展期次数",
        "Pledge extensions",
        "质押展期登记次数，按全部权利的延期或变更登记完成之日计入；展期不计入质押融资项目数和金额",
        "Extensions of pledges by the day on which the office has registered them for every right; an "
        "extension counts neither as a financing nor to its amount.",
        ("ST-09", "ST-10", "PL-19"),
    ),
    Measure.licence_count: Definition(
        "许可项数",
        "Licences",
        "许可合同数，按备案日计入；未备案的按合同日计入并注明",
        "Licence contracts by the day of recordal, or the contract's day where not recorded, then flagged.",
        ("ST-08", "ST-09"),
    ),
    Measure.licence_amount: Definition(
        "许可金额",
        "Licence amount",
        "固定许可费按备案日计入，提成按实际支付计入，不作估计",
        "Fixed fees by the day of recordal, royalties when paid; nothing is estimated.",
        ("ST-08", "ST-09", "ST-10"),
    ),
    Measure.transfer_count: Definition(
        "转让项数",
        "Transfers",
        "转让合同数，按登记公告日计入；任一方在本区即计入，并区分转入、转出、区内，一项只计一次",
        "Transfer contracts by the day of registration; either party in the district counts, marked in, out "
        "or internal, each contract once.",
        ("ST-08", "ST-09"),
    ),
    Measure.transfer_amount: Definition(
        "转让金额",
        "Transfer amount",
        "转让价款，按登记公告日计入；零元或关联转让只计项数，不计金额",
        "Prices by the day of registration; transfers for nothing or between affiliates have no amount.",
        ("ST-08", "ST-09", "ST-10"),
    ),
    Measure.listing_count: Definition(
        "挂牌项数",
        "Listings",
        "发布的挂牌数，按发布日计入，统计地为挂牌方所在区",
        "Listings by the day they were published, in the lister's district.",
        ("ST-08",),
    ),
    Measure.policy_count: Definition(
        "知识产权保险单数",
        "IP insurance policies",
        "保单数，按保险起期计入，统计地为被保险人所在区；自始无效的保单冲回",
        "Policies by the day they start, in the insured's district; a policy void from its start is undone.",
        ("ST-08", "ST-09", "IN-02"),
    ),
    Measure.policy_amount: Definition(
        "知识产权保险金额",
        "Sum insured",
        "保险金额（非保费），按保险起期计入，续保另计；批改的增减额计入批改当年",
        "Sum insured, not premium, by the day the policy starts, renewals again; endorsements by their own "
        "day.",
        ("ST-08", "ST-09", "ST-10", "IN-02"),
    ),
    Measure.portfolio_qualified_count: Definition(
        "高价值专利组合数",
        "Qualified portfolios",
        "组合内发明专利达到50件且PCT申请达到10件之日加一，不再达到之日减一",
        "Plus one on the day a portfolio reaches 50 inventions and 10 PCT applications, minus one when it no "
        "longer does.",
        ("DL-04", "BH-06"),
        additive=False,
    ),
    Measure.trusteeship_covered_count: Definition(
        "托管累计覆盖企业数",
        "Firms covered by trusteeship",
        "方案期内首次计入托管的企业数，跨年度、跨机构、更名只计一次",
        "Firms counted in trusteeship for the first time under the plan, once over years, providers and "
        "names.",
        ("TG-06", "ST-08", "ST-09"),
        additive=False,
    ),
    Measure.trusteeship_active_count: Definition(
        "在托管企业数",
        "Active enrolments",
        "服务首日加一，服务末日（期满、终止或更换机构前的最后一日）的次日减一",
        "Plus one on the first day of service, minus one on the day after the last day served, at the end of "
        "the term, on termination or before a change of provider.",
        ("TG-06",),
    ),
    Measure.claim_payout_amount: Definition(
        "资金池补偿金额",
        "Pool payouts",
        "资金池支付的补偿款，按支付日计入；追回的补偿款按到账日扣减",
        "What the pool paid out on claims, by the day of payment, less what was clawed back, by its receipt.",
        ("RP-10", "RP-17", "RP-18"),
    ),
    Measure.recovery_amount: Definition(
        "追偿回收金额",
        "Recoveries of the pool",
        "追偿款中归还资金池的部分，按到账日计入",
        "The pool's part of recoveries, by the day they were received.",
        ("RP-14",),
    ),
}
"""The dictionary of measures (STA-01)."""


def wan(fen: int) -> str:
    """`fen` in 万元 with two decimals, half a unit rounded away from zero, e.g. `125.00` (ST-10).

    For showing only: nothing is computed from it.
    """
    units, rest = divmod(abs(fen), 10_000)
    units += rest >= 5_000
    sign = "-" if fen < 0 and units else ""
    return f"{sign}{units // 100}.{units % 100:02d}"


def signed_amount(fen: int) -> str:
    """`fen` in yuan with two decimals; with a sign below zero, as corrections of one period can sum to."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


class FactRole(StrEnum):
    """The district's part in the event: operations inside it, or rights coming in or going out."""

    internal = "internal"
    inbound = "in"
    outbound = "out"


MEASURE_UNKNOWN = define(
    "statistic.measure_unknown",
    ErrorKind.not_found,
    "没有名为 {measure} 的统计指标",
    "There is no measure named {measure}.",
)
PERIOD_INVALID = define(
    "statistic.period_invalid",
    ErrorKind.invalid,
    "统计期间无效：起始年份晚于结束年份",
    "The period is invalid: it starts after it ends.",
)
PERIOD_UNKNOWN = define(
    "statistic.period_unknown",
    ErrorKind.invalid,
    "“{period}”不是统计期间：应为 2022、2022-03 或 total",
    "“{period}” is not a period: write 2022, 2022-03 or total.",
)
FILTER_INVALID = define(
    "statistic.filter_invalid",
    ErrorKind.invalid,
    "“{given}”不是筛选条件：应为 维度:值",
    "“{given}” is not a filter: write dimension:value.",
)
AS_OF_IN_FUTURE = define(
    "statistic.as_of_in_future",
    ErrorKind.invalid,
    "as_of 晚于现在",
    "as_of is in the future.",
)
