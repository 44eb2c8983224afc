"""The rules of access once more: slow, plain, row by row, to hold `look` and `explain` against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Given:
    plan: int
    starts_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None = None


@dataclass
class Door:
    """A gate: `above` is the index of its parent among the doors."""

    plans: list[int] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    level_min: int | None = None
    above: int | None = None
    shows: str = "preview"
    opens_at: datetime | None = None
    delay_days: int = 0
    milestone: str = ""


@dataclass
class Person:
    role: str | None = None  # None: was never a member
    reads_all: bool = False
    level: int = 1
    joined_at: datetime | None = None
    left_at: datetime | None = None
    suspended: list[tuple[datetime, datetime | None, datetime | None]] = field(default_factory=list)
    grants: list[Given] = field(default_factory=list)
    milestones: dict[str, datetime] = field(default_factory=dict)


class Twin:
    def __init__(
        self, person: Person, doors: list[Door], *, is_public: bool, now: datetime, is_past: bool
    ) -> None:
        self.person, self.doors, self.now, self.is_past = person, doors, now, is_past
        self.is_public = is_public

    def is_suspended(self) -> bool:
        for at, until, lifted_at in self.person.suspended:
            if self.is_past and at > self.now:
                continue
            if until is not None and until <= self.now:
                continue
            if lifted_at is None or (self.is_past and lifted_at > self.now):
                return True
        return False

    def is_member(self) -> bool:
        person = self.person
        if person.role is None or self.is_suspended():
            return False
        if self.is_past and person.joined_at > self.now:
            return False
        return person.left_at is None or (self.is_past and person.left_at > self.now)

    def may_enter(self) -> bool:
        return self.is_public or self.is_member()

    def held_since(self, plan: int) -> datetime | None:
        if self.is_suspended():
            return None
        begun = []
        for given in self.person.grants:
            revoked = given.revoked_at is not None and not (self.is_past and given.revoked_at > self.now)
            if given.plan == plan and given.starts_at <= self.now and not revoked:
                begun.append(given)
        if any(given.ends_at is None or given.ends_at > self.now for given in begun):
            return min(given.starts_at for given in begun)
        return None

    def opens_since(self, number: int) -> datetime | None:
        """Since when somebody or something holds this door open, delays and doors above left aside."""
        door = self.doors[number]
        if not door.plans and not door.roles and door.level_min is None:
            if door.above is not None:
                return self.opens_since(door.above)
            return self.person.joined_at if self.is_member() else None
        since = [at for plan in door.plans if (at := self.held_since(plan)) is not None]
        if self.is_member():
            if self.person.role in door.roles:
                since.append(self.person.joined_at)
            if door.level_min is not None and self.person.level >= door.level_min:
                since.append(self.person.joined_at)
        return min(since) if since else None

    def stands_open(self, number: int) -> bool:
        """This door alone."""
        door, since = self.doors[number], self.opens_since(number)
        if since is None:
            return False
        if door.opens_at is not None and door.opens_at > self.now:
            return False
        if door.milestone:
            reached_at = self.person.milestones.get(door.milestone)
            if reached_at is None or (self.is_past and reached_at > self.now):
                return False
        return door.delay_days == 0 or since + timedelta(days=door.delay_days) <= self.now

    def is_open(self, number: int) -> bool:
        """This door and all above it."""
        above = self.doors[number].above
        return self.stands_open(number) and (above is None or self.is_open(above))

    def may_read(self, number: int) -> bool:
        reads_all = self.is_member() and self.person.reads_all
        return self.may_enter() and (reads_all or self.is_open(number))

    def shown(self, number: int) -> str:
        """What may be seen of what is behind the closed door: the least of what the closed doors show."""
        order = ["nothing", "title", "preview"]
        closed, at = [], number
        while at is not None:
            if not self.stands_open(at):
                closed.append(self.doors[at].shows)
            at = self.doors[at].above
        return min(closed, key=order.index)
