"""Making spaces and changing them. A circle brings its own plan, held by its members, and gate."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Plan
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.lib.handles import slugify
from paideia.lib.refusal import Invalid
from paideia.lib.text import clean_line
from paideia.spaces.models import Space
from paideia.spaces.refusals import AddressTaken, NoSuchSpace, NotPermitted, OpenWorksInside

EDITABLE = frozenset({"name", "slug", "purpose", "kind", "join_questions"})


@transaction.atomic
def create_space(
    *,
    viewer: Viewer,
    name: str,
    slug: str = "",
    kind: str = Space.Kind.DISCUSSION,
    purpose: str = "",
    joining: str = Space.Joining.EVERYBODY,
    join_questions: Sequence[str] = (),
    gate: Gate | None = None,
    shows: str = Gate.Shows.TITLE,
) -> Space:
    """A new space, after the others. Needs spaces.manage.

    A circle gets a plan and a gate of its own, below `gate` if one is given; `shows` is what others see of it.
    Raises AddressTaken, and Invalid for a gate of another community.
    """
    _must_manage(viewer, None)
    if not name.strip():
        raise Invalid(_("Give the space a name."))
    _check_gate(viewer, gate)
    last = Space.objects.filter(community=viewer.community).aggregate(Max("position"))["position__max"]
    space = Space(
        community=viewer.community,
        name=clean_line(name)[:80],
        slug=(slug or _free_slug(viewer, name))[:60],
        kind=Space.Kind(kind),
        purpose=clean_line(purpose)[:300],
        joining=Space.Joining(joining),
        join_questions=list(join_questions),
        position=0 if last is None else last + 1,
        gate=gate,
    )
    if space.is_circle:
        _make_circle(space, shows)
    _save(space)
    record("space.created", community=viewer.community, actor=viewer.user, object=space)
    return space


@transaction.atomic
def edit_space(
    *,
    viewer: Viewer,
    space: Space,
    joining: str | None = None,
    gate: Gate | None = None,
    change_gate: bool = False,
    shows: str | None = None,
    **fields: Any,
) -> Space:
    """Change a space. Needs spaces.manage; changing who may read in it (joining from or to a circle, `gate` with
    `change_gate`) also access.manage. What stands in the space follows at once, in the same transaction.

    Raises AddressTaken, OpenWorksInside.
    """
    row = _locked(viewer, space)
    if unknown := fields.keys() - EDITABLE:
        raise Invalid(_("A space has no such field: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(row, name, clean_line(value) if isinstance(value, str) else value)
    before = row.gate_id
    if joining is not None:
        _change_joining(viewer, row, Space.Joining(joining))
    if change_gate and not row.is_circle:
        _check_gate(viewer, gate)
        row.gate = gate
    if shows is not None and row.is_circle:
        Gate.objects.filter(spaces=row).update(shows=Gate.Shows(shows))
    if row.gate_id != before:
        if not viewer.may("access.manage"):
            raise NotPermitted()
        _move_works(row, before)
    _save(row)
    record("space.changed", community=viewer.community, actor=viewer.user, object=row, gate=row.gate_id)
    return row


@transaction.atomic
def archive_space(*, viewer: Viewer, space: Space) -> Space:
    """Take a space out of the lists. What is in it can still be read. Needs spaces.manage. Safe to repeat."""
    return _archived(viewer, space, True)


@transaction.atomic
def restore_space(*, viewer: Viewer, space: Space) -> Space:
    """Bring an archived space back. Needs spaces.manage. Safe to repeat."""
    return _archived(viewer, space, False)


@transaction.atomic
def order_spaces(*, viewer: Viewer, ids: Sequence[int]) -> None:
    """Put spaces into this order; those not named come after. Needs spaces.manage."""
    _must_manage(viewer, None)
    rows = {row.pk: row for row in Space.objects.select_for_update().filter(community=viewer.community)}
    wanted = [pk for pk in dict.fromkeys(ids) if pk in rows]
    rest = [pk for pk in rows if pk not in wanted]
    for position, pk in enumerate([*wanted, *rest]):
        rows[pk].position = position
    Space.objects.bulk_update(rows.values(), ["position"])
    record("space.changed", community=viewer.community, actor=viewer.user, ordered=True)


def _must_manage(viewer: Viewer, space: Space | None) -> None:
    if space is not None and space.community_id != viewer.community.pk:
        raise NoSuchSpace()
    if not viewer.may("spaces.manage"):
        raise NotPermitted()


def _locked(viewer: Viewer, space: Space) -> Space:
    _must_manage(viewer, space)
    return Space.objects.select_for_update(of=("self",)).select_related("gate", "plan").get(pk=space.pk)


def _check_gate(viewer: Viewer, gate: Gate | None) -> None:
    if gate is not None and gate.community_id != viewer.community.pk:
        raise Invalid(_("That gate belongs to another community."))


def _make_circle(space: Space, shows: str) -> None:
    """The gate asks for the circle's plan; a gate that was there becomes the one above it."""
    key = f"circle-{uuid4().hex[:12]}"
    space.plan = Plan.objects.create(
        community=space.community, key=key, name=space.name, kind=Plan.Kind.CIRCLE, position=1000
    )
    gate = Gate.objects.create(
        community=space.community, name=space.name, parent=space.gate, shows=Gate.Shows(shows)
    )
    gate.plans.set([space.plan])
    space.gate = gate


