"""Uploaded images in a rendered text: each screen loads the size that it needs."""

import re

from paideia.content.models import Media

# Only images whose address is a file of ours; the rest of the tag is as the sanitiser wrote it.
_IMAGE = re.compile(r'<img ((?:[^>]*?\s)?)src="((?:/c/[a-z0-9-]{1,40})?/media/(\d{1,18})/[^"?#]*)"([^>]*)>')
_SIZES = "(min-width: 48rem) 42rem, 100vw"


def with_variants(html: str, community_id: int) -> str:
    """`html` with `srcset`, `sizes` and the true size on the images that the community stores."""
    ids = {int(match[3]) for match in _IMAGE.finditer(html)}
    if not ids:
        return html
    images = Media.objects.filter(community_id=community_id, pk__in=ids, kind=Media.Kind.IMAGE).in_bulk()

    def dressed(match: re.Match[str]) -> str:
        media = images.get(int(match[3]))
        if media is None:
            return match[0]
        return f'<img {match[1]}src="{match[2]}"{attributes(media, match[2], match[1] + match[4])}{match[4]}>'

    return _IMAGE.sub(dressed, html)


def attributes(media: Media, path: str, present: str = "") -> str:
    """`srcset`, `sizes`, `width` and `height` for an <img> that shows `media` at `path`."""
    parts = []
    if media.variants and media.width:
        sources = [f"{path}?w={width} {width}w" for width in sorted(map(int, media.variants))]
        sources.append(f"{path} {media.width}w")
        parts.append(f'srcset="{", ".join(sources)}" sizes="{_SIZES}"')
    if media.width and media.height and " width=" not in f" {present}" and " height=" not in f" {present}":
        parts.append(f'width="{media.width}" height="{media.height}"')
    return "".join(f" {part}" for part in parts)
