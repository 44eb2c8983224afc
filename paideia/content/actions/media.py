"""Files that people upload: examined, stored once by their content, and tied to the document that shows
them."""

from hashlib import sha256
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from paideia.access.viewer import look
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.content.files import accept
from paideia.content.models import Document, Media
from paideia.lib.filenames import safe_filename
from paideia.lib.refusal import Invalid, NotAllowed

NAME_CHARACTERS_MAX = 120
PERMISSIONS = ("content.write", "threads.open", "comments.post")


def store_media(
    *,
    community: Community,
    uploader: User | None,
    file: BinaryIO | File,
    name: str,
    document: Document | None = None,
) -> Media:
    """Keep a file. Images are drawn anew, smaller sizes of them are made, and what is not safe to give to
    others is refused with Invalid. With `document` the file belongs to it at once, behind its divider;
    without, it is its uploader's until a saved text shows it.

    Bytes are stored before the row and under their own digest: a crash leaves at most bytes that nobody links
    to.
    """
    if uploader is not None:
        viewer = look(community, uploader)
        if not any(map(viewer.may, PERMISSIONS)):
            raise NotAllowed(_("Your role does not include uploading files."))
    accepted = accept(cast("BinaryIO", file), name, bytes_max=settings.UPLOAD_BYTES_MAX)
    digest, key, size = _store(community, accepted.file, accepted.suffix)
    variants = {
        str(width): _store(community, small, ".webp")[1] for width, small in accepted.variants.items()
    }
    return Media.objects.create(
        community=community,
        uploader=uploader,
        document=document,
        kind=accepted.kind,
        name=safe_filename(name, suffix=accepted.suffix, characters_max=NAME_CHARACTERS_MAX),
        media_type=accepted.media_type,
        digest=digest,
        storage_key=key,
        bytes=size,
        width=accepted.width,
        height=accepted.height,
        variants=variants,
    )


def attach(media: Media, document: Document) -> Media:
    """Make a file part of a document, readable with its full text. Raises Invalid if it is part of
    another."""
    return _tie(media, document, after_divider=True)


def use_as_cover(media: Media | None, document: Document) -> Media | None:
    """Make an image a document's cover: whoever sees its preview sees it."""
    if media is None:
        return None
    if media.kind != Media.Kind.IMAGE:
        raise Invalid(_("A cover is a picture: choose a JPEG, PNG or WebP file."))
    return _tie(media, document, after_divider=False)


@transaction.atomic
def _tie(media: Media, document: Document, *, after_divider: bool) -> Media:
    row = Media.objects.select_for_update().get(pk=media.pk)
    if row.community_id != document.community_id or row.document_id not in (None, document.pk):
        raise Invalid(
            _("“%(name)s” belongs to another work. Upload it again for this one.") % {"name": row.name}
        )
    row.document, row.after_divider = document, after_divider
    row.save(update_fields=["document", "after_divider"])
    return row


def _store(community: Community, file: File, suffix: str) -> tuple[str, str, int]:
    """Digest, key and size of stored bytes. The same bytes of a community are stored once and never
    change."""
    digest = sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(1024 * 1024):
        digest.update(chunk)
        size += len(chunk)
    name = digest.hexdigest()
    key = f"{community.pk}/{name[:2]}/{name}{suffix}"
    if not default_storage.exists(key):
        file.seek(0)
        stored = default_storage.save(key, File(file))
        if stored != key:  # somebody stored the same bytes meanwhile
            default_storage.delete(stored)
    return name, key, size
