"""One account, several people: sign-ins too far apart in too little time, and sessions side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paideia.science.checks import Floats, Ints, positive, same_length, vector, whole
from paideia.science.errors import OutOfRange

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def great_circle_km(
    latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike, to_longitude: ArrayLike
) -> Floats:
    """Distance over the sphere in km, degrees given: 2R·asin √(sin²(Δφ/2) + cos φ·cos φ'·sin²(Δλ/2)).

    The haversine form (Sinnott 1984); within .6 % of the distance on the ellipsoid.
    """
    a, b = np.radians(np.asarray(latitude, dtype=float)), np.radians(np.asarray(to_latitude, dtype=float))
    across = np.radians(np.asarray(to_longitude, dtype=float) - np.asarray(longitude, dtype=float))
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    distance: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    return distance


@dataclass(frozen=True, slots=True)
class Journeys:
    """Pairs of sign-ins that one person could not have made, fastest first."""

    account: Ints
    before: Ints
    """Row of the earlier sign-in."""
    after: Ints
    distance_km: Floats
    hours: Floats
    speed_kmh: Floats
    """`inf` for two places in the same second."""


def impossible_journeys(
    account: ArrayLike,
    second: ArrayLike,
    latitude: ArrayLike,
    longitude: ArrayLike,
    *,
    speed_max_kmh: float = 1000.0,
    distance_min_km: float = 100.0,
) -> Journeys:
    """Neighbouring sign-ins of an account that are farther apart than `speed_max_kmh` allows.

    Distances below `distance_min_km` are not judged: an address tells a place no better than that. Someone
    who turns a tunnel (VPN) on or off seems to fly as well; known tunnels should be left out first.

    Raises `OutOfRange`.
    """
    who, when = whole(account, "account"), vector(second, "second")
    north, east = vector(latitude, "latitude"), vector(longitude, "longitude")
    same_length(account=who, second=when, latitude=north, longitude=east)
    if np.abs(north).max() > 90 or np.abs(east).max() > 360:
        raise OutOfRange("latitude must lie in [-90, 90] degrees and longitude in [-360, 360]")
    positive(speed_max_kmh, "speed_max_kmh")
    order = np.lexsort((when, who))
    before, after = order[:-1], order[1:]
    same = who[before] == who[after]
    before, after = before[same], after[same]
    distance = great_circle_km(north[before], east[before], north[after], east[after])
    hours = (when[after] - when[before]) / 3600
    speed = np.divide(distance, hours, out=np.full(len(hours), np.inf), where=hours > 0)
    found = np.flatnonzero((distance >= distance_min_km) & (speed > speed_max_kmh))
    found = found[np.argsort(-speed[found], kind="stable")]
    return Journeys(
        who[before[found]], before[found], after[found], distance[found], hours[found], speed[found]
    )


@dataclass(frozen=True, slots=True)
class Parallel:
    """How much each account was used by several sessions at once; one row for each account, sorted."""

    account: Ints
    most: Ints
    """Sessions at the same moment, at most."""
    parallel_seconds: Floats
    """Time with at least two sessions."""
    used_seconds: Floats
    """Time with at least one."""

    @property
    def share(self) -> Floats:
        """Part of the time used that was used at least twice."""
        share: Floats = self.parallel_seconds / np.maximum(self.used_seconds, 1e-12)
        return share


def parallel_sessions(account: ArrayLike, start: ArrayLike, end: ArrayLike) -> Parallel:
    """Overlap of the sessions [start, end) of each account, in seconds.

    A sweep over all beginnings and ends in order of (account, second); where one session ends as the next
    begins, they do not overlap. Give the sessions of one device as one (or its longest), since a person
    with two tabs is still one person.

    Raises `OutOfRange`.
    """
    who, begin, finish = whole(account, "account"), vector(start, "start"), vector(end, "end")
    same_length(account=who, start=begin, end=finish)
    if (finish < begin).any():
        raise OutOfRange("end must not lie before start")
    names, code = np.unique(who, return_inverse=True)
    owner, moment = np.concatenate((code, code)), np.concatenate((begin, finish))
    step = np.repeat(np.array([1, -1]), len(code))
    order = np.lexsort((step, moment, owner))  # at the same second, ends stand before beginnings
    owner, moment, step = owner[order], moment[order], step[order]
    running = np.cumsum(step)  # every account ends at 0, so the next one starts at 0
    lasts = np.append(np.diff(moment), 0.0)  # between accounts nothing runs, so the gap does not count
    most = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(most, owner, running)
    parallel, used = (
        np.bincount(owner, np.where(running >= many, lasts, 0.0), len(names)).astype(np.float64)
        for many in (2, 1)
    )
    return Parallel(names, most, parallel, used)
