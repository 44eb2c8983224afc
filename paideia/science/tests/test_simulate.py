"""The simulated year keeps its own laws, and what was planted can be found again."""

from __future__ import annotations

import time

import numpy as np
import pytest

from paideia.science.errors import OutOfRange
from paideia.science.simulate import Kind, Opening, Parameters, Verb, Year, simulate

DAY = 86_400


@pytest.fixture(scope="module")
def year() -> Year:
    return simulate(rng=np.random.default_rng(7))


@pytest.fixture(scope="module")
def large() -> Year:
    return simulate(Parameters(members=3000, works=200), rng=np.random.default_rng(8))


def test_the_same_seed_gives_the_same_year(year):
    again = simulate(rng=np.random.default_rng(7))
    other = simulate(rng=np.random.default_rng(9))
    assert np.array_equal(year.events, again.events) and np.array_equal(year.people, again.people)
    assert not np.array_equal(year.people["taste"], other.people["taste"])


def test_the_time_grows_no_faster_than_the_community():
    def seconds(members):
        rng = np.random.default_rng(1)
        started = time.process_time()
        simulate(Parameters(members=members), rng=rng)
        return time.process_time() - started

    assert min(seconds(2400) for _ in range(2)) < 12 * min(seconds(300) for _ in range(3))


def test_every_verb_happens_in_order_of_time_and_inside_the_year(year):
    assert set(year.events["verb"]) == set(Verb)
    assert (np.diff(year.events["second"]) >= 0).all()
    assert year.events["second"][0] >= 0 and year.events["second"][-1] < year.parameters.days * DAY


def test_nobody_acts_before_joining_or_while_away(year):
    acts = year.events[~np.isin(year.events["verb"], (Verb.LAPSED, Verb.LEFT))]
    who = year.people[acts["actor"]]
    assert (acts["second"] >= who["joined_second"]).all()
    away = (who["left_second"] >= 0) & (acts["second"] > who["left_second"])
    away &= (who["returned_second"] < 0) | (acts["second"] < who["returned_second"])
    gone = (who["left_again_second"] >= 0) & (acts["second"] > who["left_again_second"])
    assert not (away | gone).any()


def test_objects_exist_and_posts_agree_with_their_events(year):
    sizes = {
        Kind.WORK: len(year.works),
        Kind.LESSON: int(year.works["lessons"].sum()),
        Kind.ANSWER: len(year.answers),
    }
    for kind, size in sizes.items():
        objects = year.events["object"][year.events["kind"] == kind]
        assert objects.min() >= 0 and objects.max() < size
    for verb, posts in (
        (Verb.ASKED, year.questions),
        (Verb.ANSWERED, year.answers),
        (Verb.COMMENTED, year.comments),
    ):
        made = year.happened(verb)
        assert np.array_equal(np.sort(made["object"]), np.arange(len(posts)))
        assert np.array_equal(posts["author"][made["object"]], made["actor"])
        assert np.array_equal(posts["second"][made["object"]], made["second"])


