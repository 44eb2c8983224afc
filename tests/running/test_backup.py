"""A backup holds everything of one moment, and a restore brings back all of it or nothing."""

import io
import json
import os
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections

from paideia.access.models import Plan
from paideia.activity import epochs
from paideia.activity.actions import record
from paideia.activity.models import Epoch
from paideia.communities.models import Community
from paideia.config import migrating
from paideia.config.lodging import wheel_binaries
from paideia.content.models import Media
from paideia.transfer.backup import TABLES, BackupFailed, backup, connect
from paideia.transfer.restore import restore

pytestmark = [pytest.mark.django_db(transaction=True)]
PROGRAMS = wheel_binaries()


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, settings) -> None:
    """The installation that is backed up. Tests restore into another home and another database."""
    settings.HOME = tmp_path / "home"
    settings.MEDIA_ROOT = tmp_path / "home" / "media"
    settings.MEDIA_ROOT.mkdir(parents=True)


@pytest.fixture
def pictures(community: Community) -> list[Media]:
    return [upload(community, f"picture {number}".encode() * 5000) for number in range(20)]


def upload(community: Community, content: bytes) -> Media:
    digest = sha256(content).hexdigest()
    key = f"{digest[:2]}/{digest}.png"
    path = Path(settings.MEDIA_ROOT) / key
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return Media.objects.create(
        community=community,
        kind="image",
        name="图 片.png",
        media_type="image/png",
        digest=digest,
        storage_key=key,
        bytes=len(content),
    )


@contextmanager
def another_installation(settings, folder: Path) -> Iterator[None]:
    """Django looks at an empty database and an empty home while inside."""
    name = f"{connection.settings_dict['NAME']}_other"
    here = connection.settings_dict["NAME"]
    execute_apart(f'create database "{name}"')
    connections.close_all()
    connection.settings_dict["NAME"] = name
    settings.HOME, settings.MEDIA_ROOT = folder, folder / "media"
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = here
        execute_apart(f'drop database if exists "{name}" with (force)')


def execute_apart(statement: str) -> None:
    with connect() as apart:
        apart.autocommit = True
        apart.execute(statement)


def every_row() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f'select t::text from "{table}" t order by 1')
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def every_file() -> dict[str, bytes]:
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def is_untouched(folder: Path) -> bool:
    """Nothing in the database, nothing of a restore in the home."""
    return every_row() == {} and every_file() == {} and not (folder / "restoring").exists()


def test_everything_comes_back_row_by_row_and_file_by_file(pictures, member, tmp_path, settings):
    record("comment.posted", actor=member, community=pictures[0].community_id)
    rows, files = every_row(), every_file()
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    with another_installation(settings, tmp_path / "other"):
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        assert every_row() == rows
        assert every_file() == files


def test_a_backup_under_writing_is_of_one_moment(pictures, community, tmp_path, settings):
    """Each write adds a plan and its picture together: a backup has as many of the one as of the other."""
    stop, written = threading.Event(), []
    writer = threading.Thread(target=write_pairs, args=[community, stop, written])
    writer.start()
    try:
        manifest = backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    finally:
        stop.set()
        writer.join()
    assert written[-1] > 20  # it did write meanwhile
    with another_installation(settings, tmp_path / "other"):
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        plans = set(Plan.objects.filter(name__startswith="pair ").values_list("name", flat=True))
        media = set(Media.objects.filter(name__startswith="pair ").values_list("name", flat=True))
        assert plans == media
        assert (
            len(plans)
            == manifest.rows["access_plan"] - Plan.objects.exclude(name__startswith="pair ").count()
        )
        for row in Media.objects.all():
            assert sha256((settings.MEDIA_ROOT / row.storage_key).read_bytes()).hexdigest() == row.digest


def write_pairs(community: Community, stop: threading.Event, written: list[int]) -> None:
    from django.db import transaction

    number = 0
    while not stop.is_set():
        number += 1
        with transaction.atomic():
            Plan.objects.create(community=community, key=f"pair-{number}", name=f"pair {number}", kind="tier")
            media = upload(community, f"pair {number}".encode() * 200)
            media.name = f"pair {number}"
            media.save()
        written.append(number)
    connection.close()


def test_a_restored_database_begins_a_new_epoch_when_it_is_migrated(community, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    before = Epoch.objects.count()
    with another_installation(settings, tmp_path / "other"):
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        migrating.migrate()
        migrating.migrate()
        assert Epoch.objects.count() == before + 1
        assert Epoch.objects.latest("pk").cause == "restored"
        with connect() as apart:
            assert migrating._stamp(apart) == migrating._expected(apart)


def test_the_secret_travels_with_the_backup_for_its_owner_only(community, tmp_path, settings):
    settings.SECRET_KEY = "s" * 60
    (settings.HOME / "secret").write_text(settings.SECRET_KEY)
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    with another_installation(settings, tmp_path / "other"):
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        assert (tmp_path / "other" / "secret").read_text() == settings.SECRET_KEY
        assert stat.S_IMODE((tmp_path / "other" / "secret").stat().st_mode) == 0o600


def test_a_missing_and_a_changed_upload_are_named(pictures, tmp_path):
    missing, changed = pictures[0], pictures[1]
    (Path(settings.MEDIA_ROOT) / missing.storage_key).unlink()
    (Path(settings.MEDIA_ROOT) / changed.storage_key).write_bytes(b"other")
    said: list[str] = []
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=said.append)
    assert [line for line in said if line.startswith("Attention")] == [
        f"Attention: the file of media {missing.pk} is missing: {missing.storage_key}",
        f"Attention: the file of media {changed.pk} is not what was uploaded: {changed.storage_key}",
    ]


