"""The `paideia` command. Nothing heavy is imported before it is known what is asked for."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType

from paideia.config import environment
from paideia.config.trouble import Trouble

BENCHES = ("ledger", "notifications", "pages", "science")
KINDS = ("markdown", "olx", "stackexchange")
Run = Callable[[argparse.Namespace], int | None]


def main(argv: list[str] | None = None) -> None:
    """Run one command and end the process with its status. A Trouble is shown without traceback."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        parser = _parser()
    except ValueError as error:  # a setting in the environment that cannot be read
        sys.exit(f"paideia: {error}")
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in {"manage", "bench"}:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    os.environ["PAIDEIA_HOME"] = str(environment.home())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paideia.config.settings")
    try:
        sys.exit(options.run(options))
    except Trouble as trouble:
        sys.exit(f"paideia: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="paideia", description="Run and look after a Paideia installation.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, add_help=name != "manage")
        made.set_defaults(run=run)
        return made

    _add_place(command("up", _up, "Start everything: database, web server and worker."))
    _add_place(command("web", _web, "Only the web server."))
    command("worker", _worker, "Only the background worker.")
    command("migrate", _migrate, "Bring the database to the shape of this version.")
    command("demo", _demo, "Build the demo community.")
    command("doctor", _doctor, "Say what is wrong with this installation, and what to do.")
    imported = command("import", _import, "Bring in content from elsewhere.")
    imported.add_argument("kind", choices=KINDS)
    imported.add_argument("path", type=Path, help="a file or a folder")
    imported.add_argument("--community", required=True, metavar="SLUG", help="the community it goes into")
    imported.add_argument(
        "--as", dest="shape", choices=("course", "articles"), default="course", help="for markdown"
    )
    imported.add_argument(
        "--name", default="", help="tells two exports of one kind apart (default: the file's name)"
    )
    imported.add_argument("--draft", action="store_true", help="bring works in unpublished")
    imported.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")
    for name, run, text in (
        ("backup", _backup, "Write the whole installation into one file."),
        ("restore", _restore, "Fill an empty installation from such a file."),
    ):
        command(name, run, text).add_argument("file", type=Path)
    bench = command("bench", _bench, "Measure speed or quality; further arguments go to the benchmark.")
    bench.add_argument("name", choices=BENCHES)
    command("manage", _manage, "Django's own management commands.")
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default=environment.text("HOST", "127.0.0.1"), help="address to listen on [PAIDEIA_HOST]")
    add("--port", type=int, default=environment.number("PORT", 8000), help="port to listen on [PAIDEIA_PORT]")
    add(
        "--workers",
        type=int,
        default=environment.number("WORKERS", 2),
        help="web processes [PAIDEIA_WORKERS]",
    )


def _up(options: argparse.Namespace) -> int:
    from paideia.config.supervisor import Wishes, up

    os.environ["PAIDEIA_PORT"] = str(options.port)  # links in mails name it
    demo = environment.switch("DEMO", not environment.switch("PRODUCTION"))
    return up(Wishes(host=options.host, port=options.port, workers=options.workers, demo=demo))


def _web(options: argparse.Namespace) -> None:
    from paideia.config.server import serve

    with database(), django():
        serve(options.host, options.port, options.workers)


def _worker(options: argparse.Namespace) -> None:
    from paideia.config.worker import run

    with database(), django():
        run()


def _migrate(options: argparse.Namespace) -> None:
    from paideia.config.migrating import migrate

    with database(), django():
        migrate()


def _demo(options: argparse.Namespace) -> int | None:
    with database(), django():
        return import_module("paideia.demo.build").main()


def _doctor(options: argparse.Namespace) -> int:
    from paideia.config.doctor import main

    return main()


def _import(options: argparse.Namespace) -> None:
    if not options.path.exists():
        raise Trouble(f"There is nothing at {options.path}.")
    with database(), django():
        from paideia.lib.refusal import Refused
        from paideia.transfer.errors import BadImport
        from paideia.transfer.run import Wishes, import_path

        wishes = Wishes(options.name, articles=options.shape == "articles", publish=not options.draft)
        to = {"community_slug": options.community, "dry_run": options.dry_run, "wishes": wishes}
        try:
            report = import_path(options.kind, options.path, progress=_say, **to)
        except (BadImport, Refused) as error:
            raise Trouble(str(error)) from error
        _say(report.text())


def _backup(options: argparse.Namespace) -> None:
    from paideia.config.lodging import wheel_binaries

    with database(), django():
        from paideia.transfer.backup import BackupFailed, backup

        try:
            backup(options.file.absolute(), programs=wheel_binaries(), say=_say)
        except BackupFailed as failure:
            raise Trouble(str(failure)) from failure


def _restore(options: argparse.Namespace) -> None:
    from paideia.config.lodging import wheel_binaries
    from paideia.config.migrating import migrate

    with database(), django():
        from paideia.transfer.backup import BackupFailed
        from paideia.transfer.restore import restore

        try:
            restore(options.file, programs=wheel_binaries(), say=_say)
        except BackupFailed as failure:
            raise Trouble(str(failure)) from failure
        migrate()


def _bench(options: argparse.Namespace) -> int | None:
    bench = f"paideia.bench.{options.name}"
    if options.name == "science":  # algorithms on arrays: no database
        return import_module(bench).main(options.rest)
    with database(), django():
        return import_module(bench).main(options.rest)


def _manage(options: argparse.Namespace) -> None:
    from django.core.management import execute_from_command_line

    with database():
        execute_from_command_line(["paideia manage", *options.rest])


def _say(text: object) -> None:
    print(text, flush=True)


@contextmanager
def database() -> Iterator[None]:
    """The database named in the environment, else the embedded one for as long as it is needed."""
    if environment.text("DATABASE_URL"):
        yield
        return
    from paideia.config.postgres import lent

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)  # so that the `with` below ends
    with lent(environment.home()) as server:
        os.environ["PAIDEIA_DATABASE_URL"] = server.url()
        yield


@contextmanager
def django() -> Iterator[None]:
    """Django, ready to use; a setting that it refuses is for the person to put right."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except (ImproperlyConfigured, ValueError) as error:
        raise Trouble(str(error)) from error
    yield


if __name__ == "__main__":
    main()
