"""An export as a checked folder of plain files, whether it came as a folder, a tar or a zip.

Nothing is written outside the temporary folder, no link is followed out of the export, and unpacking stops
as soon as a limit is passed, before the disk or the memory is full.
"""

import bz2
import gzip
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from django.utils.translation import gettext as _

from .errors import BadImport, MissingFile, TooLarge, UnknownLayout, UnreadableFile, UnsafeFile
from .text import decoded

MIB = 1 << 20
CHUNK = MIB // 4
DAMAGE = (OSError, EOFError, lzma.LZMAError, zlib.error, tarfile.TarError, zipfile.BadZipFile, ValueError)


@dataclass(frozen=True)
class Limits:
    """How much an export may unpack to. The ratio counts past `ratio_from_bytes` only: text packs well."""

    files_max: int = 200_000
    bytes_max: int = 4096 * MIB
    file_bytes_max: int = 1024 * MIB
    ratio_max: int = 250
    ratio_from_bytes: int = 64 * MIB
    depth_max: int = 32
    text_bytes_max: int = 16 * MIB


LIMITS = Limits()


class Tree:
    """The files of an export by their path inside it, in order, each a plain file below `root`."""

    def __init__(self, root: Path, limits: Limits = LIMITS) -> None:
        self.root, self.limits = root, limits
        self.paths: dict[str, Path] = dict(sorted(_plain_files(root, limits)))

    def __contains__(self, name: str) -> bool:
        return name in self.paths

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def below(self, folder: str) -> "Tree":
        """The part of the tree in one folder, its paths shortened; the tree itself for an empty name."""
        if not folder:
            return self
        part = object.__new__(Tree)
        part.root, part.limits = self.root / folder, self.limits
        start = f"{folder}/"
        part.paths = {name[len(start) :]: path for name, path in self.paths.items() if name.startswith(start)}
        return part

    def read(self, name: str) -> bytes:
        """The bytes of a text-sized file. Raises MissingFile, TooLarge."""
        path = self.paths.get(name)
        if path is None:
            raise MissingFile(_("This file is missing."), where=name)
        if path.stat().st_size > self.limits.text_bytes_max:
            raise TooLarge(_("This file is too large to be text."), where=name)
        return path.read_bytes()

    def digest(self, name: str) -> str:
        """SHA-256 of a file of the tree."""
        with self.paths[name].open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def text(self, name: str) -> str:
        """The text of a file in UTF-8, UTF-16 with a mark, or Chinese GB18030. Raises UnreadableFile."""
        return decoded(self.read(name), where=name)


@contextmanager
def opened(path: str | os.PathLike[str], limits: Limits = LIMITS) -> Iterator[Tree]:
    """The export at `path` as a tree; an archive is unpacked into a folder that is removed afterwards."""
    source = Path(path)
    if source.is_dir():
        yield Tree(source, limits)
    elif source.is_file():
        with tempfile.TemporaryDirectory(prefix="paideia-import-") as folder:
            unpack(source, Path(folder), limits)
            yield Tree(Path(folder), limits)
    else:
        raise MissingFile(_("There is no such file or folder."), where=str(source))


def unpack(source: Path, folder: Path, limits: Limits = LIMITS) -> None:
    """Write an archive's plain files below `folder`. Raises BadImport at the first thing that is wrong."""
    budget = _Budget(limits, packed_bytes=max(source.stat().st_size, 1), where=source.name)
    try:
        if zipfile.is_zipfile(source):
            _unpack_zip(source, folder, budget)
        else:
            _unpack_tar(source, folder, budget)
    except BadImport:
        raise
    except (*DAMAGE, RuntimeError, NotImplementedError) as damage:
        raise UnreadableFile(
            _("The archive is damaged or cut off (%(error)s).") % {"error": damage}, where=source.name
        ) from damage


