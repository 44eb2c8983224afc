"""Nothing of a stranger's picture survives but what is seen, and no picture takes the server down."""

import io
import struct
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paideia.lib.images import SIDE_MAX, accept_animation, accept_image, webp
from paideia.lib.refusal import Invalid

SCRIPT = b"<script>alert(1)</script>"


def saved(image: Image.Image, kind: str, **options: Any) -> io.BytesIO:
    body = io.BytesIO()
    image.save(body, kind, **options)
    body.seek(0)
    return body


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height // 2))
    return image.convert(mode)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int, data: bytes = b"") -> io.BytesIO:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_each_format_is_read(kind):
    image = accept_image(saved(picture(), kind), name="x")
    assert (image.size, image.mode, image.info) == ((60, 40), "RGB", {})
    red = image.getpixel((5, 5))
    assert isinstance(red, tuple)
    assert red[0] > 200 > 60 > red[1]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA"])
def test_what_is_transparent_stays_so(mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 10, 10))
    body = (
        saved(image.convert(mode), "PNG")
        if mode != "PA"
        else saved(image.convert("RGB"), "PNG", transparency=(0, 0, 0))
    )
    drawn = accept_image(body, name="x")
    assert drawn.mode == "RGBA"
    assert [drawn.getpixel(place)[3] for place in ((2, 2), (15, 15))] == [255, 0]  # type: ignore[index]


def test_where_and_when_it_was_taken_is_gone_and_it_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "SECRET PLACE"
    exif.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    for kind in ("JPEG", "PNG", "WEBP"):
        body = saved(picture(), kind, exif=exif, **({"comment": b"SECRET"} if kind == "JPEG" else {}))
        image = accept_image(body, name="x")
        out = webp(image, image.width).read()
        assert image.size == (40, 60)
        assert b"SECRET" not in out
        assert dict(Image.open(io.BytesIO(out)).getexif()) == {}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_what_hides_behind_a_picture_is_gone(kind):
    body = saved(picture(), kind).getvalue()
    zipped = b"PK\x03\x04" + SCRIPT + b"%PDF-1.7 "
    image = accept_image(io.BytesIO(body + zipped + SCRIPT), name="x.php")
    out = webp(image, image.width).read()
    assert b"script" not in out
    assert b"PK\x03\x04" not in out
    assert b"%PDF" not in out


def test_what_hides_inside_a_picture_is_gone():
    header, rest = saved(picture(), "PNG").getvalue()[:33], saved(picture(), "PNG").getvalue()[33:]
    hidden = header + chunk(b"tEXt", b"Comment\0" + SCRIPT) + chunk(b"iTXt", b"x\0\0\0\0\0" + SCRIPT) + rest
    image = accept_image(io.BytesIO(hidden), name="x")
    assert b"script" not in webp(image, 60).read()
    commented = saved(picture(), "JPEG", comment=b"*/=1;" + SCRIPT).getvalue()
    assert b"script" not in webp(accept_image(io.BytesIO(commented), name="x"), 60).read()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 100,
        b"GIF89a" + SCRIPT,
        b"\xff\xd8\xff\xe0" + SCRIPT,
        b"\x89PNG\r\n\x1a\n" + SCRIPT,
        b"RIFF\x24\0\0\0WEBP" + SCRIPT,
        SCRIPT,
        b"<html><img src=x></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"BM" + b"\0" * 100,
        b"II*\0" + b"\0" * 100,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"P6 1 1 255 \0\0\0",
        b"\0\0\1\0\1\0",
        saved(picture(), "PNG").getvalue()[:60],
        saved(picture(200, 200), "JPEG").getvalue()[:300],
        saved(picture(), "TIFF").getvalue(),
        saved(picture(), "BMP").getvalue(),
        saved(picture(), "ICO").getvalue(),
    ],
)
def test_what_is_no_picture_is_refused(body):
    with pytest.raises(Invalid) as refusal:
        accept_image(io.BytesIO(body), name="photo.jpg")
    assert "“photo.jpg”" in refusal.value.message


