"""Pictures of people and communities."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from paideia.accounts.pictures import store_picture
from paideia.lib.refusal import Invalid


def picture(width: int, height: int, *, exif: bytes = b"") -> SimpleUploadedFile:
    body = BytesIO()
    Image.new("RGB", (width, height), "teal").save(body, "JPEG", exif=exif)
    return SimpleUploadedFile("me.jpg", body.getvalue(), "image/jpeg")


def test_an_avatar_is_cut_to_a_square_and_served_for_good(sign_in, member):
    here = sign_in(member)
    here.post("/settings/avatar/", {"picture": picture(900, 600)})
    member.refresh_from_db()
    response = here.get(member.avatar_url)
    assert Image.open(BytesIO(response.getvalue())).size == (256, 256)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "image/webp"


def test_the_same_picture_has_the_same_name(db):
    keys = {store_picture(picture(300, 300), pixels_max=256, square=True) for _again in range(2)}
    assert len(keys) == 1


def test_what_the_camera_wrote_into_a_picture_is_gone(db, client):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    key = store_picture(picture(300, 200, exif=exif.tobytes()), pixels_max=256)
    assert b"secret place" not in client.get(f"/pictures/{key}").getvalue()


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"<svg onload=alert(1)>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(db, body):
    with pytest.raises(Invalid):
        store_picture(SimpleUploadedFile("me.jpg", body), pixels_max=256)


@pytest.mark.parametrize("key", ["../secret", "x.webp", "0" * 40 + ".webp", "0" * 40 + ".webp/../../secret"])
def test_nothing_else_is_served(db, client, key):
    assert client.get(f"/pictures/{key}").status_code == 404


def test_an_avatar_can_be_removed(sign_in, member):
    here = sign_in(member)
    here.post("/settings/avatar/", {"picture": picture(300, 300)})
    here.post("/settings/avatar/", {"remove": "1"})
    member.refresh_from_db()
    assert member.avatar == ""
