"""What is found, by whom, in both languages."""

import pytest

from paideia.access.models import Gate
from paideia.activity.readers import rewind, run_once
from paideia.content import actions as content
from paideia.content.models import Document
from paideia.discussions import actions as talk
from paideia.search.models import Entry
from paideia.search.queries import search

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("paideia.config.community_urls")]


@pytest.fixture
def paid(community, tier):
    gate = Gate.objects.create(community=community, name="Paying members")
    gate.plans.add(tier)
    return gate


def publish(community, author, title, source, gate=None):
    document = content.save_article(community=community, author=author, title=title, source=source, gate=gate)
    content.publish(document=document, by=None)
    return document


def titles(viewer, words, **options):
    return [str(hit.document.title) for hit in search(viewer, words, **options).hits]


def test_chinese_and_english_words_are_found(community, mentor, visitor, viewer_of):
    publish(community, mentor, "怎样给课程定价", "价格不是数字，是一种承诺。")
    publish(community, mentor, "Pricing a course", "A price is a promise to readers.")
    run_once()
    viewer = viewer_of(visitor)
    assert titles(viewer, "承诺") == ["怎样给课程定价"]
    assert titles(viewer, "promises") == ["Pricing a course"]
    assert titles(viewer, "定价") == ["怎样给课程定价"]
    assert titles(viewer, "没有的词语组合") == []


def test_the_word_that_matched_is_marked(community, mentor, visitor, viewer_of):
    publish(community, mentor, "Notes", "Nothing but a <b>promise</b> & more.")
    run_once()
    hit = search(viewer_of(visitor), "promise").hits[0]
    assert "<mark>promise</mark> &amp; more" in hit.passage


def test_nobody_finds_a_word_behind_a_gate(community, mentor, member, visitor, paid, viewer_of):
    publish(
        community,
        mentor,
        "Shop window",
        "Before: lighthouse.\n\n<!-- paywall -->\n\nBehind: submarine.",
        paid,
    )
    run_once()
    assert titles(viewer_of(member), "submarine") == ["Shop window"]
    assert titles(viewer_of(visitor), "submarine") == []
    found = search(viewer_of(visitor), "lighthouse").hits
    assert [(hit.document.title, hit.is_open) for hit in found] == [("Shop window", False)]
    assert "submarine" not in str(found[0].passage)


def test_a_hidden_work_is_not_found_at_all(community, mentor, visitor, viewer_of):
    gate = Gate.objects.create(community=community, name="Team", role_keys=["mentor"], shows="nothing")
    publish(community, mentor, "Lantern", "words", gate)
    run_once()
    assert titles(viewer_of(visitor), "lantern") == []
    assert titles(viewer_of(mentor), "lantern") == ["Lantern"]


def test_comments_are_found_under_their_thread(space, member, visitor, viewer_of):
    thread = talk.open_thread(viewer=viewer_of(member), space=space, title="Hello", source="words")
    comment = talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="a rare zeppelin")
    run_once()
    hit = search(viewer_of(member), "zeppelin").hits[0]
    assert (str(hit.title), hit.path) == ("Hello", f"/comments/{comment.pk}/")


def test_what_is_removed_leaves_the_index(space, member, viewer_of):
    thread = talk.open_thread(viewer=viewer_of(member), space=space, title="Zeppelin", source="words")
    run_once()
    assert titles(viewer_of(member), "zeppelin") == ["Zeppelin"]
    talk.remove_thread(viewer=viewer_of(member), thread=thread)
    run_once()
    assert (titles(viewer_of(member), "zeppelin"), Entry.objects.count()) == ([], 0)


def test_a_replay_gives_the_same_index(community, mentor, visitor, space, viewer_of):
    publish(community, mentor, "One", "first words")
    talk.open_thread(viewer=viewer_of(visitor), space=space, title="Two", source="second words")
    run_once()
    before = list(Entry.objects.order_by("pk").values())
    rewind("search.index")
    run_once()
    assert list(Entry.objects.order_by("pk").values()) == before


