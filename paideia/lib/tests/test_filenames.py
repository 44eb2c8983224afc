"""A stranger's file name does no harm on any disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.lib.filenames import FILENAME_CHARACTERS_MAX, safe_filename


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.pdf", "notes.pdf"),
        ("我的 笔记（终）.pdf", "我的-笔记-终.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("a/b/", "b"),
        ("/", "file"),
        ("", "file"),
        ("...", "file"),
        (".htaccess", "htaccess"),
        ("CON", "file-CON"),
        ("nul.txt", "file-nul.txt"),
        ("aux.tar.gz", "file-aux.tar.gz"),
        ("COM1.png", "file-COM1.png"),
        ("console.txt", "console.txt"),
        ("a.txt:evil.exe", "a.txt-evil.exe"),
        ("a.txt::$DATA", "a.txt-DATA"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\r\nSet-Cookie: x.txt", "a-Set-Cookie-x.txt"),
        ('a";b.txt', "a-b.txt"),
        ("a\0.php", "a.php"),
        ("a. . .", "a"),
        ("-rf.txt", "rf.txt"),
        ("x" * 300 + ".md", "x" * 80 + ".md"),
        ("cafe\u0301.txt", "café.txt"),
    ],
)
def test_names(name, safe):
    assert safe_filename(name) == safe


def test_the_ending_is_what_the_file_is():
    assert safe_filename("page.html", suffix=".txt") == "page.txt"
    assert safe_filename("v1.2 final notes", suffix=".pdf") == "v1.2-final-notes.pdf"
    assert safe_filename("archive", suffix=".zip") == "archive.zip"
    assert safe_filename("con.html", suffix=".txt") == "file-con.txt"
    assert safe_filename(".png", suffix=".webp") == "png.webp"


@given(st.text(alphabet=st.characters(), max_size=120) | st.text(alphabet="./\\:con ", max_size=20))
def test_any_name_is_safe_and_settles(name):
    safe = safe_filename(name)
    assert safe
    assert not set(safe) & set("/\\:*?\"<>|\0\r\n %;'&")
    assert not safe.startswith((".", "-"))
    assert not safe.endswith(".")
    assert len(safe) <= FILENAME_CHARACTERS_MAX + 5 + 13
    assert safe_filename(safe) == safe
