"""What a street or community may open tasks about: limits, and the rows of its own newest package; a refusal names all problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from lakehouse.city.regions import load_regions
from lakehouse.declarations.policies import load_policies
from lakehouse.errors import Problem
from lakehouse.ops.tasks import RowTask
from lakehouse.returns.earlier import load_earlier
from lakehouse.returns.manifest import sha256
from lakehouse.returns.model import load_sound_returns
from lakehouse.returns.task_requests import Known, TaskRequest, grid_of, problems_of_form, problems_of_return, problems_of_rows
from tests.lakehouse.returns.test_tasks import COMMUNITY, GRID, STREET, key_of, task
from tests.lakehouse.returns.town import CITY, CONTRACTS, FIRST, Resident, Town

pytestmark = pytest.mark.fast

RETURNS, POLICIES = load_sound_returns(CONTRACTS / "returns")[0], load_policies(CONTRACTS / "policies.yaml")
REGIONS = load_regions(CITY).at(FIRST)
SECOND_GRID = "449901001002001"
PEOPLE = [
    Resident("a"),
    Resident("o", grid=SECOND_GRID),
    Resident("child", birth_date="2018-06-15"),
    Resident("fourteen", birth_date="2012-06-01"),  # of age today, which a year alone cannot tell
    Resident("thirteen", birth_date="2012-06-02"),
    Resident("unplaced", known_to="community"),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    town = Town(tmp_path_factory.mktemp("town"))
    town.publish(FIRST, PEOPLE)
    return town


def known(town: Town, opener: str, open_tasks: Iterable[RowTask] = ()) -> Known:
    level = {"s": "street", "v": "community"}[opener[0]]
    stood = town.exchange.get(f"{level}/{opener}/{FIRST}/1/manifest.json")
    package = load_earlier(town.exchange, opener, (FIRST, 1), {opener: sha256(stood)})
    return Known(REGIONS, FIRST, POLICIES, tuple(open_tasks), package)


def request(opener: str, *people: str, return_id: str = "resident_list", days: int = 10, reason: str = "visit") -> TaskRequest:
    return TaskRequest(opener, return_id, tuple(key_of(opener, one) for one in people), days, reason)


def told(problems: Iterable[Problem]) -> str:
    return "\n".join(one.text() for one in problems)


def test_rows_of_the_openers_own_package_have_their_grid(town: Town) -> None:
    grids, problems = problems_of_rows(request(STREET, "a", "o", "fourteen"), RETURNS["resident_list"], known(town, STREET))
    assert problems == []
    assert grids == {key_of(STREET, "a"): GRID, key_of(STREET, "o"): SECOND_GRID, key_of(STREET, "fourteen"): GRID}


def test_all_problems_of_rows_are_told_at_once(town: Town) -> None:
    asked = request(STREET, "nobody", "unplaced", "child", "thirteen", "a")
    _, problems = problems_of_rows(asked, RETURNS["resident_list"], known(town, STREET, [task("a", STREET)]))
    assert [(one.where.removeprefix("row "), one.found) for one in problems] == [
        (key_of(STREET, "nobody"), f"it is not in the newest resident_list of {STREET}."),
        (key_of(STREET, "unplaced"), "its grid is not known yet."),
        (key_of(STREET, "child"), "the person is under 14."),
        (key_of(STREET, "thirteen"), "the person is under 14."),
        (key_of(STREET, "a"), "a task about it is open already."),
    ]
    assert "every recipient has other ones" in told(problems)


def test_a_community_is_refused_who_may_be_a_minor_as_far_as_it_knows(town: Town) -> None:
    grids, problems = problems_of_rows(request(COMMUNITY, "a", "fourteen", "child"), RETURNS["resident_list"], known(town, COMMUNITY))
    assert list(grids.values()) == [GRID] * 3
    assert [one.found for one in problems] == [
        "the person, of whom only the year of birth is told here, may be under 14.",
        "the person is under 14.",
    ]


def test_a_row_key_of_another_recipient_names_nothing(town: Town) -> None:
    asked = replace(request(COMMUNITY, "a"), row_keys=(key_of(STREET, "a"),))
    _, [problem] = problems_of_rows(asked, RETURNS["resident_list"], known(town, COMMUNITY))
    assert problem.found == f"it is not in the newest resident_list of {COMMUNITY}."


def test_a_grid_has_thirty_open_tasks_at_most(town: Town) -> None:
    open_tasks = [task(f"p{number}") for number in range(30)]
    asked = request(STREET, "a", "o")
    grids, problems = problems_of_rows(asked, RETURNS["resident_list"], known(town, STREET, open_tasks))
    assert len(grids) == 2
    assert [(one.where, one.found) for one in problems] == [(f"grid {GRID}", "30 tasks are open there, 1 more are asked for.")]
    assert problems_of_rows(asked, RETURNS["resident_list"], known(town, STREET, open_tasks[1:]))[1] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (request(STREET, "a", days=11), "a task cannot last 11 working days."),
        (request(STREET, "a", days=0), "a task cannot last 0 working days."),
        (request(STREET, "a", reason="  "), "a task needs a reason."),
        (request(STREET), "no row is named."),
        (request(STREET, "a", "a"), "it is named more than once."),
    ],
    ids=["eleven days", "no day", "no reason", "no row", "a row twice"],
)
def test_what_is_wrong_whatever_the_data(asked: TaskRequest, found: str) -> None:
    assert list(problems_of_form(request(STREET, "a", days=1))) == []
    assert [one.found for one in problems_of_form(asked)] == [found]


def test_what_no_task_can_be_opened_about() -> None:
    def problems(return_id: str, level: str = "street") -> list[str]:
        return [one.found for one in problems_of_return(request(STREET, "a", return_id=return_id), level, returns, POLICIES)]

    residents = RETURNS["resident_list"]
    without_need = residents.levels["street"].model_copy(update={"need": None})
    returns = RETURNS | {
        "r_complete": residents.model_copy(update={"levels": residents.levels | {"street": without_need}}),
        "r_no_grid": residents.model_copy(update={"levels": {"street": residents.levels["street"]}}),
        "r_no_minors": residents.model_copy(update={"minors": None}),
        "r_open": residents.model_copy(update={"columns": residents.columns[1:]}),
    }
    assert problems("resident_list") == problems("resident_list", "community") == problems("safety_net") == []
    assert problems("resident_lists") == ["there is no such return."]
    assert problems("r_complete") == ["there is no approved need for it at the level street."]
    assert problems("r_no_grid") == ["no grid receives it, so nobody could act on a task."]
    assert problems("r_no_minors") == ["it has no rule for minors, so nobody can tell whose rows a task must not show."]
    assert problems("r_open") == ["a task would show a grid nothing more of it."]


PLACES = {
    "codes with names": ({"grid_code": f"{GRID} 第一网格", "community_code": "449901001001 晨光社区居民委员会"}, GRID),
    "codes": ({"grid_code": GRID}, GRID),
    "names of the path": ({"street_code": "望海街道", "community_code": "晨光社区居民委员会", "grid_code": "第一网格"}, GRID),
    "one path": ({"community": "望海街道 / 听涛社区居民委员会", "grid": "第一网格"}, SECOND_GRID),
    "a name that many grids have": ({"grid_code": "第一网格"}, None),
    "names that contradict": ({"grid_code": f"{GRID} 第一网格", "community_code": "听涛社区居民委员会"}, None),
    "no grid": ({"community_code": "449901001001"}, None),
    "a grid of former days": ({"grid_code": "449901001091001 第一网格"}, None),
}


@pytest.mark.parametrize(("row", "grid"), PLACES.values(), ids=PLACES)
def test_the_grid_is_found_from_codes_and_from_names(row: dict[str, str | None], grid: str | None) -> None:
    assert grid_of(row, REGIONS) == grid


def test_a_task_holds_from_its_opening_to_its_last_day_or_until_it_is_closed() -> None:
    one = task("a")
    assert [one.is_open(date(2026, month, day)) for month, day in ((5, 31), (6, 1), (6, 15), (6, 16))] == [False, True, True, False]
    assert [one.state_on(date(2026, 6, day)) for day in (15, 16)] == ["open", "over"]
    closed = replace(one, closed_on=date(2026, 6, 3))
    assert [closed.is_open(date(2026, 6, day)) for day in (2, 3)] == [True, False]
    assert closed.state_on(date(2026, 6, 2)) == "closed"
