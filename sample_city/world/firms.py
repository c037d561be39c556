"""The companies and individual businesses of a city as they really are, computed from their number and the date.

As with people nothing is stored: a shuffle decides which company moves, changes its name or closes on which day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from sample_city.world.deal import Deal
from sample_city.world.lives import Lives
from sample_city.world.numbers import Shuffle, fraction, social_credit_code
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY, Person, office_time, past_time

PEOPLE_A_FIRM = 10
ODD = ("duplicate_name", "zombie", "long_term", "foreign_currency", "brackets_in_name")
DEFECTS = (
    "uscc_check_digit", "organisation_code", "negative_capital", "required_empty", "unknown_status", "representative_check_digit",
    "representative_15_digits", "capital_in_ten_thousands", "unknown_region", "abolished_region", "old_industry_code",
    "cancelled_before_established", "cancelled_without_date",
)  # fmt: skip
CANCELLED_KINDS = ("cancelled_before_established", "cancelled_without_date")
BRANDS = "恒信华盛宏泰瑞丰联创新锐金海天诚博远嘉禾广源永利众合启明东方顺达优品星辰安泰立德万象"
TRADES = {  # industry code → word in the company's name, text of its business scope
    "F5211": ("百货商行", "日用百货零售"),
    "F5172": ("建材贸易", "建筑材料批发"),
    "H6210": ("餐饮", "餐饮服务"),
    "I6513": ("软件科技", "软件开发"),
    "L7299": ("商务服务", "商务代理服务"),
    "E5012": ("装饰工程", "建筑装饰装修"),
    "M7590": ("科技", "科技推广和应用服务"),
    "G5430": ("物流", "道路货物运输"),
    "P8391": ("教育咨询", "职业技能培训"),
    "C2614": ("化工材料", "有机化学原料制造"),
}
CAPITALS = (100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 50_000_000)


@dataclass(frozen=True)
class Firm:
    """One market entity (市场主体): the truth about it, and its registration as it should be."""

    no: int
    uscc: str
    name: str
    type_code: str
    owner_no: int  # person number of the legal representative
    capital: int | None  # yuan, or units of `currency`
    currency: str
    established: date
    term_to: date | None
    premises: str  # address_id
    domicile: str  # address_id
    industry_code: str
    status_code: str
    cancelled: date | None
    approved: date
    update_time: datetime
    kind: str = ""  # kind of its label; empty for ordinary ones


@dataclass(frozen=True)
class Turn:
    """An event of a company, registered on the same day."""

    no: int
    turn: int
    kind: str
    day: date


class Firms:
    """The companies of a city: those from before the first day, numbered 0 … `count`-1, then the new ones of each day."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self.count = max(self.setting.people // PEOPLE_A_FIRM, 40)
        self.deal = Deal((*DEFECTS, *ODD), quota(self.setting.people), self.count)
        self.new_a_day = max(1, self.count // 700)
        self._turns_a_day = max(2, self.count // 250)
        self._shuffle = Shuffle.of(self.count, self.setting.seed, "firms")

    def owner_no(self, no: int) -> int:
        """Return the person number of a company's legal representative: the head of an ordinary household, in the order of people."""
        first, ordinary = self.lives.oddities.count, self.setting.people - self.lives.oddities.count
        before_2000 = no < self.count and self.deal.kind(no) == "representative_15_digits"
        place = no * ordinary // self.count
        while True:
            head = self.lives.populace.household_of(first + place % ordinary)[0]
            if head.birth_date.year < 2000 or not before_2000:
                return head.no
            place += 1

    def is_owner(self, household: Sequence[Person]) -> bool:
        """Return whether the head of an ordinary household represents a company from before the first day."""
        first, ordinary = self.lives.oddities.count, self.setting.people - self.lives.oddities.count
        no = -(-(household[0].no - first) * self.count // ordinary)
        return no < self.count and no * ordinary // self.count <= household[-1].no - first

    def at_first(self, no: int) -> Firm:
        """Return a company as it was before any event."""
        rng, kind = self.setting.chance("firm", no), self.deal.kind(no) if no < self.count else ""
        day = None if no < self.count else FIRST_DAY + timedelta(days=(no - self.count) // self.new_a_day)
        established = day or FIRST_DAY - timedelta(days=200 + int(7000 * rng.random() ** 1.5))
        category, type_code = rng.choices(
            (("91", "1130"), ("91", "1150"), ("91", "4530"), ("91", "4540"), ("92", "9500"), ("93", "9100")), (30, 15, 5, 7, 40, 3)
        )[0]
        industry = rng.choice(tuple(TRADES))
        premises = self._room(rng)
        status, cancelled = self._standing(rng, kind, established) if day is None else ("1", None)
        firm = Firm(
            no=no,
            uscc=social_credit_code(category, f"4499{1 + no % 8:02d}", f"MA{no:06d}"),
            name=self._name(rng, no, type_code, industry),
            type_code=type_code,
            owner_no=self.owner_no(no),
            capital=rng.choice(CAPITALS) if category != "92" else None,
            currency="156" if category != "92" else "",
            established=established,
            term_to=date(established.year + rng.choice((20, 30, 50)), established.month, 1) if rng.random() < 0.6 else None,
            premises=premises,
            domicile=premises if rng.random() < 0.75 else self._room(rng),
            industry_code=industry,
            status_code=status,
            cancelled=cancelled,
            approved=max(established, cancelled or established),
            update_time=office_time(rng, day) if day else max(past_time(rng), datetime.combine(established, datetime.min.time())),
            kind=kind,
        )
        return self._shaped(firm, rng)

    def truth(self, no: int, day: date) -> Firm:
        """Return a company as it is at the end of a day."""
        firm = self.at_first(no)
        for turn in self._turns(firm, day):
            firm = self._apply(firm, turn)
        return firm

    def changed(self, day: date) -> list[int]:
        """Return the numbers of the companies with an event on a day, new ones included."""
        first = (day - FIRST_DAY).days * self._turns_a_day
        slots = (self._shuffle.at(slot) for slot in range(first, first + self._turns_a_day))
        old = [no for no in slots if any(turn.day == day for turn in self._turns(self.at_first(no), day))]
        start = self.count + (day - FIRST_DAY).days * self.new_a_day
        return [*old, *range(start, start + self.new_a_day)]

    def _turns(self, firm: Firm, day: date) -> Iterator[Turn]:
        """Yield the events of a company up to a day; companies with a label or closed from the beginning have none."""
        if firm.no >= self.count or firm.kind or firm.status_code != "1":
            return
        position = self._shuffle.position(firm.no)
        turn, kind = 0, ""
        while kind != "cancelled":
            when = FIRST_DAY + timedelta(days=(position + turn * self.count) // self._turns_a_day)
            if when > day:
                return
            draw = fraction(self.setting.seed, "firm's turn", firm.no, turn)
            kind = "moved" if draw < 0.45 else "renamed" if draw < 0.65 else "raised" if draw < 0.8 else "cancelled"
            yield Turn(firm.no, turn, kind, when)
            turn += 1

    def _apply(self, firm: Firm, turn: Turn) -> Firm:
        rng = self.setting.chance("firm's turn", turn.no, turn.turn)
        changed = replace(firm, update_time=office_time(rng, turn.day), approved=turn.day)
        if turn.kind == "moved":
            room = self._room(rng)
            return replace(changed, premises=room, domicile=room)
        if turn.kind == "renamed":
            return replace(changed, name=self._name(rng, firm.no, firm.type_code, firm.industry_code))
        if turn.kind == "raised":
            return replace(changed, capital=(firm.capital or 50_000) * 2, currency=firm.currency or "156")
        return replace(changed, status_code="3", cancelled=turn.day)

    def _room(self, rng: Random) -> str:
        places = self.setting.places
        return self.setting.houses.some_room(rng, places.some_grid(rng, places.some_community(rng))).address_id

    def _name(self, rng: Random, no: int, type_code: str, industry: str) -> str:
        above = {region.level: region.name for region in self.setting.places.line(self.setting.places.streets[0])}
        city = above.get("city", above["province"])
        brand = rng.choice(BRANDS) + BRANDS[no % len(BRANDS)] + BRANDS[no // len(BRANDS) % len(BRANDS)]
        ending = {"9500": "店", "9100": "专业合作社", "4530": "合伙企业", "4540": "工作室"}.get(type_code, "有限公司")
        return f"{city}{brand}{TRADES[industry][0]}{ending}"

    @staticmethod
    def _standing(rng: Random, kind: str, established: date) -> tuple[str, date | None]:
        """Return status and date of cancellation of a company from before the first day."""
        draw = 0.5 if kind else rng.random()
        if draw < 0.08 or kind in CANCELLED_KINDS:
            return "3", established + timedelta(days=60 + int(100 * rng.random()))
        return ("2" if draw < 0.1 else "4" if draw < 0.12 else "1"), None

    def _shaped(self, firm: Firm, rng: Random) -> Firm:
        """Return a company changed to fit its labelled kind."""
        if firm.kind in ("negative_capital", "capital_in_ten_thousands", "foreign_currency") and firm.capital is None:
            firm = replace(firm, capital=rng.choice(CAPITALS), currency="156")
        if firm.kind == "duplicate_name":
            pair = self.deal.number(firm.no) // 2
            return replace(firm, name=self._name(self.setting.chance("firm's double", pair), 40_000 + pair, "1130", "F5211"))
        if firm.kind == "zombie":  # unchanged since it was founded, and its term has expired
            born = date(2006, 1 + firm.no % 12, 1 + firm.no % 28)
            return replace(
                firm,
                established=born,
                approved=born,
                term_to=date(born.year + 10, 1, 1),
                update_time=office_time(rng, born),
                cancelled=None,
            )
        if firm.kind == "long_term":
            return replace(firm, term_to=date(9999 if firm.no % 2 else 2099, 12, 31))
        if firm.kind == "foreign_currency":
            return replace(firm, currency=("344", "840")[firm.no % 2])
        if firm.kind == "brackets_in_name":
            return replace(firm, name=f"{firm.name}（{rng.choice(('筹', '中外合资', 'A座'))}）·NO.{firm.no}")
        return firm
