"""Signing up, and what it does not tell."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError, transaction

from paideia.accounts.models import Consent, User
from paideia.activity.models import Fact
from paideia.communities.models import Membership
from tests.cast import PASSWORD, person

GIVEN = {"email": "new@example.org", "username": "newcomer", "password1": PASSWORD, "terms": "on"}


def test_signing_up_makes_a_person_an_address_a_consent_and_a_fact(client, db):
    answer = client.post("/accounts/signup/", GIVEN)
    user = User.objects.get(handle="newcomer")
    assert (answer.status_code, answer.url) == (302, "/")
    assert (
        EmailAddress.objects.filter(user=user, email="new@example.org", verified=False, primary=True).count()
        == 1
    )
    assert Consent.objects.filter(user=user, purpose="terms", given=True).count() == 1
    assert Fact.objects.filter(verb="user.signed_up", actor_id=user.pk).count() == 1
    assert client.get("/settings/").status_code == 200


def test_without_the_terms_nobody_signs_up(client, db):
    client.post("/accounts/signup/", {**GIVEN, "terms": ""})
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "handle", ["admin", "a", "x" * 41, "a b", "<b>", "@@", "gооgle", "管理员", "a\u202eb"]
)
def test_a_handle_that_cannot_be_had_is_refused_with_the_form(client, db, handle):
    assert client.post("/accounts/signup/", {**GIVEN, "username": handle}).status_code == 200
    assert User.objects.count() == 0


@pytest.mark.parametrize("twin", ["MIRA", "mira", "mіra", "ｍｉｒａ"])
def test_a_handle_that_looks_like_anothers_is_refused(client, member, twin):
    client.post("/accounts/signup/", {**GIVEN, "username": twin})
    assert not User.objects.filter(email="new@example.org").exists()


@pytest.mark.parametrize("handle", ["小红书虫", "jörg", "user_1", "O-Brien"])
def test_handles_of_any_script_are_welcome(client, db, handle):
    client.post("/accounts/signup/", {**GIVEN, "username": handle})
    assert User.objects.get().handle == handle


@pytest.mark.parametrize("password", ["short", "password", "12345678", "newcomer"])
def test_a_weak_password_is_refused(client, db, password):
    client.post("/accounts/signup/", {**GIVEN, "password1": password})
    assert User.objects.count() == 0


def test_a_known_address_gets_the_same_answer_as_an_unknown_one(client, member):
    known = client.post("/accounts/signup/", {**GIVEN, "email": member.email})
    fresh = type(client)().post("/accounts/signup/", {**GIVEN, "username": "other-one"})
    assert (known.status_code, known.url) == (fresh.status_code, fresh.url)
    assert User.objects.get(handle="newcomer").email is None
    member.refresh_from_db()
    assert member.email == "mira@example.org"


def test_the_owner_of_a_known_address_is_told_by_mail(client, member):
    client.post("/accounts/signup/", {**GIVEN, "email": member.email}, HTTP_ACCEPT_LANGUAGE="en")
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["mira@example.org"], "You have an account at Paideia already")
    ]


def test_a_known_address_gets_the_same_answer_where_confirming_is_required(client, member, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    known = client.post("/accounts/signup/", {**GIVEN, "email": member.email})
    fresh = type(client)().post("/accounts/signup/", {**GIVEN, "username": "other-one"})
    assert known.url == fresh.url == "/accounts/confirm-email/"
    assert not User.objects.filter(handle="newcomer").exists()


def test_who_confirms_an_address_has_it_whoever_wrote_it_down_first(client, member):
    squatter = User.objects.create_user("squatter", "true@example.org", PASSWORD)
    EmailAddress.objects.create(user=squatter, email="true@example.org", primary=True)
    client.post("/accounts/signup/", {**GIVEN, "email": "true@example.org"})
    link = link_in(mail.outbox[-1])
    client.post(link)
    squatter.refresh_from_db()
    assert (User.objects.get(handle="newcomer").email, squatter.email) == ("true@example.org", None)
    assert EmailAddress.objects.filter(email="true@example.org").count() == 1


def test_signing_up_in_a_community_comes_back_there_and_joins(client, community):
    answer = client.post("/c/agora/accounts/signup/", {**GIVEN, "next": "/c/agora/members/"})
    assert answer.url == "/c/agora/members/"
    assert Membership.objects.get(user__handle="newcomer").role.key == "member"


def test_signing_up_in_a_community_that_approves_does_not_join(client, community):
    community.joining = "approval"
    community.save()
    client.post("/c/agora/accounts/signup/", GIVEN)
    assert not Membership.objects.filter(user__handle="newcomer").exists()


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
@pytest.mark.parametrize("path", ["/accounts/signup/", "/c/agora/accounts/signup/"])
def test_nobody_is_sent_elsewhere_after_signing_up(client, community, path, away):
    home = path.removesuffix("accounts/signup/")
    assert client.post(path, {**GIVEN, "next": away}).url == home


def test_sign_up_can_be_closed(client, db, settings):
    settings.SIGN_UP_OPEN = False
    assert client.post("/accounts/signup/", GIVEN).status_code == 200
    assert User.objects.count() == 0


class TestTheDatabaseRefuses:
    def test_a_handle_in_other_letters(self, member):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(handle="MIRA")

    def test_a_handle_that_looks_alike(self, member):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(handle="mіra")  # Cyrillic і

    def test_an_address_in_other_letters(self, member):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(handle="other", email="MIRA@example.org")

    @pytest.mark.parametrize("fields", [{"handle": ""}, {"handle": "ok-one", "email": ""}])
    def test_an_empty_handle_or_address(self, db, fields):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(**fields)

    def test_one_origin_of_two_imported_profiles(self, db):
        User.objects.create(handle="one", claimable_from="x:1")
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(handle="two", claimable_from="x:1")

    def test_a_consent_that_is_changed(self, member):
        Consent.objects.create(user=member, purpose="behaviour", given=False, wording="1")
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.filter(user=member).update(given=True)


def link_in(message) -> str:
    """The path of the link in a mail."""
    import re

    return re.search(r"https?://[^/\s]+(/\S+)", message.body)[1]


def test_mails_are_text_and_html_in_the_persons_language(client, member):
    User.objects.filter(pk=member.pk).update(language="en")
    client.post("/accounts/password/reset/", {"email": member.email}, HTTP_ACCEPT_LANGUAGE="zh-hans")
    message = mail.outbox[0]
    assert message.subject == "Choose a new password for Paideia"
    assert 'lang="en"' in message.alternatives[0][0]
    assert link_in(message) in message.alternatives[0][0]


def test_links_in_mails_name_our_own_host_whatever_a_request_claims(client, member, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post("/accounts/password/reset/", {"email": member.email}, HTTP_HOST="evil.example")
    assert "evil.example" not in mail.outbox[0].body
    assert settings.BASE_URL in mail.outbox[0].body


def test_people_made_by_the_cast_can_sign_in(client, db):
    person("somebody")
    assert client.post("/accounts/login/", {"login": "somebody", "password": PASSWORD}).status_code == 302


class TestWhenTheMailServerIsDown:
    @pytest.fixture(autouse=True)
    def _down(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1

    def test_who_need_not_confirm_is_in(self, client, db):
        assert client.post("/accounts/signup/", GIVEN).status_code == 302
        assert client.get("/settings/").status_code == 200

    def test_who_must_confirm_is_told_to_try_again(self, client, db, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        answer = client.post("/accounts/signup/", GIVEN, HTTP_ACCEPT_LANGUAGE="en")
        assert (answer.status_code, "Try again in a few minutes" in answer.text) == (503, True)

    def test_a_new_password_holds_though_the_mail_about_it_is_lost(self, client, member):
        client.post("/accounts/login/", {"login": "mira", "password": PASSWORD})
        given = {"oldpassword": PASSWORD, "password1": "another good password"}
        assert client.post("/accounts/password/change/", given).status_code == 302
        member.refresh_from_db()
        assert member.check_password("another good password")
