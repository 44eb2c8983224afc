"""The space that a site's questions go into."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from paideia.activity.actions import record
from paideia.spaces.models import Space

from ..keeping import Keeping, digest_of

KEY = "space:questions"


def questions_space(keeping: Keeping) -> Space:
    """Made at the first need, open to every member; found again ever after, however it was renamed."""
    kept = keeping.find_one(KEY)
    if kept is not None:
        return Space.objects.select_related("gate").get(pk=kept.object_id)
    community = keeping.community
    with override(community.language):
        name = _("Questions and answers")
    space = Space.objects.create(
        community=community, slug=_free_slug(keeping), name=name, kind=Space.Kind.QUESTIONS
    )
    record("space.created", community=community, object=space, imported=True)
    keeping.remember("space", [(KEY, space.pk, digest_of(name))])
    return space


def _free_slug(keeping: Keeping) -> str:
    taken = set(Space.objects.filter(community=keeping.community).values_list("slug", flat=True))
    slugs = ("questions" if n == 1 else f"questions-{n}" for n in range(1, len(taken) + 2))
    return next(slug for slug in slugs if slug not in taken)