@pytest.mark.parametrize(
    "start", [b"", b"\xef\xbb\xbf", b"\n  ", b'<?xml version="1.0"?>', b"<!DOCTYPE svg>"]
)
def test_an_svg_is_refused_with_a_reason(start):
    with pytest.raises(Invalid) as refusal:
        accept_image(io.BytesIO(start + b'<svg onload="alert(1)"></svg>'), name="logo.png")
    assert refusal.value.message == "“logo.png” is an SVG, which can hold programs. Save it as PNG."


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (30_001, 1), (6_000, 6_000)])
def test_a_bomb_is_refused_by_its_header(size):
    with pytest.raises(Invalid):
        accept_image(png_claiming(*size), name="x")


def test_a_lower_limit_can_be_set():
    with pytest.raises(Invalid) as refusal:
        accept_image(saved(picture(), "PNG"), name="x", pixels_max=2_399)
    assert "60 × 40" in refusal.value.message
    assert accept_image(saved(picture(), "PNG"), name="x", pixels_max=2_400).size == (60, 40)


def test_a_large_picture_is_drawn_smaller():
    assert accept_image(saved(picture(4_000, 1_000), "JPEG"), name="x").size == (SIDE_MAX, 640)
    assert Image.open(webp(accept_image(saved(picture(), "PNG"), name="x"), 30)).size == (30, 20)


def test_an_animation_keeps_moving():
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    body = saved(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=[50, 100, 200], comment=SCRIPT
    )
    file = accept_animation(io.BytesIO(body.getvalue() + SCRIPT), name="x")
    assert file is not None
    out = file.read()
    moving = Image.open(io.BytesIO(out))
    assert (moving.format, moving.n_frames, b"script" in out) == ("WEBP", 3, False)  # type: ignore[attr-defined]
    shown = []
    for number in range(3):
        moving.seek(number)
        moving.load()
        shown.append(moving.info["duration"])
    assert shown == [50, 100, 200]


def test_what_moves_too_much_or_not_at_all_is_no_animation():
    still, frame = saved(picture(), "GIF"), Image.new("P", (1, 1))
    many = saved(
        frame, "GIF", save_all=True, append_images=[Image.new("P", (1, 1), n % 2) for n in range(500)]
    )
    large = saved(picture(1_300, 10), "GIF", save_all=True, append_images=[Image.new("RGB", (1_300, 10))])
    assert [accept_animation(each, name="x") for each in (still, many, large)] == [None, None, None]
    assert accept_image(many, name="x").size == (1, 1)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.integers(0, 200))
def test_a_damaged_picture_is_a_refusal_and_never_an_error(noise, kind, place):
    body = bytearray(saved(picture(), kind).getvalue())
    body[place : place + len(noise)] = noise
    for accept in (accept_image, accept_animation):
        try:
            accept(io.BytesIO(bytes(body)), name="x")
        except Invalid:
            continue


MEASURED = """
import io, re, sys
from django.conf import settings
settings.configure()
from PIL import Image
from paideia.lib.images import accept_image, webp
def peak(name):
    return int(re.search(name + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
mode, kind, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
body = io.BytesIO()
Image.new(mode, (side, side)).save(body, kind)
open("/proc/self/clear_refs", "w").write("5")
before = peak("VmRSS")
image = accept_image(body, name="x")
webp(image, image.width)
print(peak("VmHWM") - before)
"""


@pytest.mark.parametrize(
    ("mode", "kind", "side"), [("RGB", "PNG", 4_890), ("RGBA", "PNG", 4_000), ("RGB", "WEBP", 3_000)]
)
def test_the_largest_picture_takes_less_than_200_megabytes(mode, kind, side):
    command = [sys.executable, "-c", MEASURED, mode, kind, str(side)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) <= 200
