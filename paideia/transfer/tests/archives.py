"""Archives built for tests, good and hostile."""

import io
import tarfile
import zipfile
from pathlib import Path

from paideia.transfer.archive import Tree


def tree(folder: Path, files: dict[str, str | bytes]) -> Tree:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Tree(folder)


def tar(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]], mode: str = "w:xz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member, content in members:
            header = tarfile.TarInfo(member) if isinstance(member, str) else member
            header.size = header.size or len(content)
            archive.addfile(header, io.BytesIO(content))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
