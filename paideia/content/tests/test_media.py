"""Files: what is taken, what becomes of it, and who may load it."""

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from paideia.access.models import Gate
from paideia.content.actions import publish, remove_document, save_article, save_column, store_media
from paideia.content.files import accept
from paideia.content.models import Media
from paideia.lib.refusal import Invalid, NotAllowed
from tests.cast import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def gate(community: Any, tier: Any) -> Gate:
    gate = Gate.objects.create(community=community, name="Members who pay")
    gate.plans.add(tier)
    return gate


def picture(width: int = 1200, height: int = 700, kind: str = "JPEG", **saved: Any) -> io.BytesIO:
    body = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(body, kind, **saved)
    body.seek(0)
    return body


def path_of(media: Media) -> str:
    return f"/c/agora/media/{media.pk}/{media.name}"


def status_for(media: Media, *users: Any) -> list[int]:
    from django.test import Client

    clients = [sign_in(user) if user else Client() for user in users]
    return [client.get(path_of(media)).status_code for client in clients]


def test_a_picture_is_drawn_anew_in_several_sizes_without_where_it_was_taken(
    community: Any, mentor: Any
) -> None:
    exif = Image.Exif()
    exif[0x9286] = "SECRET NOTE"
    exif.get_ifd(0x8825)[1] = "N"
    media = store_media(community=community, uploader=mentor, file=picture(exif=exif), name="我的 图?.JPG")
    stored = default_storage.open(media.storage_key).read()
    assert (media.name, media.media_type, media.width, media.height) == (
        "我的-图.webp",
        "image/webp",
        1200,
        700,
    )
    assert sorted(media.variants) == ["480", "960"]
    assert (b"SECRET" in stored, dict(Image.open(io.BytesIO(stored)).getexif())) == (False, {})
    sizes = [Image.open(default_storage.open(key)).size for _width, key in sorted(media.variants.items())]
    assert sizes == [(480, 280), (960, 560)]


