"""An export is unpacked only if it stays small, whole and inside its folder."""

import gzip
import lzma
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from paideia.transfer.archive import LIMITS, Limits, Tree, opened, safe_name
from paideia.transfer.errors import (
    BadImport,
    MissingFile,
    TooLarge,
    UnknownLayout,
    UnreadableFile,
    UnsafeFile,
)

from .archives import tar, tree, zipped

SMALL = Limits(files_max=5, bytes_max=3 << 20, file_bytes_max=2 << 20, ratio_max=20, ratio_from_bytes=1 << 20)


def contents(path: Path, limits: Limits = LIMITS) -> dict[str, bytes]:
    with opened(path, limits) as found:
        return {name: found.read(name) for name in found}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_a_tar_gives_its_files_whatever_it_is_packed_with(tmp_path, mode):
    path = tar(tmp_path / "export", [("a/b.txt", b"one"), ("./c.txt", b"two" * 5000), ("名.md", b"")], mode)
    assert contents(path) == {"a/b.txt": b"one", "c.txt": b"two" * 5000, "名.md": b""}


def test_a_zip_gives_its_files(tmp_path):
    path = zipped(tmp_path / "export", {"a/b.txt": b"one", "名.md": b"two"})
    assert contents(path) == {"a/b.txt": b"one", "名.md": b"two"}


def test_a_zip_from_chinese_windows_keeps_its_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "export", "w") as archive:
        archive.writestr("xx.md", b"one")
    raw = (tmp_path / "export").read_bytes().replace(b"xx.md", "名".encode("gb18030") + b".md")
    assert contents(_written(tmp_path / "gbk.zip", raw)) == {"名.md": b"one"}


def test_a_folder_is_read_where_it_lies(tmp_path):
    found = tree(tmp_path, {"b.md": "2", "a/c.md": "1"})
    assert list(found) == ["a/c.md", "b.md"]
    assert list(found.below("a")) == ["c.md"]
    assert found.below("a").text("c.md") == "1"


def test_the_unpacked_folder_is_gone_afterwards(tmp_path):
    with opened(zipped(tmp_path / "x.zip", {"a": b"1"})) as found:
        root = found.root
        assert root.exists()
    assert not root.exists()


@pytest.mark.parametrize(
    "name", ["../up", "a/../../up", "/etc/passwd", "..", "a\\..\\b", "C:/x", "a\x00b", "a\nb", "", "."]
)
def test_a_path_that_leads_outside_is_refused(name):
    with pytest.raises(UnsafeFile):
        safe_name(name)


@pytest.mark.parametrize("name", ["a" * 300, "/".join("a" * 40), "文" * 100])
def test_a_path_too_long_for_a_disk_is_refused(name):
    with pytest.raises(UnsafeFile):
        safe_name(name)


@pytest.mark.parametrize("name", ["../evil", "/tmp/paideia-evil", "a/../../evil"])
def test_traversal_in_a_tar_or_zip_writes_nothing(tmp_path, name):
    for path in (tar(tmp_path / "t.tar", [(name, b"x")], "w"), zipped(tmp_path / "z.zip", {name: b"x"})):
        with pytest.raises(UnsafeFile):
            contents(path)
    assert not (tmp_path / "evil").exists()
    assert not Path("/tmp/paideia-evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    link = tarfile.TarInfo("link")
    link.type, link.linkname = kind, "/etc/passwd"
    with pytest.raises(UnsafeFile):
        contents(tar(tmp_path / "t.tar", [(link, b"")], "w"))


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeFile):
        contents(tmp_path / "z.zip")


def test_a_link_out_of_a_folder_is_refused(tmp_path):
    (tmp_path / "export").mkdir()
    (tmp_path / "secret").write_text("s")
    os.symlink(tmp_path / "secret", tmp_path / "export" / "a.md")
    with pytest.raises(UnsafeFile):
        Tree(tmp_path / "export")


def test_the_same_path_twice_is_refused(tmp_path):
    with pytest.raises(UnsafeFile):
        contents(tar(tmp_path / "t.tar", [("a", b"1"), ("a", b"2")], "w"))