def test_an_existing_file_is_not_overwritten(community, tmp_path):
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(BackupFailed, match="exists already"):
        backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(community, tmp_path):
    broken = tmp_path / "programs"
    broken.mkdir()
    (broken / "pg_dump").write_text("#!/bin/sh\necho no space >&2; exit 1\n")
    (broken / "pg_dump").chmod(0o755)
    with pytest.raises(BackupFailed, match="no space"):
        backup(tmp_path / "b.tar", programs=broken, say=quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "programs"]


def test_an_installation_with_tables_is_not_restored_into(community, tmp_path):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    rows = every_row()
    with pytest.raises(BackupFailed, match="This installation is not empty"):
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    assert every_row() == rows


def test_an_installation_with_files_is_not_restored_into(community, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    with another_installation(settings, tmp_path / "other"):
        (tmp_path / "other" / "media").mkdir(parents=True)
        (tmp_path / "other" / "media" / "mine").write_text("kept")
        with pytest.raises(BackupFailed, match="This installation is not empty"):
            restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        assert every_file() == {"mine": b"kept"}


@pytest.mark.parametrize(
    "kept", ["nothing", "a part of a header", "half", "all but the manifest", "half of it"]
)
def test_a_cut_off_archive_restores_nothing(pictures, tmp_path, settings, kept):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    with tarfile.open(tmp_path / "b.tar") as tar:
        manifest = tar.getmembers()[-1]
    lengths = [0, 100, manifest.offset // 2, manifest.offset, manifest.offset_data + manifest.size // 2]
    names = ["nothing", "a part of a header", "half", "all but the manifest", "half of it"]
    os.truncate(tmp_path / "b.tar", dict(zip(names, lengths, strict=True))[kept])
    refused(tmp_path, settings, "damaged|cut off")


def test_a_changed_byte_restores_nothing(pictures, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    with tarfile.open(tmp_path / "b.tar") as tar:
        places = [member.offset_data + member.size // 2 for member in tar if member.size]
    whole = (tmp_path / "b.tar").read_bytes()
    for place in places[:4]:
        spoiled = bytearray(whole)
        spoiled[place] ^= 1
        (tmp_path / "b.tar").write_bytes(spoiled)
        refused(tmp_path, settings, "damaged|not from Paideia")


HOSTILE = {
    "upwards": ("files/../../evil", tarfile.REGTYPE),
    "absolute": ("/tmp/evil", tarfile.REGTYPE),
    "unknown": ("evil", tarfile.REGTYPE),
    "symbolic link": ("files/evil", tarfile.SYMTYPE),
    "hard link": ("files/evil", tarfile.LNKTYPE),
    "device": ("files/evil", tarfile.CHRTYPE),
    "folder": ("files/evil", tarfile.DIRTYPE),
    "double slash": ("files//evil", tarfile.REGTYPE),
    "twice": ("manifest.json", tarfile.REGTYPE),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_member_restores_nothing(community, tmp_path, settings, kind):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    name, type_ = HOSTILE[kind]
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = type_, "/etc/passwd", 4 if type_ == tarfile.REGTYPE else 0
    with tarfile.open(tmp_path / "b.tar", "a") as tar:
        tar.addfile(member, io.BytesIO(b"evil"))
    refused(tmp_path, settings, "not from Paideia")


def test_something_else_restores_nothing(community, tmp_path, settings):
    (tmp_path / "b.tar").write_bytes(b"PK\x03\x04" + b"x" * 5000)
    refused(tmp_path, settings, "damaged or no backup")


def test_a_backup_of_a_newer_paideia_restores_nothing(community, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    rewrite(tmp_path / "b.tar", lambda manifest: manifest["migrations"].append(["courses", "9999_future"]))
    refused(tmp_path, settings, "newer than this one: it knows courses.9999_future")


def test_an_unknown_format_restores_nothing(community, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    rewrite(tmp_path / "b.tar", lambda manifest: manifest.update(format=2))
    refused(tmp_path, settings, "format 2; this Paideia reads format 1")


def test_a_dump_with_other_rows_than_the_manifest_restores_nothing(community, tmp_path, settings):
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    rewrite(tmp_path / "b.tar", lambda manifest: manifest["rows"].update(accounts_user=7))
    refused(tmp_path, settings, "accounts_user has not got 7 rows")


def test_a_killed_restore_is_cleared_away_by_the_next(pictures, tmp_path, settings):
    files = every_file()
    backup(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
    other = tmp_path / "other"
    with another_installation(settings, other):
        (other / "restoring").mkdir(parents=True)
        (other / "media").mkdir()
        (other / "media" / "half").write_text("of a restore that was killed before its commit")
        restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        assert every_file() == files


def refused(tmp_path: Path, settings, why: str) -> None:
    home, media = settings.HOME, settings.MEDIA_ROOT
    with another_installation(settings, tmp_path / "other"):
        with pytest.raises(BackupFailed, match=why):
            restore(tmp_path / "b.tar", programs=PROGRAMS, say=quiet)
        assert is_untouched(tmp_path / "other")
    settings.HOME, settings.MEDIA_ROOT = home, media


def rewrite(file: Path, change) -> None:
    """The same archive with a changed manifest."""
    with tarfile.open(file) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(file, "w") as tar:
        for member, content in members:
            if member.name == "manifest.json":
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def quiet(text: str) -> None:
    pass


def test_epochs_are_begun_only_by_a_restore(community):
    before = Epoch.objects.count()
    migrating.migrate()
    assert Epoch.objects.count() == before
    assert epochs.begin("by hand").cause == "by hand"