class _Budget:
    """What may still be unpacked."""

    def __init__(self, limits: Limits, *, packed_bytes: int, where: str) -> None:
        self.limits, self.packed_bytes, self.where = limits, packed_bytes, where
        self.files = self.bytes = 0

    def take_file(self) -> None:
        self.files += 1
        if self.files > self.limits.files_max:
            raise TooLarge(
                _("The archive holds more than %(n)d files.") % {"n": self.limits.files_max}, where=self.where
            )

    def take_bytes(self, count: int) -> None:
        self.bytes += count
        self.check(self.bytes)

    def check(self, total: int) -> None:
        if total > self.limits.bytes_max:
            raise TooLarge(
                _("The archive unpacks to more than %(n)d MiB.") % {"n": self.limits.bytes_max // MIB},
                where=self.where,
            )
        if total > max(self.limits.ratio_from_bytes, self.packed_bytes * self.limits.ratio_max):
            raise TooLarge(
                _("The archive unpacks to more than %(n)d times its size.") % {"n": self.limits.ratio_max},
                where=self.where,
            )


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _copy(stream: _Readable, name: str, folder: Path, budget: _Budget) -> None:
    target = folder / name
    if target.is_dir() or target.exists():
        raise UnsafeFile(_("The archive holds this path twice."), where=name)
    target.parent.mkdir(parents=True, exist_ok=True)
    left = budget.limits.file_bytes_max
    with target.open("wb") as out:
        while chunk := stream.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise TooLarge(
                    _("This file is larger than %(n)d MiB.") % {"n": budget.limits.file_bytes_max // MIB},
                    where=name,
                )
            budget.take_bytes(len(chunk))
            out.write(chunk)


def _unpack_zip(source: Path, folder: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            budget.take_file()
            if member.is_dir():
                continue
            name = safe_name(_zip_name(member), budget.limits)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise UnsafeFile(_("The archive holds a link instead of a file."), where=name)
            if member.flag_bits & 1:
                raise UnreadableFile(
                    _("This file is protected by a password."),
                    where=name,
                    advice=_("Pack the export again without a password."),
                )
            with archive.open(member) as stream:
                _copy(stream, name, folder, budget)


def _zip_name(member: zipfile.ZipInfo) -> str:
    """Packers on Chinese Windows write names in GBK, others in UTF-8 without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _unpack_tar(source: Path, folder: Path, budget: _Budget) -> None:
    with decompressed(source) as stream:
        steps = _Forward(stream, budget)
        archive = _tar(steps, where=source.name)
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # tarfile remembers every member; a hostile archive has millions
            budget.take_file()
            if member.isdir():
                continue
            name = safe_name(member.name, budget.limits)
            if not member.isfile():
                raise UnsafeFile(_("The archive holds a link or a device instead of a file."), where=name)
            content = archive.extractfile(member)
            assert content is not None
            _copy(content, name, folder, budget)
        if steps.last != bytes(tarfile.BLOCKSIZE):  # tarfile takes a damaged header for the end
            raise UnreadableFile(_("The archive is damaged or cut off."), where=source.name)


def _tar(steps: "_Forward", *, where: str) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=steps, mode="r:")  # type: ignore[call-overload]
    except tarfile.ReadError as damage:
        raise UnknownLayout(
            _("This is neither a tar nor a zip archive."),
            where=where,
            advice=_("Give a folder, a .zip, or a .tar (also .gz, .xz, .bz2); unpack other formats first."),
        ) from damage


def decompressed(source: Path) -> IO[bytes]:
    """The file's bytes, unpacked where its first bytes say xz, gzip or bzip2."""
    with source.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.open(source)
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(source))
    if head.startswith(b"BZh"):
        return bz2.open(source)
    return source.open("rb")


class _Forward:
    """A stream that tarfile may step through but not rewind, and from which it takes no huge piece at once.

    A header of a tar can claim gigabytes (PAX records, GNU long names), which tarfile would read into memory.
    """

    PIECE_MAX = 4 * MIB
    KEPT = 1024

    def __init__(self, stream: IO[bytes], budget: _Budget) -> None:
        self._stream, self._budget = stream, budget
        self._at, self._back, self._tail = 0, 0, b""
        self.last = b""

    def tell(self) -> int:
        return self._at - self._back

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.PIECE_MAX:
            raise TooLarge(_("The archive has a header larger than any real one."), where=self._budget.where)
        again = self._tail[len(self._tail) - self._back :][:size] if self._back else b""
        self._back -= len(again)
        self.last = again + (self._take(size - len(again)) if size > len(again) else b"")
        return self.last

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or position < self._at - len(self._tail):
            raise UnreadableFile(_("The archive is damaged or cut off."), where=self._budget.where)
        self._back = max(self._at - position, 0)
        while self._at < position and self._take(min(CHUNK, position - self._at)):
            pass
        return self.tell()

    def _take(self, size: int) -> bytes:
        fresh = self._stream.read(size)
        self._at += len(fresh)
        self._budget.check(self._at)
        self._tail = (self._tail + fresh)[-self.KEPT :]
        return fresh


def safe_name(name: str, limits: Limits = LIMITS) -> str:
    """A member's path, if it stays inside the folder it is unpacked to. Raises UnsafeFile."""
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    escapes = name.startswith("/") or ".." in parts or "\\" in name or re.match(r"^[A-Za-z]:", name)
    odd = not parts or any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in name)
    if escapes or odd:
        raise UnsafeFile(_("The archive holds a path that leads outside of it."), where=repr(name)[:200])
    if len(parts) > limits.depth_max or any(len(part.encode()) > 250 for part in parts):
        raise UnsafeFile(_("The archive holds a path that is too long or too deep."), where=repr(name)[:200])
    return "/".join(parts)


def _plain_files(root: Path, limits: Limits) -> Iterator[tuple[str, Path]]:
    """The files below `root` by their path. A link that leads outside is refused; one that stays is read."""
    true_root, count = root.resolve(), 0
    for folder, _folders, names in os.walk(root):  # does not enter linked folders
        for name in names:
            path = Path(folder) / name
            where = path.relative_to(root).as_posix()
            if path.is_symlink() and not path.resolve().is_relative_to(true_root):
                raise UnsafeFile(_("This is a link that leads outside of the export."), where=where)
            if not path.is_file():
                continue
            count += 1
            if count > limits.files_max:
                raise TooLarge(
                    _("The folder holds more than %(n)d files.") % {"n": limits.files_max}, where=str(root)
                )
            yield where, path