def test_a_picture_lying_on_its_side_is_set_upright(community: Any, mentor: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    media = store_media(community=community, uploader=mentor, file=picture(300, 200, exif=exif), name="a.jpg")
    assert (media.width, media.height) == (200, 300)


def test_the_same_bytes_are_stored_once(community: Any, mentor: Any) -> None:
    rows = [
        store_media(community=community, uploader=mentor, file=io.BytesIO(b"%PDF-1.7 x"), name=name)
        for name in ("a.pdf", "b.pdf")
    ]
    assert (rows[0].storage_key == rows[1].storage_key, rows[0].digest == rows[1].digest) == (True, True)
    assert [row.name for row in rows] == ["a.pdf", "b.pdf"]


def huge_png(side: int) -> bytes:
    """A picture of many pixels in few bytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("empty.png", b""),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("page.jpg", b"<!doctype html><script>alert(1)</script>"),
        ("page.txt\x00.html", b"<html>"),
        ("cut.jpg", b"\xff\xd8\xff\xe0 and then nothing"),
        ("huge.png", huge_png(50_000)),
        ("long.png", huge_png(2_000_000)),
        ("program.exe", b"MZ\x90\x00"),
        ("broken.zip", b"PK\x03\x04 and then nothing"),
        ("binary.txt", b"text \x00 and more"),
        ("latin.csv", b"caf\xe9,1"),
    ],
)
def test_what_is_not_safe_to_give_to_others_is_refused(
    community: Any, mentor: Any, name: str, body: bytes
) -> None:
    with pytest.raises(Invalid):
        store_media(community=community, uploader=mentor, file=io.BytesIO(body), name=name)
    assert Media.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "body", "kind", "media_type"),
    [
        ("a.pdf", b"%PDF-1.7", "file", "application/pdf"),
        ("a.html", b"%PDF-1.7", "file", "application/pdf"),
        ("a.mp3", b"ID3\x04\x00", "audio", "audio/mpeg"),
        ("a.mp4", b"\x00\x00\x00\x20ftypisom", "video", "video/mp4"),
        ("a.m4a", b"\x00\x00\x00\x20ftypM4A ", "audio", "audio/mp4"),
        ("a.webm", b"\x1a\x45\xdf\xa3", "video", "video/webm"),
        ("a.csv", "naïve,1\n".encode(), "file", "text/csv"),
    ],
)
def test_a_file_is_what_its_bytes_say(name: str, body: bytes, kind: str, media_type: str) -> None:
    accepted = accept(io.BytesIO(body), name, bytes_max=1000)
    assert (accepted.kind, accepted.media_type) == (kind, media_type)


def test_an_office_file_is_told_from_a_zip_without_unpacking_it() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/passwd", "x")
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    assert accept(body, "a.zip", bytes_max=10**6).suffix == ".docx"


def test_a_file_larger_than_the_limit_is_refused_by_its_size() -> None:
    with pytest.raises(Invalid):
        accept(io.BytesIO(b"%PDF" + b"0" * 2000), "a.pdf", bytes_max=1000)


def test_a_picture_before_the_divider_is_for_all_and_one_behind_it_for_readers(
    community: Any, mentor: Any, member: Any, visitor: Any, gate: Gate
) -> None:
    free, paid = (
        store_media(community=community, uploader=mentor, file=picture(100, 60), name=f"{name}.jpg")
        for name in ("free", "paid")
    )
    source = f"![free]({path_of(free)})\n\n---paywall---\n\n![paid]({path_of(paid)})"
    document = save_article(community=community, author=mentor, title="T", source=source, gate=gate)
    people = (mentor, member, visitor, None)
    assert (status_for(free, *people), status_for(paid, *people)) == (
        [200, 404, 404, 404],
        [200, 404, 404, 404],
    )
    publish(document=document, by=None)
    assert (status_for(free, *people), status_for(paid, *people)) == (
        [200, 200, 200, 200],
        [200, 200, 404, 404],
    )
    remove_document(document=document, by=mentor)
    assert (status_for(free, *people), status_for(paid, *people)) == ([404] * 4, [404] * 4)


def test_an_upload_is_its_uploader_s_until_a_text_shows_it(
    community: Any, mentor: Any, owner: Any, stranger: Any
) -> None:
    media = store_media(community=community, uploader=mentor, file=picture(50, 50), name="a.jpg")
    assert status_for(media, mentor, owner, stranger, None) == [200, 404, 404, 404]


def test_nobody_opens_a_paid_file_by_linking_it_in_a_text_of_their_own(
    community: Any, mentor: Any, admin: Any, visitor: Any, gate: Gate
) -> None:
    paid = store_media(community=community, uploader=mentor, file=picture(50, 50), name="a.jpg")
    source = f"---paywall---\n\n![]({path_of(paid)})"
    publish(
        document=save_article(community=community, author=mentor, title="T", source=source, gate=gate),
        by=None,
    )
    copied = save_article(
        community=community, author=admin, title="C", source=f"![]({path_of(paid)})", by=admin
    )
    publish(document=copied, by=None)
    assert status_for(paid, visitor) == [404]


def test_forbidden_and_absent_files_answer_alike(community: Any, mentor: Any, visitor: Any) -> None:
    media = store_media(community=community, uploader=mentor, file=picture(50, 50), name="a.jpg")
    client = sign_in(visitor)
    forbidden, absent = (client.get(f"/c/agora/media/{pk}/a.webp") for pk in (media.pk, media.pk + 1000))
    assert (forbidden.status_code, absent.status_code) == (404, 404)
    assert len(forbidden.content) - len(str(media.pk)) == len(absent.content) - len(str(media.pk + 1000))


def test_a_file_of_another_community_does_not_exist_here(community: Any, mentor: Any, owner: Any) -> None:
    from paideia.communities.actions import create_community

    create_community(by=owner, slug="other", name="Other")
    media = store_media(community=community, uploader=mentor, file=picture(50, 50), name="a.jpg")
    assert sign_in(owner).get(f"/c/other/media/{media.pk}/{media.name}").status_code == 404


def test_files_are_downloads_that_run_nowhere(community: Any, mentor: Any) -> None:
    media = store_media(
        community=community, uploader=mentor, file=io.BytesIO(b"%PDF-1.7 words"), name="账 单.pdf"
    )
    answer = sign_in(mentor).get(path_of(media))
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''%E8%B4%A6-%E5%8D%95.pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 words"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "status", "said", "body"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"ID3\x04"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=-2", 206, "bytes 8-9/10", b"89"),
        ("bytes=5-999", 206, "bytes 5-9/10", b"56789"),
        ("bytes=10-", 416, "bytes */10", b""),
        ("bytes=5-2", 416, "bytes */10", b""),
        ("bytes=-0", 416, "bytes */10", b""),
        ("pages=1", 200, None, b"ID3\x04456789"),
    ],
)
def test_a_recording_is_played_from_any_place(
    community: Any, mentor: Any, asked: str, status: int, said: str | None, body: bytes
) -> None:
    media = store_media(community=community, uploader=mentor, file=io.BytesIO(b"ID3\x04456789"), name="a.mp3")
    answer = sign_in(mentor).get(path_of(media), headers={"Range": asked})
    got = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert (answer.status_code, answer.get("Content-Range"), got) == (status, said, body)


def test_what_the_browser_has_is_not_sent_again(community: Any, mentor: Any) -> None:
    media = store_media(community=community, uploader=mentor, file=picture(50, 50), name="a.jpg")
    client = sign_in(mentor)
    tag = client.get(path_of(media))["ETag"]
    assert client.get(path_of(media), headers={"If-None-Match": tag}).status_code == 304


def test_pages_offer_each_screen_the_size_it_needs(community: Any, mentor: Any) -> None:
    media = store_media(community=community, uploader=mentor, file=picture(), name="a.jpg")
    document = save_article(community=community, author=mentor, title="T", source=f"![A]({path_of(media)})")
    path = path_of(media)
    assert f'srcset="{path}?w=480 480w, {path}?w=960 960w, {path} 1200w"' in document.html
    small = sign_in(mentor).get(f"{path}?w=480")
    assert Image.open(io.BytesIO(b"".join(small.streaming_content))).size == (480, 280)  # type: ignore[attr-defined]


def test_a_cover_is_seen_where_its_work_is_listed(community: Any, mentor: Any, gate: Gate) -> None:
    cover = store_media(community=community, uploader=mentor, file=picture(600, 300), name="a.jpg")
    column = save_column(community=community, author=mentor, title="C", source="x", gate=gate, cover=cover)
    publish(document=column, by=None)
    assert status_for(cover, None) == [200]
    gate.shows = "title"
    gate.save()
    assert status_for(cover, None) == [404]


def test_only_who_may_write_uploads(
    community: Any, mentor: Any, visitor: Any, stranger: Any, anonymous: Any
) -> None:
    def sent() -> dict[str, Any]:
        return {"file": SimpleUploadedFile("a.jpg", picture(50, 50).read(), "image/jpeg")}

    answer = sign_in(mentor).post("/c/agora/uploads/", sent())
    media = Media.objects.get()
    assert (answer.status_code, answer.json()["markdown"]) == (201, f"![a]({path_of(media)})")
    assert sign_in(visitor).post("/c/agora/uploads/", sent()).status_code == 201
    assert anonymous.post("/c/agora/uploads/", sent()).status_code == 302
    refused = sign_in(mentor).post("/c/agora/uploads/", {"file": SimpleUploadedFile("a.svg", b"<svg/>")})
    assert (refused.status_code, list(refused.json())) == (422, ["error"])
    with pytest.raises(NotAllowed):
        store_media(community=community, uploader=stranger, file=picture(50, 50), name="a.jpg")
