"""What members say to each other: questions, answers, comments, reactions, and the rings that fake them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paideia.science.checks import Bools, Floats, Ints
from paideia.science.simulate.cast import DAY
from paideia.science.simulate.parameters import Parameters
from paideia.science.simulate.presence import Sessions, present
from paideia.science.simulate.vocabulary import EVENT, POST, Kind, Opening, Records, Verb


@dataclass(frozen=True, slots=True)
class Talk:
    """Posts in order of time (events name them by index) and the events that made and praised them."""

    questions: Records
    answers: Records
    comments: Records
    events: Records


def talk(
    people: Records,
    works: Records,
    fit: Floats,
    sessions: Sessions,
    visits: Records,
    p: Parameters,
    rng: np.random.Generator,
) -> Talk:
    """Questions by taste, answers by helpfulness and topic, comments and reactions by fit."""
    end = p.days * DAY
    questions = _ask(people, sessions, p, rng)
    answers = _answer(people, questions, end, p, rng)
    acceptances = _accept(people, questions, answers, end, p, rng)
    comments = _comment(people, works, visits, end, p, rng)
    events = [
        _posted(questions, Verb.ASKED, Kind.QUESTION),
        _posted(answers, Verb.ANSWERED, Kind.ANSWER),
        _posted(comments, Verb.COMMENTED, Kind.COMMENT),
        acceptances,
        _react_to_works(fit, works, visits, p, rng),
        _react_to_answers(people, answers, p, rng),
        _applaud(people, comments, p, rng),
    ]
    return Talk(questions, answers, comments, np.concatenate(events))


def _ask(people: Records, sessions: Sessions, p: Parameters, rng: np.random.Generator) -> Records:
    asks = np.flatnonzero(rng.random(len(sessions.member)) < p.asks_per_session)
    questions = _posts(sessions.second[asks] + rng.integers(60, 600, len(asks)), sessions.member[asks])
    questions["topic"] = _draw(people["taste"][questions["author"]], rng)
    questions = questions[(questions["second"] < p.days * DAY)]
    return questions[np.argsort(questions["second"], kind="stable")]


def _answer(
    people: Records, questions: Records, end: int, p: Parameters, rng: np.random.Generator
) -> Records:
    question = np.repeat(np.arange(len(questions)), rng.poisson(p.answers_per_question, len(questions)))
    delay = rng.exponential(p.answer_hours * 3600, len(question)).astype(np.int64) + 60
    answers = _posts(questions["second"][question] + delay, np.full(len(question), -1))
    answers["parent"], answers["topic"] = question, questions["topic"][question]
    weight = people["helpfulness"] * people["activity"]
    answers["author"] = _somebody(people, weight, answers, questions["author"][question], p, rng)
    answers["quality"] = np.log(people["helpfulness"][answers["author"]] + 0.1) + rng.normal(
        0, 0.5, len(answers)
    )
    answers = answers[(answers["author"] >= 0) & (answers["second"] < end)]
    _, first = np.unique(answers[["parent", "author"]], return_index=True)  # one answer each
    answers = answers[first]
    return answers[np.argsort(answers["second"], kind="stable")]


def _accept(
    people: Records, questions: Records, answers: Records, end: int, p: Parameters, rng: np.random.Generator
) -> Records:
    """The best answer of some questions is accepted by an asker who is still there."""
    best_first = np.lexsort((-answers["quality"], answers["parent"]))
    question, first = np.unique(answers["parent"][best_first], return_index=True)
    answer = best_first[first]
    second = answers["second"][answer] + rng.exponential(6 * 3600, len(answer)).astype(np.int64) + 60
    asker = questions["author"][question]
    accepts = (rng.random(len(answer)) < p.accept_share) & (second < end) & present(people, asker, second)
    questions["accepted"][question[accepts]] = True
    answers["accepted"][answer[accepts]] = True
    return _events(
        second[accepts], asker[accepts], Verb.ACCEPTED, Kind.ANSWER, answer[accepts], question[accepts]
    )


def _comment(
    people: Records, works: Records, visits: Records, end: int, p: Parameters, rng: np.random.Generator
) -> Records:
    """Honest comments at visits; members of rings leave further ones for their friends to applaud."""
    ringed = people["ring"][visits["actor"]] >= 0
    chance = p.comments_per_visit + np.where(ringed, p.ring_reactions_per_day / 4, 0)
    u = rng.random(len(visits))
    at = visits[u < chance]
    comments = _posts(at["second"] + np.maximum(at["value"].astype(np.int64), 20), at["actor"])
    comments["parent"] = at["object"]
    comments["topic"] = works["topic"][at["object"]].argmax(axis=1)
    comments["collusive"] = u[u < chance] >= p.comments_per_visit
    comments = comments[comments["second"] < end]
    return comments[np.argsort(comments["second"], kind="stable")]


def _react_to_works(
    fit: Floats, works: Records, visits: Records, p: Parameters, rng: np.random.Generator
) -> Records:
    """At most one reaction of a member to a work, likelier where it fits."""
    free = works["opening"][visits["object"]] == Opening.FREE
    seen = free | (visits["scroll"] > 0.5)
    chance = p.reactions_per_visit * fit[visits["actor"], visits["object"]] * seen
    at = visits[rng.random(len(visits)) < chance]
    _, first = np.unique(at["actor"].astype(np.int64) * len(works) + at["object"], return_index=True)
    at = at[first]
    return _events(
        at["second"] + at["value"].astype(np.int64), at["actor"], Verb.REACTED, Kind.WORK, at["object"]
    )


def _react_to_answers(people: Records, answers: Records, p: Parameters, rng: np.random.Generator) -> Records:
    """A Poisson number that rises with quality, from active members who like the topic."""
    mean = p.reactions_per_answer * np.exp(np.clip(answers["quality"], -2, 1.5)) / 2
    answer = np.repeat(np.arange(len(answers)), rng.poisson(mean))
    posts = answers[answer]
    posts["second"] += rng.exponential(30 * 3600, len(answer)).astype(np.int64) + 60
    reader = _somebody(people, people["activity"], posts, posts["author"].copy(), p, rng)
    real = np.flatnonzero((reader >= 0) & (posts["second"] < p.days * DAY))
    _, first = np.unique(reader[real] * max(len(answers), 1) + answer[real], return_index=True)
    real = real[first]
    return _events(posts["second"][real], reader[real], Verb.REACTED, Kind.ANSWER, answer[real])


def _applaud(people: Records, comments: Records, p: Parameters, rng: np.random.Generator) -> Records:
    """Within a ring everybody praises everybody's comments, whatever they say."""
    ringed = np.flatnonzero(people["ring"] >= 0)
    own = np.flatnonzero(people["ring"][comments["author"]] >= 0)
    giver, receiver = (a.ravel() for a in np.meshgrid(ringed, ringed, indexing="ij"))
    friends = (people["ring"][giver] == people["ring"][receiver]) & (giver != receiver)
    count = rng.poisson(p.ring_reactions_per_day * p.days, int(friends.sum()))
    giver, receiver = np.repeat(giver[friends], count), np.repeat(receiver[friends], count)
    second = rng.integers(0, p.days * DAY, len(giver))
    comment = _latest_by(receiver, second, comments, own)
    real = (comment >= 0) & present(people, giver, second)
    _, first = np.unique(giver[real] * (len(comments) + 1) + comment[real], return_index=True)
    keep = np.flatnonzero(real)[first]
    return _events(second[keep], giver[keep], Verb.REACTED, Kind.COMMENT, comment[keep])