@pytest.mark.parametrize(
    "members",
    [
        [(f"{n}", b"x") for n in range(6)],  # too many files
        [
            ("a", os.urandom(1 << 20)),
            ("b", os.urandom(1 << 20)),
            ("c", os.urandom(3 << 19)),
        ],  # too much together
        [("a", os.urandom((2 << 20) + 1))],  # one too large
        [("a", bytes(3 << 19))],  # too much for its size: a bomb
    ],
)
def test_limits_stop_the_unpacking(tmp_path, members):
    for path in (tar(tmp_path / "t.xz", members), zipped(tmp_path / "z.zip", dict(members))):
        with pytest.raises(TooLarge):
            contents(path, SMALL)


def test_a_header_that_claims_gigabytes_is_refused_without_reading_them(tmp_path):
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 4 << 30
    raw = long_name.tobuf(tarfile.GNU_FORMAT) + bytes(10 << 20)
    with pytest.raises(TooLarge):
        contents(_written(tmp_path / "t.tar.gz", gzip.compress(raw)))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_tar_that_is_cut_off_is_refused(tmp_path, mode, part):
    whole = tar(tmp_path / "t", [("a", os.urandom(200_000)), ("b", os.urandom(200_000))], mode).read_bytes()
    with pytest.raises(UnreadableFile):
        contents(_written(tmp_path / "cut", whole[: int(len(whole) * part)]))


def test_a_tar_with_a_damaged_header_in_its_middle_is_refused(tmp_path):
    whole = bytearray(tar(tmp_path / "t", [("a", b"1" * 600), ("b", b"2" * 600)], "w").read_bytes())
    whole[512 + 1024 + 20] ^= 0xFF
    with pytest.raises(UnreadableFile):
        contents(_written(tmp_path / "damaged", bytes(whole)))


def test_a_zip_that_is_cut_off_or_damaged_is_refused(tmp_path):
    whole = zipped(tmp_path / "z", {"a": os.urandom(100_000)}).read_bytes()
    damaged = whole[:5000] + b"xxxx" + whole[5004:]
    for raw in (whole[:60_000], damaged):
        with pytest.raises((UnreadableFile, UnknownLayout)):
            contents(_written(tmp_path / "bad.zip", raw))


def test_a_zip_with_a_password_says_so(tmp_path):
    whole = bytearray(zipped(tmp_path / "z", {"a": b"x"}).read_bytes())
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableFile, match="password"):
        contents(_written(tmp_path / "p.zip", bytes(whole)))


@pytest.mark.parametrize("raw", [b"", b"7z\xbc\xaf\x27\x1c rest", b"hello", lzma.compress(b"hello" * 1000)])
def test_what_is_no_archive_is_told_apart(tmp_path, raw):
    with pytest.raises(BadImport, match=r"tar|damaged"):
        contents(_written(tmp_path / "file", raw))


def test_a_path_where_nothing_is_says_so(tmp_path):
    with pytest.raises(MissingFile):
        contents(tmp_path / "nothing")


def test_texts_are_read_in_the_encodings_people_use(tmp_path):
    words = "价格：两位“新会员”，谢谢。"
    found = tree(
        tmp_path,
        {
            "a": b"\xef\xbb\xbf" + words.encode(),
            "b": words.encode("utf-16"),
            "c": words.encode("gb18030"),
            "d": "a\r\nb\x00\x08",
        },
    )
    assert [found.text(name) for name in found] == [words, words, words, "a\nb"]


def test_a_text_in_another_encoding_names_the_byte(tmp_path):
    with pytest.raises(UnreadableFile, match="byte 3"):
        tree(tmp_path, {"a": "abcé à la crème brûlée où".encode("latin-1")}).text("a")


def test_a_file_too_large_to_be_text_is_refused(tmp_path):
    with pytest.raises(TooLarge):
        tree(tmp_path, {"a": bytes(17 << 20)}).text("a")


def _written(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path