def _change_joining(viewer: Viewer, space: Space, joining: str) -> None:
    was_circle = space.is_circle
    space.joining = joining
    if space.is_circle and not was_circle:
        if space.plan_id and space.gate_id and space.gate and space.plan in space.gate.plans.all():
            return  # it was a circle before: whoever is in stays in
        _make_circle(space, Gate.Shows.TITLE)
    elif was_circle and not space.is_circle:
        space.gate = space.gate.parent if space.gate else None
        space.plan = None


def _move_works(space: Space, before: int | None) -> None:
    """Rows that stand in the space behind its gate go behind the new one. Rooms above hold them: they are found by
    their columns `space` and `gate`, as every readable row has."""
    inside = _gates_inside(space.gate)
    for model, name in _readable_models():
        rows = model._default_manager.filter(**{name: space})
        stray = rows.exclude(gate=before).exclude(gate__in=inside).exclude(gate=None)
        if before is not None:
            # None stood inside a guarded space only by mistake; it follows as well.
            rows = rows.filter(models.Q(gate=before) | models.Q(gate=None))
        else:
            rows = rows.filter(gate=None)
        if space.gate_id is not None and (number := stray.count()):
            raise OpenWorksInside(number)
        rows.update(gate=space.gate)


def _readable_models() -> list[tuple[Any, str]]:
    found = []
    for relation in Space._meta.related_objects:
        fields = {field.name: field for field in relation.related_model._meta.fields}
        if "gate" in fields and fields["gate"].related_model is Gate:
            found.append((relation.related_model, relation.field.name))
    return found


def _gates_inside(gate: Gate | None) -> set[int]:
    """A gate and all below it."""
    if gate is None:
        return set()
    inside, last = {gate.pk}, {gate.pk}
    while last:
        last = set(Gate.objects.filter(parent__in=last).values_list("pk", flat=True)) - inside
        inside |= last
    return inside


def _save(space: Space) -> None:
    try:
        with transaction.atomic():
            space.save()
    except IntegrityError as error:
        if "space_once" not in str(error):
            raise
        raise AddressTaken(space.slug) from error


def _free_slug(viewer: Viewer, name: str) -> str:
    slug = slugify(name)[:50] or "space"
    rows = Space.objects.filter(community=viewer.community, slug__startswith=slug)
    taken = set(rows.values_list("slug", flat=True))
    return (
        slug
        if slug not in taken
        else next(f"{slug}-{n}" for n in range(2, 10_000) if f"{slug}-{n}" not in taken)
    )


def _archived(viewer: Viewer, space: Space, archived: bool) -> Space:
    row = _locked(viewer, space)
    if (row.archived_at is not None) != archived:
        row.archived_at = timezone.now() if archived else None
        row.save(update_fields=["archived_at"])
        record("space.changed", community=viewer.community, actor=viewer.user, object=row, archived=archived)
    return row
