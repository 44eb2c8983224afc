"""Reading settings from the environment: every switch Paideia has, in one place, typed."""

import os
import secrets
import stat
from pathlib import Path


def text(name: str, default: str = "") -> str:
    return os.environ.get(f"PAIDEIA_{name}", default)


def switch(name: str, default: bool = False) -> bool:
    value = text(name).strip().lower()
    if value in {"", None}:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"PAIDEIA_{name}={value!r}: write 1 or 0")


def number(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ValueError(f"PAIDEIA_{name}={value!r}: write a whole number") from None


def words(name: str, default: str = "") -> list[str]:
    return [word for word in text(name, default).replace(",", " ").split() if word]


def home() -> Path:
    """The folder for everything this installation keeps: $PAIDEIA_HOME, or `.paideia` by the project."""
    project = Path(__file__).resolve().parents[2]
    beside = project if (project / "pyproject.toml").exists() else Path.cwd()
    return Path(text("HOME") or beside / ".paideia").expanduser().resolve()


def kept_secret(folder: Path) -> str:
    """The installation's own secret: made once, readable by its owner only."""
    path = folder / "secret"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(48)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:  # another process of ours was first
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secret)
    return secret