def test_pages_of_results_show_each_once(community, mentor, visitor, viewer_of):
    for number in range(45):
        publish(community, mentor, f"Essay {number}", "the same zeppelin")
    run_once()
    seen, after = [], ""
    while True:
        found = search(viewer_of(visitor), "zeppelin", after=after)
        seen += [hit.document.pk for hit in found.hits]
        after = found.after
        if not after:
            break
    assert (len(seen), len(set(seen))) == (45, 45)


def test_a_search_takes_the_same_queries_for_one_and_thirty(
    community, mentor, visitor, viewer_of, django_assert_num_queries
):
    publish(community, mentor, "Essay", "zeppelin")
    run_once()
    viewer = viewer_of(visitor)
    with django_assert_num_queries(1):
        search(viewer, "zeppelin")
    for number in range(29):
        publish(community, mentor, f"Essay {number}", "zeppelin")
    run_once()
    with django_assert_num_queries(1):
        search(viewer, "zeppelin")


@pytest.mark.parametrize(
    "words", ["", "'", "\\", "a & | !", "((((", '"', "-", "的", "x" * 5000, "\x00", "%_"]
)
def test_odd_words_do_not_break_it(community, visitor, viewer_of, words):
    assert titles(viewer_of(visitor), words) == []


def test_what_moves_behind_a_gate_is_found_no_more_at_once(
    community, mentor, member, visitor, paid, viewer_of
):
    document = publish(community, mentor, "Lighthouse", "submarine")
    run_once()
    assert titles(viewer_of(visitor), "submarine") == ["Lighthouse"]
    document.gate = paid
    document.save(update_fields=["gate"])
    assert (titles(viewer_of(visitor), "submarine"), titles(viewer_of(member), "submarine")) == (
        [],
        ["Lighthouse"],
    )


def test_the_index_is_as_its_documents_are(community, mentor, visitor, space, paid, viewer_of):
    publish(community, mentor, "One", "words", paid)
    thread = talk.open_thread(viewer=viewer_of(visitor), space=space, title="Two", source="words")
    run_once()
    talk.remove_thread(viewer=viewer_of(visitor), thread=thread)
    Entry.objects.update(kind="", gate_id=None, author_id=None, shown_at=None)
    kept = Entry.objects.order_by("pk").values_list("kind", "gate_id", "author_id", "shown_at")
    shown_at = Document.objects.get(title="One").published_at
    assert list(kept) == [("article", paid.pk, mentor.pk, shown_at), ("thread", None, visitor.pk, None)]


def test_a_comment_under_a_removed_thread_is_not_found(space, member, visitor, viewer_of):
    thread = talk.open_thread(viewer=viewer_of(member), space=space, title="Hello", source="words")
    talk.post_comment(viewer=viewer_of(visitor), root=thread.document, source="a rare zeppelin")
    run_once()
    talk.remove_thread(viewer=viewer_of(member), thread=thread)
    assert titles(viewer_of(visitor), "zeppelin") == []


def test_a_title_counts_for_more_than_many_words_in_a_text(community, mentor, visitor, viewer_of):
    publish(community, mentor, "Zeppelin", "a story")
    publish(community, mentor, "A long story", "zeppelin " * 50)
    run_once()
    assert titles(viewer_of(visitor), "zeppelin") == ["Zeppelin", "A long story"]


def test_words_that_stand_together_come_first(community, mentor, visitor, viewer_of):
    publish(community, mentor, "Near", "A red zeppelin flew.")
    publish(community, mentor, "Far", "A red house. " + "Nothing else was there. " * 20 + "A zeppelin flew.")
    run_once()
    assert titles(viewer_of(visitor), "red zeppelin") == ["Near", "Far"]


def test_what_one_person_is_shown_is_kept_from_others_who_see_alike(
    community, mentor, visitor, member, sign_in
):
    gate = Gate.objects.create(community=community, name="Nobody", role_keys=["admin"], shows="nothing")
    publish(community, visitor, "Lantern", "words", gate)
    run_once()
    path = f"/c/{community.slug}/search/?q=lantern"
    assert [
        "<mark>Lantern</mark>" in sign_in(who).get(path).content.decode() for who in (visitor, member)
    ] == [
        True,
        False,
    ]