def test_works_are_visited_only_after_publication(year):
    visits = year.happened(Verb.VISITED)
    assert (visits["second"] // DAY >= year.works["published_day"][visits["object"]]).all()


def test_answers_come_after_the_question_from_somebody_else_and_the_asker_accepts(year):
    question = year.questions[year.answers["parent"]]
    assert (year.answers["second"] > question["second"]).all()
    assert (year.answers["author"] != question["author"]).all()
    accepted = year.happened(Verb.ACCEPTED)
    assert np.array_equal(year.questions["author"][accepted["parent"]], accepted["actor"])
    assert year.answers["accepted"].sum() == year.questions["accepted"].sum() == len(accepted)


def test_lessons_are_completed_in_order_without_gaps(year):
    done = year.happened(Verb.COMPLETED)
    order = np.lexsort((done["second"], done["parent"], done["actor"]))
    done = done[order]
    same = (done["actor"][1:] == done["actor"][:-1]) & (done["parent"][1:] == done["parent"][:-1])
    assert (np.where(same, done["value"][:-1] + 1, 1) == done["value"][1:]).all()
    assert (done["value"] <= year.works["lessons"][done["parent"]]).all()


def test_plans_are_ordered_once_and_renewed_monthly(year):
    orders, renewals = year.happened(Verb.ORDERED), year.happened(Verb.RENEWED)
    assert len(set(orders["actor"])) == len(orders)
    since = dict(zip(orders["actor"], orders["second"], strict=True))
    months = np.array([(r["second"] - since[r["actor"]]) / (30 * DAY) for r in renewals])
    assert np.array_equal(months, np.round(months)) and months.min() == 1
    assert set(orders["value"]) == {year.parameters.plan_price}


def test_a_priced_work_is_bought_at_most_once_and_at_its_price(year):
    bought = year.happened(Verb.BOUGHT)
    assert (year.works["opening"][bought["object"]] == Opening.PURCHASE).all()
    assert np.array_equal(year.works["price"][bought["object"]], bought["value"])
    assert len(np.unique(bought[["actor", "object"]])) == len(bought)


def test_members_read_what_fits_their_taste(large):
    visits = large.happened(Verb.VISITED)
    taste, topic = large.people["taste"], large.works["topic"]
    own = (taste[visits["actor"]] * topic[visits["object"]]).sum(axis=1).mean()
    anyone = (
        (taste[np.random.default_rng(1).permutation(visits["actor"])] * topic[visits["object"]])
        .sum(axis=1)
        .mean()
    )
    assert own > 2 * anyone


def test_first_orders_are_bernoulli_trials_of_conversion_and_variant(large):
    """Orders less the summed chances of the sessions at risk is noise of known size, in both variants."""
    first = large.happened(Verb.ORDERED)
    ordered = np.full(len(large.people), np.iinfo(np.int64).max)
    ordered[first["actor"]] = first["second"]
    visits = large.happened(Verb.VISITED)
    _, start = np.unique(visits["session"], return_index=True)
    trial = visits[start][visits["second"][start] < ordered[visits["actor"][start]]]
    who = large.people[trial["actor"]]
    trial, who = (a[(who["left_second"] < 0) | (trial["second"] < who["left_second"])] for a in (trial, who))
    base = np.log(np.maximum(who["conversion"], 1e-12) / (1 - who["conversion"]))
    for variant in (0, 1):
        chance = (
            1 / (1 + np.exp(-base - large.parameters.variant_log_odds * variant))[who["variant"] == variant]
        )
        orders = (large.people["variant"][first["actor"]] == variant).sum()
        assert abs(orders - chance.sum()) < 3 * np.sqrt((chance * (1 - chance)).sum())


def test_leaving_is_a_hazard_that_paying_and_invitation_lower(large):
    """Departures less the summed hazard (the compensator) is noise of known size, in each group."""
    p, people = large.parameters, large.people
    day = np.arange(p.days)[None, :] * DAY
    until = np.where(people["left_second"] >= 0, people["left_second"], p.days * DAY)
    paid = np.zeros((len(people), p.days), dtype=bool)
    for payment in large.happened(Verb.ORDERED, Verb.RENEWED):
        paid[payment["actor"]] |= (payment["second"] <= day[0]) & (
            day[0] < payment["second"] + p.plan_days * DAY
        )
    hazard = people["churn"][:, None] * np.exp(
        p.paying_log_hazard * paid + p.invited_log_hazard * people["invited"][:, None]
    )
    hazard = np.where((day > people["joined_second"][:, None]) & (day <= until[:, None]), hazard, 0)
    left = people["left_second"] >= 0
    for group in (people["invited"], ~people["invited"]):
        expected = hazard[group].sum()
        assert abs(left[group].sum() - expected) < 3 * np.sqrt(expected)
    on_day = np.minimum(until // DAY, p.days - 1)
    while_paying = (left & paid[np.arange(len(people)), on_day]).sum()
    assert abs(while_paying - hazard[paid].sum()) < 3 * np.sqrt(hazard[paid].sum())


def test_quizzes_follow_ability_and_difficulty(large):
    tries = large.happened(Verb.ATTEMPTED)
    logit = large.people["ability"][tries["actor"]] - large.difficulty[tries["object"]]
    expected = 1 / (1 + np.exp(-logit))
    assert tries["value"].mean() == pytest.approx(expected.mean(), abs=0.01)
    strong = expected > 0.7
    assert tries["value"][strong].mean() == pytest.approx(expected[strong].mean(), abs=0.02)


def test_rings_applaud_themselves(large):
    praise = large.happened(Verb.REACTED)
    praise = praise[praise["kind"] == Kind.COMMENT]
    author = large.comments["author"][praise["object"]]
    assert len(praise) > 100
    assert np.array_equal(large.people["ring"][praise["actor"]], large.people["ring"][author])
    assert (praise["actor"] != author).all()


def test_a_calendar_moves_activity():
    calendar = tuple(0.0 if 100 <= day < 110 else 1.0 for day in range(365))
    quiet = simulate(Parameters(calendar=calendar), rng=np.random.default_rng(1)).happened(Verb.VISITED)
    joined_then = (quiet["second"] // DAY >= 101) & (quiet["second"] // DAY < 109)
    assert joined_then.sum() < 0.002 * len(quiet)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": 0}, "members must be above zero"),
        ({"renewal": 1.0}, "renewal must lie in"),
        ({"plan_share": 0.9, "purchase_share": 0.2}, "plan_share \\+ purchase_share"),
        ({"week": (1.0,) * 6}, "week must be 7 factors"),
        ({"calendar": (1.0,) * 30}, "calendar must be 365 factors"),
        ({"mentors": 400}, "mentors must be at most members"),
    ],
)
def test_impossible_parameters_are_refused(change, words):
    with pytest.raises(OutOfRange, match=words):
        Parameters(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"asks_per_session": 0.0},
        {"ring_share": 0.0},
        {"members": 9},
        {"purchase_share": 0.0, "plan_share": 0.0},
    ],
)
def test_a_community_without_some_behaviour_still_lives(change):
    year = simulate(Parameters(**change), rng=np.random.default_rng(3))
    assert len(year.happened(Verb.VISITED)) > 0
