"""`paideia up`: it starts, says what hinders it, stops cleanly, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from paideia.config import lodging, postgres
from paideia.config.supervisor import pause_seconds
from paideia.config.trouble import Trouble
from tests.running.house import PROJECT, Paideia, command, copy, cpu_seconds, eventually, slowdown


def test_the_second_start_shows_its_first_page_within_six_seconds(paideia: Paideia):
    before = slowdown()
    seconds = paideia.start().wait_until_it_answers()
    assert seconds < 6 * max(before, slowdown())
    assert f"Paideia is ready: {paideia.url[:-1]}" in wait_for_line(paideia, "is ready")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_clean_stop_takes_less_than_ten_seconds_and_leaves_no_process(paideia: Paideia, number: int):
    paideia.start().wait_until_it_answers()
    assert len(paideia.processes()) > 5
    assert paideia.stop(number) < 10
    assert paideia.process and paideia.process.returncode == 0
    assert paideia.processes() == []
    assert "database system is shut down" in (paideia.home / "postgres" / "log").read_text()


def test_a_stop_during_the_start_leaves_no_process(paideia: Paideia):
    for seconds in (0.1, 0.3, 0.6, 1.0):
        paideia.start()
        time.sleep(seconds)
        assert paideia.stop(signal.SIGTERM) < 10
        assert paideia.processes() == []


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_recovers(paideia: Paideia):
    paideia.start().wait_until_it_answers()
    paideia.stop(signal.SIGKILL)
    paideia.start().wait_until_it_answers()  # at once: it waits for or ends what is left
    paideia.stop(signal.SIGKILL)
    eventually(lambda: paideia.processes() == [], 60)


def test_web_server_and_worker_start_again_when_they_are_killed(paideia: Paideia):
    paideia.start().wait_until_it_answers()
    before = paideia.groups()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(paideia.groups()) == 2 and not set(paideia.groups()) & set(before), 60)
    paideia.wait_until_it_answers()


def test_a_second_start_names_the_first(paideia: Paideia):
    paideia.start().wait_until_it_answers()
    second = paideia.run("up")
    assert second.returncode == 1
    assert second.stderr == (
        f"paideia: Paideia is running here already: {paideia.url[:-1]} (process {paideia.process.pid}). "
        "Stop it first, or give this one its own PAIDEIA_HOME and PAIDEIA_PORT.\n"
    )
    assert paideia.answers()


def test_a_command_beside_a_running_paideia_uses_its_database(paideia: Paideia):
    paideia.start().wait_until_it_answers()
    before = paideia.postmaster()
    shown = paideia.run("manage", "showmigrations", "--plan")
    assert shown.returncode == 0 and "[ ]" not in shown.stdout
    assert paideia.postmaster() == before
    assert paideia.answers()


def test_a_command_alone_starts_the_database_and_stops_it_again(paideia: Paideia):
    assert paideia.run("manage", "showmigrations").returncode == 0
    assert paideia.processes() == []


def test_a_taken_port_is_named_with_a_way_out(paideia: Paideia):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", paideia.port))
        taken.listen()
        done = paideia.run("up")
    assert done.returncode == 1
    assert done.stderr == (
        f"paideia: Port {paideia.port} on 127.0.0.1 is taken by another program (Address already in use). "
        f"Choose another: PAIDEIA_PORT={paideia.port + 1} make up, or paideia up --port {paideia.port + 1}.\n"
    )
    assert paideia.processes() == []


def test_a_folder_without_write_permission_is_named(open_folder: Path):
    blocked = open_folder / "blocked"
    blocked.write_text("a file where a folder should be")
    done = Paideia(blocked / "home").run("up")
    assert done.returncode == 1
    assert done.stderr == (
        f"paideia: Cannot write to {blocked / 'home'}: Not a directory. Grant write permission there, or "
        "choose another folder with PAIDEIA_HOME.\n"
    )


def nobody_can_run_python() -> bool:
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    return os.geteuid() == 0 and subprocess.run(["test", "-x", sys.executable], **nobody).returncode == 0


@pytest.mark.skipif(not nobody_can_run_python(), reason="needs root and a Python that other users may run")
def test_an_ordinary_user_without_write_permission_is_told(open_folder: Path):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o755)
    told = Paideia(closed / "home").run("up", user="nobody", group="nogroup", extra_groups=[])
    assert told.stderr == (
        f"paideia: Cannot write to {closed / 'home'}: Permission denied. Grant write permission there, or "
        "choose another folder with PAIDEIA_HOME.\n"
    )


def test_spaces_chinese_and_a_long_path_do_not_matter(migrated_home: Path, open_folder: Path):
    home = open_folder / '我的 社区, "Paideia\'s"' / ("很长" * 20) / "家"
    home.parent.mkdir(parents=True)
    copy(migrated_home, home)
    for folder in (home.parent, home.parent.parent):
        folder.chmod(0o711)
    far = Paideia(home)
    try:
        far.start().wait_until_it_answers()
        assert far.stop() < 10
        assert far.processes() == []
        with postgres.lent(home) as server:
            assert len(os.fsencode(server.sockets / postgres.SOCKET_NAME)) <= postgres.SOCKET_BYTES_MAX
        assert not server.sockets.exists()
    finally:
        far.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's folders are closed to the database's user")
def test_root_may_keep_paideia_where_nobody_else_looks(tmp_path: Path):
    """pytest's folder is root's alone; the database goes to the system's folder and stays linked."""
    with postgres.lent(tmp_path / "home") as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("select current_user").fetchone() == ("paideia",)
    folder = (tmp_path / "home" / "postgres").resolve()
    try:
        assert folder.parent == lodging.SYSTEM_FOLDER
        assert folder.stat().st_uid != 0
        with postgres.lent(tmp_path / "home") as again:
            assert again.lodging.folder == folder
    finally:
        shutil.rmtree(folder)


