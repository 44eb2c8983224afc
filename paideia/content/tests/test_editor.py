"""What the editor asks for while somebody writes."""

from typing import Any

import pytest

from paideia.content.actions import keep_draft, publish, save_article, toggle_bookmark
from paideia.content.gates import opens_for
from paideia.content.models import Article, Bookmark, Document, Draft
from paideia.lib.refusal import NotFound
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db


def test_the_preview_is_what_will_be_shown(community: Any, mentor: Any) -> None:
    source = "**Bold** <script>alert(1)</script> $x$"
    saved = save_article(community=community, author=mentor, title="T", source=source)
    answer = sign_in(mentor).post("/c/agora/preview/", {"source": source})
    assert answer.content.decode() == saved.html


def test_a_closed_tab_finds_its_text_again_and_saving_forgets_it(community: Any, mentor: Any) -> None:
    client = sign_in(mentor)
    client.post("/c/agora/drafts/", {"key": "article:new", "title": "T", "source": "Half a thought"})
    assert client.get("/c/agora/drafts/?key=article:new").json()["source"] == "Half a thought"
    assert "Half a thought" in client.get("/c/agora/articles/new/").content.decode()
    client.post("/c/agora/articles/new/", {"title": "T", "source": "A thought", "save": "1"})
    assert client.get("/c/agora/drafts/?key=article:new").status_code == 204


def test_a_draft_is_nobody_else_s(community: Any, mentor: Any, owner: Any) -> None:
    keep_draft(viewer=viewer_of(mentor), key="article:new", title="", source="Mine")
    assert sign_in(owner).get("/c/agora/drafts/?key=article:new").status_code == 204
    sign_in(owner).delete("/c/agora/drafts/?key=article:new")
    assert Draft.objects.count() == 1


def test_an_emptied_draft_is_forgotten(community: Any, mentor: Any) -> None:
    for source in ("Mine", " "):
        keep_draft(viewer=viewer_of(mentor), key="article:new", title="", source=source)
    assert Draft.objects.count() == 0


def test_people_to_mention_are_members_and_shown_to_members(
    community: Any, mentor: Any, member: Any, stranger: Any
) -> None:
    found = sign_in(mentor).get("/c/agora/people/?q=mi").json()
    assert found == {"people": [{"handle": "mira", "name": "mira"}]}
    assert sign_in(mentor).get("/c/agora/people/?q=stan").json() == {"people": []}
    assert sign_in(stranger).get("/c/agora/people/?q=mi").json() == {"people": []}


def test_an_article_is_written_published_and_changed_by_plain_forms(
    community: Any, mentor: Any, member: Any, space: Any
) -> None:
    client = sign_in(mentor)
    sent = {
        "title": "On asking",
        "source": "Ask.",
        "summary": "How",
        "tags": "asking, art",
        "space": space.pk,
    }
    previewed = client.post("/c/agora/articles/new/", {**sent, "preview": "1"}).content.decode()
    assert ("<p>Ask.</p>" in previewed, Document.objects.count()) == (True, 0)
    answer = client.post("/c/agora/articles/new/", {**sent, "publish": "1"})
    document = Document.objects.get()
    assert answer["Location"] == f"/c/agora/articles/{document.pk}/"
    assert (document.tags, document.space, document.author) == (["asking", "art"], space, mentor)
    assert "Ask." in sign_in(member).get(answer["Location"]).content.decode()
    edit = f"/c/agora/articles/{document.pk}/edit/"
    client.post(edit, {**sent, "source": "Ask well.", "revision": "1", "save": "1"})
    assert Document.objects.get().source == "Ask well."


def test_a_form_that_does_not_fit_comes_back_with_what_was_written(community: Any, mentor: Any) -> None:
    sent = {"title": "", "source": "Long and dear words.", "save": "1"}
    page = sign_in(mentor).post("/c/agora/articles/new/", sent).content.decode()
    assert ("Long and dear words." in page, Article.objects.count()) == (True, 0)


def test_writing_needs_the_right_and_a_session(
    community: Any, member: Any, mentor: Any, anonymous: Any
) -> None:
    assert sign_in(member).get("/c/agora/articles/new/").status_code == 403
    assert anonymous.get("/c/agora/articles/new/").status_code == 302
    assert sign_in(member).get("/c/agora/manage/works/").status_code == 403
    assert sign_in(mentor).get("/c/agora/manage/works/").status_code == 200


def test_keeping_twice_lets_go_and_what_is_hidden_cannot_be_kept(
    community: Any, mentor: Any, member: Any
) -> None:
    document = save_article(community=community, author=mentor, title="T", source="")
    viewer = viewer_of(member)
    with pytest.raises(NotFound):
        toggle_bookmark(viewer=viewer, document=document)
    document = publish(document=document, by=None)
    viewer = viewer_of(member)
    assert [toggle_bookmark(viewer=viewer, document=document) for _ in range(3)] == [True, False, True]
    assert Bookmark.objects.count() == 1
    assert "T" in sign_in(member).get("/c/agora/bookmarks/").content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "It opens to every member. Others see the title."),
        (
            {"plans": ["Gold", "Silver"], "level_min": 3, "shows": "preview"},
            "It opens to holders of “Gold”, holders of “Silver”, and members of level 3 and above. "
            "Others see the preview.",
        ),
        (
            {"role_keys": ["mentor"], "delay_days": 1, "shows": "nothing"},
            "It opens to whoever has the role “Mentor”. It opens 1 day after their access began. "
            "Others do not see that it exists.",
        ),
    ],
)
def test_a_gate_says_in_sentences_whom_it_opens_to(changes, said):
    gate = {"plans": [], "role_keys": [], "level_min": None, "delay_days": 0, "shows": "title"}
    assert opens_for(gate | changes) == said
