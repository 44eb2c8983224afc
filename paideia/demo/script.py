"""A simulated year put into deeds: which work, which words, which offer. Nothing is written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import numpy as np

from paideia.courses.grading import is_right
from paideia.demo import deeds, pages
from paideia.demo.deeds import Deed, Ref
from paideia.demo.founding import Place
from paideia.demo.holdings import Holdings
from paideia.demo.people import pick, say
from paideia.science.simulate import Kind, Opening, Verb, Year

CAST_JOINED = {"mentor": 0.0, "member": 0.2, "visitor": 0.95}  # share of the year
RENEWS_BY_YEAR = 0.93  # who is that likely to renew pays for a year at once
ASKED_MAX = 2  # how often one question is asked in other words
APPLAUSE = ("heart", "clap", "think", "heart")


class Script:
    """Builds the deeds of one community. Simulated people are 0 … n-1, the cast follows in its order."""

    def __init__(self, place: Place, year: Year, *, start: datetime, now: datetime, rng: Any) -> None:
        self.place, self.year, self.start, self.now, self.rng = place, year, start, now, rng
        self.told, self.words = pages.community(place.language), pages.phrases(place.language)
        self.number = len(year.people)
        self.roles = {self.number + n: role for n, role in enumerate(place.cast)}
        self.by_handle = {user.handle: self.number + n for n, user in enumerate(place.cast.values())}
        self.holdings = Holdings(place.community.time_zone)
        self.deeds: list[Deed] = []
        self.pinned: list[int] = []
        self._posts, self._charges = count(), count(1)
        self._authors: dict[int, int] = {}  # post → person
        self._roots: dict[int, Ref] = {}  # comment on a work → the work
        self._questions: dict[int, int] = {}  # simulated question → post
        self._topics: dict[int, tuple[dict[str, Any], str]] = {}  # of a question, and which of its questions
        self._asked: Counter[str] = Counter()
        self._answers: dict[int, int] = {}
        self._comments: dict[int, int] = {}
        self._said: dict[object, set[str]] = defaultdict(set)
        self._given: set[tuple[int, Ref, str]] = set()
        self._done: dict[int, int] = defaultdict(int)  # person → lessons completed
        gates = {gate.pk: key for key, gate in place.gates.items()}
        self._gates = [gates.get(article.gate_id or 0, "") for article in place.articles]
        self._opens = {each["key"]: tuple(each["plans"]) for each in self.told["gates"]}
        self._offers = {each["key"]: each for each in self.told["offers"]}

    def write(self) -> list[Deed]:
        """All deeds in order of time."""
        acts = {
            Verb.JOINED: self._join, Verb.RETURNED: self._join, Verb.LEFT: self._leave, Verb.VISITED: self._visit,
            Verb.COMPLETED: self._learn, Verb.ASKED: self._ask, Verb.ANSWERED: self._answer,
            Verb.COMMENTED: self._comment, Verb.REACTED: self._react, Verb.ACCEPTED: self._accept,
            Verb.ORDERED: self._subscribe, Verb.RENEWED: self._renew, Verb.BOUGHT: self._buy,
        }  # fmt: skip
        self._let_cast_in()
        for event in self.year.events:
            if (act := acts.get(Verb(event["verb"]))) is not None:
                act(event, int(event["actor"]), self.start + timedelta(seconds=int(event["second"])))
        for page in pages.pages(self.place.language, "threads"):
            self._play(page)
        self.deeds.sort(key=lambda deed: deed.at)  # stable: causes stay before effects
        return self.deeds

    # Coming, going, paying

    def _let_cast_in(self) -> None:
        whole = self.now - self.start
        for person, role in self.roles.items():
            if role in CAST_JOINED:
                at = (self.start + CAST_JOINED[role] * whole).replace(microsecond=0) + timedelta(hours=1)
                self.deeds.append(deeds.Joined(at, person))
                if role == "mentor":
                    self.deeds.append(deeds.Promoted(at + timedelta(seconds=1), person))
                if role == "member":
                    self._pay(person, "full-year", at + timedelta(hours=2))
                    for lesson in range(3):
                        at += timedelta(hours=3)
                        self.deeds.append(deeds.Completed(at, person, lesson))

    def _join(self, event: Any, person: int, at: datetime) -> None:
        self.deeds.append(deeds.Joined(at, person))
        if self.year.people["mentor"][person]:
            self.deeds.append(deeds.Promoted(at + timedelta(seconds=1), person))

    def _leave(self, event: Any, person: int, at: datetime) -> None:
        self.deeds.append(deeds.Left(at, person))

    def _subscribe(self, event: Any, person: int, at: datetime) -> None:
        self._pay(person, f"{self._tier(person)}-{'year' if self._by_year(person) else 'month'}", at)

    def _renew(self, event: Any, person: int, at: datetime) -> None:
        if not self._by_year(person):
            self._pay(person, f"{self._tier(person)}-month", at)

    def _buy(self, event: Any, person: int, at: datetime) -> None:
        if not self.holdings.holds(person, "course", at):
            self._pay(person, "course", at)

    def _pay(self, person: int, offer: str, at: datetime) -> None:
        told = self._offers[offer]
        for plan in told["plans"]:
            self.holdings.give(person, plan, told["term"], at)
        self.deeds.append(deeds.Paid(at, person, offer, f"{self.told['slug']}-{next(self._charges)}"))

    def _tier(self, person: int) -> str:
        return "full" if self.year.people["variant"][person] else "basic"

    def _by_year(self, person: int) -> bool:
        return bool(self.year.people["renewal"][person] > RENEWS_BY_YEAR)

    # Reading and learning

    def _visit(self, event: Any, person: int, at: datetime) -> None:
        target = self._work(int(event["object"]), at)
        seconds = min(int(event["value"]), 3600)
        self.deeds.append(deeds.Opened(at, person, target))
        later = min(at + timedelta(seconds=seconds), self.now - timedelta(seconds=1))
        self.deeds.append(deeds.Looked(later, person, target, seconds, round(float(event["scroll"]), 2)))

    def _learn(self, event: Any, person: int, at: datetime) -> None:
        """The next lesson that is not done, if it is open by then."""
        lesson = self._done[person]
        if lesson >= len(self.place.lessons) or not self._is_open(person, ("lesson", lesson), at):
            return
        if self.place.lessons[lesson].kind == "quiz":
            passed = self._sit_quiz(person, lesson, at)
        else:
            self.deeds.append(deeds.Completed(at, person, lesson))
            passed = True
        self._done[person] += passed

    def _sit_quiz(self, person: int, lesson: int, at: datetime) -> bool:
        chance = 1 / (1 + np.exp(-1.0 - self.year.people["ability"][person]))
        questions = list(self.place.lessons[lesson].questions.all())
        given, right = [], 0
        for question in questions:
            answer = _right(question) if self.rng.random() < chance else _wrong(question)
            given.append(answer)
            right += is_right(question.kind, question.choices, question.answers, list(answer))
        self.deeds.append(deeds.Quizzed(at, person, lesson, tuple(given)))
        return right * 100 >= self.place.lessons[lesson].pass_percent * len(questions)

    def _work(self, work: int, at: datetime) -> Ref:
        """Which of the real works a simulated one stands for: one of the same opening that was out by then."""
        opening = self.year.works["opening"][work]
        if opening == Opening.PURCHASE:
            return ("lesson", work % len(self.place.lessons)) if work % 3 else ("course", 0)
        out = [
            n
            for n, article in enumerate(self.place.articles)
            if article.published_at and article.published_at < at
            and bool(self._gates[n]) == (opening == Opening.PLAN)
        ]  # fmt: skip
        return ("article", out[work % len(out)]) if out else ("lesson", work % 2)

    def _is_open(self, person: int, target: Ref, at: datetime) -> bool:
        """As the gates will say, or stricter."""
        kind, number = target
        if self._is_staff(person) or kind == "course":
            return True
        if kind == "article":
            gate = self._gates[number]
            return not gate or any(self.holdings.holds(person, plan, at) for plan in self._opens[gate])
        lesson = self.place.lessons[number]
        since = self.holdings.since(person, self._opens["course"], at)
        waits = timedelta(days=lesson.own_gate.delay_days if lesson.own_gate else 0)
        return lesson.is_preview or (since is not None and since + waits <= at)

    def _is_staff(self, person: int) -> bool:
        if person >= self.number:
            return self.roles[person] in ("owner", "mentor")
        return bool(self.year.people["mentor"][person])

    # Talking

    def _ask(self, event: Any, person: int, at: datetime) -> None:
        """A question of the simulated topic where it has words left, else of another: nobody asks like a form."""
        first = int(self.year.questions["topic"][event["object"]])
        topics = [self._topic(first + n) for n in range(len(self.words["topics"]))]
        left = [(topic, words) for topic in topics for words in topic["questions"] if self._is_left(words)]
        if not left:
            return
        topic, words = next(((t, w) for t, w in left if not self._asked[w[0]]), left[0])
        self._asked[words[0]] += 1
        post = self._post(person)
        self._questions[int(event["object"])] = post
        self._topics[post] = topic, str(topic["questions"].index(words))
        title, source = self._fill(words)
        space = next(each["slug"] for each in self.told["spaces"] if each["kind"] == "questions")
        self.deeds.append(deeds.Asked(at, person, post, space, title, source, tuple(topic["tags"])))

    def _is_left(self, words: Sequence[str]) -> bool:
        return self._asked[words[0]] < (ASKED_MAX if "{field}" in words[0] else 1)

    def _fill(self, words: Sequence[str]) -> tuple[str, str]:
        """Title and text about the same community."""
        told = {**self.words, "fields": [pick(self.words["fields"], self.rng)]}
        state = self.rng.integers(2**32)
        title, source = (say(part, told, np.random.default_rng(state)) for part in words)
        return title, source

    def _answer(self, event: Any, person: int, at: datetime) -> None:
        question = self._questions.get(int(event["parent"]))
        if question is None:
            return
        row, (topic, which) = self.year.answers[event["object"]], self._topics[question]
        fitting = [each.partition("|") for each in topic["points"]]
        points = [point for fits, _, point in fitting if which in fits and point not in self._said[question]]
        if not points:
            return
        chosen = [points[n] for n in self.rng.permutation(len(points))[: 2 if row["quality"] > 0.4 else 1]]
        self._said[question].update(chosen)
        opener, closer = pick(self.words["openers"], self.rng), pick(self.words["closers"], self.rng)
        joint = "" if self.place.language == "zh" else " "
        lead = [opener + joint + chosen[0] if opener else chosen[0], *chosen[1:], closer]
        self._answers[int(event["object"])] = post = self._post(person)
        source = "\n\n".join(part for part in lead if part)
        self.deeds.append(deeds.Replied(at, person, post, ("post", question), source, is_answer=True))

    def _accept(self, event: Any, person: int, at: datetime) -> None:
        post = self._answers.get(int(event["object"]))
        if post is None:
            return
        self.deeds.append(deeds.Accepted(at, person, post))
        if self.rng.random() < 0.7:
            root = ("post", self._questions[int(event["parent"])])
            thanks = pick(self.words["thanks"], self.rng)
            later = at + timedelta(seconds=40)
            self.deeds.append(deeds.Replied(later, person, self._post(person), root, thanks, parent=post))

    def _comment(self, event: Any, person: int, at: datetime) -> None:
        row = self.year.comments[event["object"]]
        target = self._work(int(row["parent"]), at)
        if not self._is_open(person, target, at):
            return
        pool = "hollow" if row["collusive"] else f"{target[0]}_comments"
        left = [one for one in self.words.get(pool, ()) if one not in self._said[target]]
        if not left:
            return
        source = pick(left, self.rng)
        self._said[target].add(source)
        self._comments[int(event["object"])] = post = self._post(person)
        self._roots[post] = target
        self.deeds.append(deeds.Replied(at, person, post, target, source))

    def _react(self, event: Any, person: int, at: datetime) -> None:
        number = int(event["object"])
        if event["kind"] == Kind.WORK:
            target = self._work(number, at)
            if self._is_open(person, target, at):
                self._give(person, target, pick(APPLAUSE, self.rng), at)
            return
        known = self._answers if event["kind"] == Kind.ANSWER else self._comments
        post = known.get(number)
        if post is not None and self._is_open(person, self._roots.get(post, ("course", 0)), at):
            self._give(person, ("post", post), "up", at)

    def _give(self, person: int, target: Ref, kind: str, at: datetime) -> bool:
        """A reaction, once each, and never a vote for oneself."""
        own = target[0] == "post" and self._authors[target[1]] == person
        if own or (person, target, kind) in self._given:
            return False
        self._given.add((person, target, kind))
        self.deeds.append(deeds.Reacted(at, person, target, kind))
        return True

    # Threads that were written by hand

    def _play(self, page: pages.Page) -> None:
        top = page.top
        opening, replies = pages.replies(page.text)
        at = (self.now - timedelta(days=top["days_ago"])).replace(microsecond=0)
        asker = self._who(str(top["by"]), at)
        if asker is None or at < self.start:
            return
        thread = self._post(asker)
        tags = tuple(top["tags"])
        self.deeds.append(deeds.Asked(at, asker, thread, top["space"], top["title"], opening, tags))
        if top.get("pinned"):
            self.pinned.append(thread)
        self._vote(thread, at, top.get("votes", 0))
        last = None
        for reply in replies:
            last = self._reply(reply, thread, asker, at, last)

    def _reply(
        self, told: pages.Reply, thread: int, asker: int, begun: datetime, last: int | None
    ) -> int | None:
        at = begun + timedelta(hours=told.hours)
        person = self._who(told.by, begun)
        if person is None or at >= self.now or not self._is_here(person, at):
            return last
        answers = told.kind == "answer"
        parent = last if told.kind == "reply" or (told.kind == "comment" and self._is_answer(last)) else None
        post = self._post(person)
        reply = deeds.Replied(at, person, post, ("post", thread), told.text, parent, answers)
        self.deeds.append(reply)
        if answers:
            self._said["answers"].add(str(post))
        self._vote(post, at, told.votes)
        if told.accepted and at + timedelta(minutes=50) < self.now:
            self.deeds.append(deeds.Accepted(at + timedelta(minutes=50), asker, post))
        return post if answers or last is None or not self._is_answer(last) else last

    def _is_answer(self, post: int | None) -> bool:
        return str(post) in self._said["answers"]

    def _vote(self, post: int, at: datetime, votes: int) -> None:
        for person in self.rng.permutation(self.number):
            later = at + timedelta(hours=float(self.rng.exponential(9.0)) + 0.1)
            later = later.replace(microsecond=0)
            if votes and later < self.now and self._stays(int(person), at):
                votes -= self._give(int(person), ("post", post), "up", later)

    def _who(self, by: str, at: datetime) -> int | None:
        """A member of the cast by handle, or the first simulated person from a number on who is there to stay."""
        if by in self.by_handle:
            person = self.by_handle[by]
            return person if self._is_here(person, at) else None
        first = int(by.removeprefix("by:"))
        order = ((first + n) % self.number for n in range(self.number))
        return next((person for person in order if self._stays(person, at)), None)

    def _stays(self, person: int, at: datetime) -> bool:
        row = self.year.people[person]
        return bool(row["left_second"] < 0 and self.start + timedelta(seconds=int(row["joined_second"])) < at)

    def _is_here(self, person: int, at: datetime) -> bool:
        if person < self.number:
            return self._stays(person, at)
        share = CAST_JOINED.get(self.roles[person], 0.0)
        return (
            self.roles[person] == "owner"
            or self.start + share * (self.now - self.start) + timedelta(hours=2) < at
        )

    # Small things

    def _post(self, person: int) -> int:
        post = next(self._posts)
        self._authors[post] = person
        return post

    def _topic(self, number: int) -> dict[str, Any]:
        topics: list[dict[str, Any]] = self.words["topics"]
        return topics[number % len(topics)]


def _right(question: Any) -> tuple[str, ...]:
    if question.kind in ("one", "many"):
        return tuple(str(n) for n, choice in enumerate(question.choices) if choice["correct"])
    answer = question.answers[0]
    return (f"{answer['value']:g}" if isinstance(answer, dict) else str(answer),)


def _wrong(question: Any) -> tuple[str, ...]:
    if question.kind in ("one", "many"):
        return (next(str(n) for n, choice in enumerate(question.choices) if not choice["correct"]),)
    return ("0",)
