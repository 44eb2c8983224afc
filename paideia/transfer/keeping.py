"""Which outside thing became which row, and what it said when it was last brought in."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from paideia.communities.models import Community

from .models import ImportedObject


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of ours that came from outside."""

    kind: str
    object_id: int
    digest: str


class Keeping:
    """The map of one source in one community, read and written a batch at a time."""

    def __init__(self, community: Community, source: str) -> None:
        self.community, self.source = community, source

    def find(self, external_ids: Iterable[str]) -> dict[str, Kept]:
        """Those of the outside ids that are already here."""
        rows = ImportedObject.objects.filter(
            community=self.community, source=self.source, external_id__in=list(external_ids)
        )
        return {row.external_id: Kept(row.object_kind, row.object_id, row.digest) for row in rows}

    def find_one(self, external_id: str) -> Kept | None:
        return self.find([external_id]).get(external_id)

    def remember(self, kind: str, rows: Iterable[tuple[str, int, str]]) -> None:
        """Note (outside id, id of our row, digest) for each; an id that is known gets the new digest."""
        ImportedObject.objects.bulk_create(
            (
                ImportedObject(
                    community=self.community,
                    source=self.source,
                    external_id=external_id,
                    object_kind=kind,
                    object_id=object_id,
                    digest=digest,
                )
                for external_id, object_id, digest in rows
            ),
            update_conflicts=True,
            unique_fields=["community", "source", "external_id"],
            update_fields=["object_kind", "object_id", "digest"],
        )


def digest_of(*values: object) -> str:
    """Equal for equal values; values are plain or frozen dataclasses of such, whose repr is exact."""
    return sha256(repr(values).encode()).hexdigest()
