"""Names of files from strangers, made safe for any disk, address and header."""

import re

from paideia.lib.text import clean_line

FILENAME_CHARACTERS_MAX = 80

# Letters of any script, digits, dots and hyphens: nothing that means something to a shell, a disk, an
# address or a header.
_UNSAFE = re.compile(r"[^\w.-]+")
_DOTS = re.compile(r"-*\.[-.]*")
_ENDING = re.compile(r"[a-zA-Z0-9]{1,8}")
# Names that Windows takes for devices, whatever stands behind their first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def safe_filename(name: str, *, suffix: str = "", characters_max: int = FILENAME_CHARACTERS_MAX) -> str:
    """A name without folders, devices, hidden files, invisible marks and odd signs; never empty.

    `suffix`, such as ".pdf", is what the file was found to be; it takes the place of what the name claims.
    """
    last = clean_line(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    whole = _DOTS.sub(".", _UNSAFE.sub("-", last)).strip("-.")
    stem, _dot, claimed = whole.rpartition(".")
    if not stem or not _ENDING.fullmatch(claimed):
        stem, claimed = whole, ""
    ending = suffix or (f".{claimed}" if claimed else "")
    stem = stem[:characters_max].strip("-.") or "file"
    return f"{'file-' if _DEVICES.match(stem) else ''}{stem}{ending}"
