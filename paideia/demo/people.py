"""Names and words of simulated people, drawn from the pools of a language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from paideia.accounts.models import User
from paideia.demo import pages
from paideia.lib.handles import skeleton


def draw(language: str, number: int, rng: np.random.Generator) -> list[User]:
    """That many unsaved people, each with a handle that nobody has."""
    told = pages.phrases(language)
    names = list(_chinese(told) if language == "zh" else _western(told))
    order = rng.permutation(len(names))
    taken = set(User.objects.values_list("handle_skeleton", flat=True))
    people = []
    for place in range(number):
        name, stem = names[order[place % len(names)]]
        people.append(_person(told, name, _free(stem, taken), rng))
    return people


def say(template: str, told: dict[str, Any], rng: np.random.Generator) -> str:
    """A template with a field of interest, a size and an age filled in."""
    number = int(rng.integers(3, 40)) * 10
    months = int(rng.integers(2, 30))
    said = template.format(field=pick(told["fields"], rng), n=number, m=months)
    return said[:1].upper() + said[1:]


def pick(pool: Sequence[Any], rng: np.random.Generator) -> Any:
    return pool[int(rng.integers(len(pool)))]


def _person(told: dict[str, Any], name: str, handle: str, rng: np.random.Generator) -> User:
    chatty = rng.random() < 0.7
    interests = [told["fields"][n] for n in rng.permutation(len(told["fields"]))[: rng.integers(1, 4)]]
    user = User(
        handle=handle,
        handle_skeleton=skeleton(handle),
        name=name,
        bio=say(pick(told["bios"], rng), told, rng) if chatty else "",
        occupation=pick(told["occupations"], rng) if chatty else "",
        interests=interests if chatty else [],
    )
    user.set_unusable_password()
    return user


def _free(stem: str, taken: set[str]) -> str:
    """The stem, or with the first number that makes it free; look-alikes count as taken."""
    number = 1
    while skeleton(handle := stem if number == 1 else f"{stem}{number}") in taken:
        number += 1
    taken.add(skeleton(handle))
    return handle


def _chinese(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Surname and given name in characters; the handle is their sound."""
    for (surname, sound), (given, its_sound) in product(_pairs(told["surnames"]), _pairs(told["given"])):
        yield surname + given, sound + its_sound


def _western(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for first, last in product(told["first"].split(), told["last"].split()):
        yield f"{first} {last}", f"{first}{last}".lower()


def _pairs(words: str) -> list[tuple[str, str]]:
    each = words.split()
    return list(zip(each[::2], each[1::2], strict=True))
