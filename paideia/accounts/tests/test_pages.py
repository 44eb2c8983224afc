"""Every page of signing in and of one's own settings is ours, in both languages, on the platform and inside."""

import pytest

OPEN = [
    "accounts/login/",
    "accounts/signup/",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/done/",
    "accounts/password/reset/key/1-abc-def/",
    "accounts/confirm-email/none/",
    "accounts/confirm-email/",
    "accounts/inactive/",
    "terms/",
    "privacy/",
]
OWN = [
    "settings/",
    "settings/preferences/",
    "settings/privacy/",
    "settings/security/",
    "accounts/email/",
    "accounts/password/change/",
    "accounts/2fa/",
    "accounts/2fa/webauthn/",
    "accounts/sessions/",
    "accounts/logout/",
    "accounts/reauthenticate/",
]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("prefix", ["/", "/c/agora/"])
def test_a_stranger_finds_each_page_of_the_door(client, community, prefix, path, language):
    response = client.get(f"{prefix}{path}", HTTP_ACCEPT_LANGUAGE=language)
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("prefix", ["/", "/c/agora/"])
def test_a_person_finds_each_page_of_their_settings(sign_in, community, member, prefix, path):
    assert sign_in(member).get(f"{prefix}{path}").status_code == 200


@pytest.mark.parametrize("path", OWN[:-2])
def test_a_stranger_is_led_to_the_door_and_back(client, community, path):
    response = client.get(f"/c/agora/{path}")
    assert response.url == f"/c/agora/accounts/login/?next=/c/agora/{path}"