def _latest_by(author: Ints, second: Ints, comments: Records, own: Ints) -> Ints:
    """The latest comment each author had written by each second, -1 if none."""
    if not len(own):
        return np.full(len(author), -1, dtype=np.int64)
    span = int(comments["second"].max(initial=0)) + int(second.max(initial=0)) + 2
    key = comments["author"][own].astype(np.int64) * span + comments["second"][own]
    order = np.argsort(key)
    at = np.searchsorted(key[order], author * span + second, side="right") - 1
    found = own[order][np.maximum(at, 0)]
    latest: Ints = np.where((at >= 0) & (comments["author"][found] == author), found, -1)
    return latest


def _somebody(
    people: Records, weight: Floats, posts: Records, but: Ints, p: Parameters, rng: np.random.Generator
) -> Ints:
    """For each post a member present then, other than `but`, with odds weight · taste for the topic; or -1.

    Each post gets eight candidates and takes the first that serves.
    """
    summed = np.cumsum(weight[:, None] * (people["taste"] + 0.02), axis=0)
    summed = (summed / summed[-1]).T  # topics × members
    flat = (summed + np.arange(p.topics)[:, None]).ravel()
    topic = posts["topic"].astype(np.int64)[:, None]
    goal = rng.random((len(posts), 8)) + topic
    candidates = np.clip(np.searchsorted(flat, goal) - topic * p.members, 0, p.members - 1)
    seconds = np.repeat(posts["second"], 8).reshape(candidates.shape)
    fits: Bools = present(people, candidates.ravel(), seconds.ravel()).reshape(candidates.shape)
    fits &= candidates != np.asarray(but)[:, None]
    first = fits.argmax(axis=1) if len(posts) else np.zeros(0, dtype=np.int64)
    chosen: Ints = np.where(fits.any(axis=1), candidates[np.arange(len(posts)), first], -1)
    return chosen


def _draw(shares: Floats, rng: np.random.Generator) -> Ints:
    """One category for each row of shares."""
    goal = rng.random(len(shares))[:, None] * shares.sum(axis=1, keepdims=True)
    category: Ints = np.minimum((np.cumsum(shares, axis=1) < goal).sum(axis=1), shares.shape[1] - 1)
    return category


def _posts(second: Ints, author: Ints) -> Records:
    posts = np.zeros(len(second), dtype=POST)
    posts["second"], posts["author"], posts["parent"] = second, author, -1
    return posts


def _posted(posts: Records, verb: Verb, kind: Kind) -> Records:
    return _events(posts["second"], posts["author"], verb, kind, np.arange(len(posts)), posts["parent"])


def _events(
    second: Ints, actor: Ints, verb: Verb, kind: Kind, index: Ints, parent: Ints | int = -1
) -> Records:
    events = np.zeros(len(second), dtype=EVENT)
    events["second"], events["actor"], events["object"], events["parent"] = second, actor, index, parent
    events["verb"], events["kind"], events["value"], events["session"] = verb, kind, 1.0, -1
    return events
