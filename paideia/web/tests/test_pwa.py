"""A community as an app, and its colours."""

import json

import pytest
from django.test import Client

from paideia.communities.models import Community

pytestmark = pytest.mark.django_db


def test_the_manifest_is_the_communitys_own(community: Community, client: Client) -> None:
    answer = client.get("/c/agora/manifest.webmanifest")
    said = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert (said["name"], said["start_url"], said["scope"]) == ("Agora", "/c/agora/", "/c/agora/")
    assert [icon["sizes"] for icon in said["icons"]] == ["any", "192x192", "512x512"]


def test_the_platform_has_a_manifest_too(client: Client) -> None:
    assert json.loads(client.get("/manifest.webmanifest").content)["start_url"] == "/"


def test_the_worker_keeps_the_offline_page_of_its_own_community(community: Community, client: Client) -> None:
    answer = client.get("/c/agora/sw.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert 'const OFFLINE = "/c/agora/offline/";' in answer.content.decode()


def test_the_offline_page_is_alike_for_all_strangers(community: Community, client: Client) -> None:
    answer = client.get("/c/agora/offline/")
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert "csrf" not in answer.content.decode()


def test_pages_link_the_colour_of_their_community(community: Community, client: Client) -> None:
    assert (
        f'<link rel="stylesheet" href="/c/agora/theme/0f766e.css?v={community.theme_version}">'
        in client.get("/c/agora/offline/").content.decode()
    )
