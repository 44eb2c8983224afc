"""Names of files from strangers, made safe for any disk, address and header."""

import re

from paideia.lib.text import clean_line

FILENAME_CHARACTERS_MAX = 80

# Letters of any script, digits, dots and hyphens: nothing that means something to a shell, a disk, an
# address or a header.
_UNSAFE = re.compile(r"[^\w.-]+")
# Names that Windows takes for devices, whatever stands behind their first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def safe_filename(name: str, *, suffix: str = "", characters_max: int = FILENAME_CHARACTERS_MAX) -> str:
    """A name without folders, devices, hidden files, invisible marks and odd signs; never empty.

    `suffix`, such as ".pdf", is what the file was found to be; it takes the place of what the name claims.
    """
    last = clean_line(name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, claimed = last.rpartition(".")
    if not stem or (not suffix and not _UNSAFE.sub("", claimed)):
        stem, dot, claimed = last, "", ""
    ending = suffix or (f".{_UNSAFE.sub('', claimed)[:12]}" if dot else "")
    stem = _UNSAFE.sub("-", stem).strip("-.")[:characters_max].strip("-.") or "file"
    return f"{'file-' if _DEVICES.match(stem) else ''}{stem}{ending}"
