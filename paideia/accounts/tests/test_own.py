"""One's own profile, preferences and consents."""

import pytest

from paideia.accounts.actions import HandleTaken, edit_profile, give_consent, interests_of
from paideia.accounts.consents import allows_behaviour
from paideia.accounts.models import Consent, User
from paideia.lib.refusal import Invalid

PROFILE = {
    "name": "Mira Chen",
    "handle": "mira-chen",
    "bio": "I read.",
    "occupation": "Reader",
    "goals": "Greek",
}


def test_a_profile_is_saved(sign_in, member):
    sign_in(member).post("/settings/", {**PROFILE, "interests": "Plato, tea，plato、 云 "})
    saved = User.objects.get(pk=member.pk)
    assert {name: getattr(saved, name) for name in PROFILE} == PROFILE
    assert saved.interests == ["Plato", "tea", "云"]


def test_nobody_changes_what_the_form_does_not_show(sign_in, member):
    before = User.objects.values().get(pk=member.pk)
    given = {
        **PROFILE,
        "is_staff": "1",
        "is_active": "",
        "email": "x@example.org",
        "claimable_from": "x",
        "avatar": "x",
    }
    sign_in(member).post("/settings/", given)
    after = User.objects.values().get(pk=member.pk)
    kept = ("is_staff", "is_active", "email", "claimable_from", "avatar", "password", "link_serial")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_a_handle_that_is_taken_is_refused_with_the_form(sign_in, member, visitor):
    assert sign_in(member).post("/settings/", {**PROFILE, "handle": "VERA"}).status_code == 422
    member.refresh_from_db()
    assert member.handle == "mira"


def test_ones_own_handle_can_be_kept_in_other_letters(sign_in, member):
    assert sign_in(member).post("/settings/", {**PROFILE, "handle": "Mira"}).status_code == 302
    member.refresh_from_db()
    assert member.handle == "Mira"


def test_two_who_want_a_handle_at_once_do_not_both_get_it(member, visitor):
    edit_profile(user=member, handle="wanted")
    with pytest.raises(HandleTaken):
        edit_profile(user=visitor, handle="wanted")


def test_an_unknown_field_is_refused(member):
    with pytest.raises(Invalid):
        edit_profile(user=member, is_staff=True)


def test_preferences_are_saved_and_hold(sign_in, member):
    here = sign_in(member)
    given = {"language": "zh-hans", "time_zone": "Asia/Tokyo", "theme": "dark", "home_sections": ["feed"]}
    here.post("/settings/preferences/", given, HTTP_ACCEPT_LANGUAGE="en")
    saved = User.objects.get(pk=member.pk)
    assert (saved.language, saved.time_zone, saved.theme) == ("zh-hans", "Asia/Tokyo", "dark")
    assert saved.preferences == {"home_sections": ["feed"], "recommendations": False}
    page = here.get("/settings/preferences/", HTTP_ACCEPT_LANGUAGE="en").text
    assert '<html lang="zh-hans" data-theme="dark"' in page


def test_other_preferences_are_kept(sign_in, member):
    User.objects.filter(pk=member.pk).update(preferences={"mail": "weekly"})
    sign_in(member).post("/settings/preferences/", {"theme": "dark"})
    assert User.objects.get(pk=member.pk).preferences["mail"] == "weekly"


@pytest.mark.parametrize("wrong", [{"theme": "neon"}, {"time_zone": "Mars/Olympus"}, {"language": "tlh"}])
def test_a_preference_that_does_not_exist_is_refused(sign_in, member, wrong):
    answer = sign_in(member).post("/settings/preferences/", {"theme": "dark", **wrong})
    assert answer.status_code == 422


def test_interests_are_few_short_and_different():
    words = ["a", "A", "", " b  c ", "x" * 50, *map(str, range(20))]
    assert interests_of(words) == ["a", "b c", "x" * 40, *map(str, range(9))]


# Consent: asked once, no by default, never changed, only answered anew


def test_only_a_yes_is_a_yes(member):
    assert not allows_behaviour(member)
    give_consent(user=member, purpose="behaviour", given=True)
    assert allows_behaviour(member)
    give_consent(user=member, purpose="behaviour", given=False)
    assert not allows_behaviour(member)


def test_the_same_answer_twice_is_one_row(member):
    for given in (True, True, False, False, True):
        give_consent(user=member, purpose="behaviour", given=given)
    rows = (
        Consent.objects.filter(user=member, purpose="behaviour")
        .order_by("pk")
        .values_list("given", flat=True)
    )
    assert list(rows) == [True, False, True]


def test_an_answer_is_given_by_the_page_and_by_the_bar(sign_in, member):
    here = sign_in(member)
    answer = here.post("/consents/behaviour/", {"given": "yes"}, headers={"HX-Request": "true"})
    member.refresh_from_db()
    assert (answer.text, allows_behaviour(member)) == ("", True)
    assert here.post("/consents/behaviour/", {"given": "no"}).url == "/settings/privacy/"
    member.refresh_from_db()
    assert not allows_behaviour(member)
    assert here.get("/settings/privacy/").status_code == 200


def test_the_bar_asks_once(sign_in, community, member):
    here = sign_in(member)
    assert 'id="consent-bar"' in here.get("/c/agora/members/").text
    here.post("/consents/behaviour/", {"given": "no"})
    assert 'id="consent-bar"' not in here.get("/c/agora/members/").text


def test_strangers_are_not_asked(client, community):
    assert 'id="consent-bar"' not in client.get("/c/agora/members/").text


@pytest.mark.parametrize("purpose", ["terms", "everything"])
def test_only_questions_about_data_are_answered_there(sign_in, member, purpose):
    assert sign_in(member).post(f"/consents/{purpose}/", {"given": "yes"}).status_code == 404