def test_data_of_another_postgresql_is_refused_by_its_version(paideia: Paideia):
    version = paideia.home / "postgres" / "data" / "PG_VERSION"
    version.write_text("17\n")
    done = paideia.run("up")
    assert "was written by PostgreSQL 17; this Paideia brings 18" in done.stderr
    assert done.returncode == 1


def test_a_full_disk_is_called_by_its_name(paideia: Paideia):
    server = postgres.Server(paideia.home)
    text = 'FATAL:  could not write to file "pg_wal/x": No space left on device'
    assert (
        server._explain(text) == f"The disk of {server.lodging.folder} is full: make room, then start again."
    )


def test_an_outside_database_that_does_not_answer_is_refused(open_folder: Path):
    url = "postgresql://paideia@127.0.0.1:1/paideia"
    done = Paideia(open_folder / "outside", PAIDEIA_DATABASE_URL=url).run("up")
    assert done.returncode == 1
    assert done.stderr.startswith("paideia: No database answers at PAIDEIA_DATABASE_URL: ")


def test_a_stale_pid_file_whose_number_is_in_use_does_not_hinder(paideia: Paideia):
    with subprocess.Popen(["sleep", "60"]) as other:
        (paideia.home / "postgres" / "data" / "postmaster.pid").write_text(f"{other.pid}\n/elsewhere\n")
        with postgres.lent(paideia.home) as server:
            assert server.running_pid() != other.pid
        other.kill()


def test_two_commands_that_start_the_database_at_once_share_it(paideia: Paideia):
    both = [
        subprocess.Popen(
            command("manage", "check", "--database", "default"),
            env=paideia.environment,
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [one.wait(60) for one in both] == [0, 0]
    assert paideia.processes() == []


def test_the_application_is_no_superuser(paideia: Paideia):
    with postgres.lent(paideia.home) as server, psycopg.connect(server.url()) as connection:
        query = "select rolsuper, rolcreaterole, rolreplication from pg_roles where rolname = current_user"
        assert connection.execute(query).fetchone() == (False, False, False)
        with pytest.raises(psycopg.OperationalError):  # a password is asked for, also at the socket
            psycopg.connect(server.url().replace("paideia:", "paideia:x", 1)).close()


def test_the_database_listens_at_no_port(paideia: Paideia):
    with postgres.lent(paideia.home) as server, server.admin() as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_the_pause_before_a_restart_grows_to_ten_seconds():
    assert [pause_seconds(deaths) for deaths in range(9)] == [0, 0, 0.5, 1, 2, 4, 8, 10, 10]


def test_help_comes_at_once(paideia: Paideia):
    before = cpu_seconds()
    assert paideia.run("--help").returncode == 0
    assert cpu_seconds() - before < 0.3


def test_an_unknown_folder_to_import_is_named(paideia: Paideia):
    done = paideia.run("import", "olx", "/nowhere/course", "--community", "agora")
    assert (done.returncode, done.stderr) == (1, "paideia: There is nothing at /nowhere/course.\n")


def test_trouble_is_an_exception_for_people():
    assert str(Trouble("What is wrong. What to do.")) == "What is wrong. What to do."


def wait_for_line(paideia: Paideia, text: str) -> str:
    eventually(lambda: text in paideia.said())
    return paideia.said()
