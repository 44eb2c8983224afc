"""What is found, by whom, in both languages."""

import pytest

from paideia.access.models import Gate
from paideia.activity.readers import rewind, run_once
from paideia.content import actions as content
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
    with django_assert_num_queries(2):
        search(viewer, "zeppelin")
    for number in range(29):
        publish(community, mentor, f"Essay {number}", "zeppelin")
    run_once()
    with django_assert_num_queries(2):
        search(viewer, "zeppelin")


@pytest.mark.parametrize(
    "words", ["", "'", "\\", "a & | !", "((((", '"', "-", "的", "x" * 5000, "\x00", "%_"]
)
def test_odd_words_do_not_break_it(community, visitor, viewer_of, words):
    assert titles(viewer_of(visitor), words) == []
