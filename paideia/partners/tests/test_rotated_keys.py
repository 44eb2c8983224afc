"""Another secret key: what was sealed or signed before is read while the old one is kept, and sealed anew."""

import os
import subprocess
import sys

import pytest
from django.core import signing
from django.core.management import call_command
from django.db import connection

from paideia.ledger.actions import Move, account, post
from paideia.lib.sealing import Unreadable
from paideia.partners import books
from paideia.partners.actions import Destination, approve_payout, ask_for_payout
from paideia.partners.models import Payout
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
BANK = Destination("bank", "Menno Müller", "6222020200112233445", "ICBC")
NEW = "another-key-that-is-long-enough-for-everybody-who-comes-by"


@pytest.fixture
def payout(community, mentor):
    charges = account(community, "world:sandbox", "charges", "CNY")
    post([Move(charges, books.earnings(community, mentor.pk, "CNY"), 10_000, "earned")])
    return ask_for_payout(viewer=viewer_of(mentor), amount=4000, currency="CNY", to=BANK)


def rotate(settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def sealed(payout):
    with connection.cursor() as cursor:
        cursor.execute("SELECT holder, account FROM partners_payout WHERE id = %s", [payout.pk])
        return cursor.fetchone()


def read(payout):
    row = Payout.objects.get(pk=payout.pk)
    return row.holder, row.account


def test_the_environment_names_the_keys_of_before(tmp_path):
    def keys(**more):
        known = {"PATH": os.environ["PATH"], "PAIDEIA_HOME": str(tmp_path), "PAIDEIA_SECRET_KEY": "n" * 50}
        code = "from paideia.config import settings; print(settings.SECRET_KEY_FALLBACKS)"
        done = subprocess.run(
            [sys.executable, "-c", code], env={**known, **more}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert keys() == "[]"
    assert keys(PAIDEIA_SECRET_KEY_FALLBACKS="old-one older=/+") == "['old-one', 'older=/+']"


def test_an_account_is_read_while_the_old_key_is_kept(payout, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY = NEW
    with pytest.raises(Unreadable, match="PAIDEIA_SECRET_KEY_FALLBACKS"):
        read(payout)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert read(payout) == ("Menno Müller", BANK.account)


def test_the_next_step_of_a_payout_seals_it_with_the_new_key(payout, settings, owner):
    rotate(settings)
    before = sealed(payout)
    approve_payout(viewer=viewer_of(owner), payout=payout)
    settings.SECRET_KEY_FALLBACKS = []
    assert read(payout) == ("Menno Müller", BANK.account)
    assert not set(before) & set(sealed(payout))


def test_reseal_brings_all_of_them_to_the_new_key(payout, settings, capsys):
    rotate(settings)
    call_command("reseal")
    assert capsys.readouterr().out == "1 payouts are sealed with the key of today.\n"
    settings.SECRET_KEY_FALLBACKS = []
    assert read(payout) == ("Menno Müller", BANK.account)


def test_who_is_signed_in_and_what_was_signed_stay_so_while_the_old_key_is_kept(mentor, community, settings):
    client, link = sign_in(mentor), signing.dumps("link")
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [old]
    assert signing.loads(link) == "link"
    assert client.get("/c/agora/earnings/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(link)


def test_without_the_old_key_nobody_is_signed_in_any_more(mentor, community, settings):
    client = sign_in(mentor)
    settings.SECRET_KEY = NEW
    assert client.get("/c/agora/earnings/").status_code == 302
