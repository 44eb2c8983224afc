"""Exports are handed in on a page, imported by a job, and watched until they are in."""

import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from paideia.communities.models import Membership
from paideia.content.models import Document
from paideia.courses.models import Course, Lesson
from paideia.lib.refusal import NotAllowed
from paideia.transfer import actions
from paideia.transfer.models import Delivery, ImportRun

PAGE = "/c/agora/manage/imports/"


def book(**files: str) -> SimpleUploadedFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in (files or {"a": "# Anna\n\nwords", "b": "# Bert\n\nwords"}).items():
            archive.writestr(f"{name}.md", content)
    return SimpleUploadedFile("My book.zip", packed.getvalue())


def hand_in(viewer, file=None, **wishes) -> Delivery:
    return actions.hand_in(viewer=viewer, kind="markdown", file=file or book(), **wishes)


def test_an_export_handed_in_on_the_page_is_imported_by_a_job(admin, sign_in):
    client = sign_in(admin)
    answer = client.post(PAGE, {"kind": "markdown", "file": book(), "shape": "course"})
    delivery = Delivery.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}{delivery.pk}/")
    assert (delivery.name, delivery.by, delivery.state) == ("My book", admin, "waiting")
    job = ProcrastinateJob.objects.get(task_name="transfer.bring_in_delivery")
    assert (job.args, job.lock) == ({"delivery_id": delivery.pk}, f"delivery:{delivery.pk}")
    assert "is being read and checked" in client.get(f"{PAGE}{delivery.pk}/").text
    actions.bring_in(**job.args)
    course = Course.objects.select_related("document__author").get()
    assert (course.document.title, course.lessons_count, course.document.author) == ("My book", 2, admin)
    page = client.get(f"{PAGE}{delivery.pk}/").text
    assert "lesson" in page and "hx-trigger" not in page.split('id="import-state"')[1].split(">")[0]


def test_the_file_is_kept_until_the_import_ends_and_then_it_goes(admin, viewer_of):
    delivery = hand_in(viewer_of(admin))
    assert default_storage.exists(delivery.storage_key)
    actions.bring_in(delivery.pk)
    ended = Delivery.objects.get()
    assert (ended.state, ended.storage_key, default_storage.exists(delivery.storage_key)) == (
        "done",
        "",
        False,
    )
    assert ended.report["imported"] == {"course": 1, "section": 1, "lesson": 2}
    assert (ended.progress["step"], ended.progress["done"]) == ("publication", 1)
    actions.bring_in(delivery.pk)  # a job that is repeated
    assert Course.objects.count() == 1


def test_wishes_are_heard(admin, viewer_of):
    actions.bring_in(hand_in(viewer_of(admin), articles=True, publish=False, name="Other").pk)
    assert dict(Document.objects.values_list("title", "kind")) == {
        "Anna": "article",
        "Bert": "article",
        "Other": "column",
    }
    assert not Document.objects.exclude(published_at=None).exists()
    assert ImportRun.objects.get().source == "articles:Other"


def test_a_check_writes_nothing(admin, viewer_of):
    actions.bring_in(hand_in(viewer_of(admin), dry_run=True).pk)
    assert Delivery.objects.get().report["imported"] == {"course": 1, "lesson": 2}
    assert not Document.objects.exists()


def test_a_bad_export_says_on_the_page_what_is_wrong_with_it(admin, sign_in, viewer_of):
    delivery = hand_in(viewer_of(admin), SimpleUploadedFile("x.zip", b"no archive at all"))
    actions.bring_in(delivery.pk)
    ended = Delivery.objects.get()
    assert (ended.state, ended.storage_key, Document.objects.exists()) == ("failed", "", False)
    page = sign_in(admin).get(f"{PAGE}{delivery.pk}/").text
    assert "This is neither a tar nor a zip archive." in page
    assert "resumption" not in page


def test_an_import_that_broke_can_be_gone_on_with(admin, sign_in, viewer_of):
    delivery = hand_in(viewer_of(admin))
    Delivery.objects.filter(pk=delivery.pk).update(failed_because="the disk was full")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    client = sign_in(admin)
    assert "the disk was full" in client.get(f"{PAGE}{delivery.pk}/").text
    client.post(f"{PAGE}{delivery.pk}/resumption/")
    assert Delivery.objects.get().state == "waiting"
    jobs = ProcrastinateJob.objects.filter(task_name="transfer.bring_in_delivery").order_by("id")
    assert [job.status for job in jobs] == ["failed", "todo"]
    actions.bring_in(delivery.pk)
    assert Lesson.objects.count() == 2


def test_a_right_that_was_taken_meanwhile_is_asked_again_by_the_job(admin, viewer_of):
    delivery = hand_in(viewer_of(admin))
    Membership.objects.filter(user=admin).delete()
    actions.bring_in(delivery.pk)
    assert Delivery.objects.get().failed_because == "Your role does not include importing."
    assert not Document.objects.exists()


@pytest.mark.parametrize("who", ["mentor", "moderator", "member", "visitor", "stranger"])
def test_nobody_else_sees_or_starts_imports(request, admin, sign_in, viewer_of, who):
    delivery = hand_in(viewer_of(admin))
    user = request.getfixturevalue(who)
    client = sign_in(user)
    for path in (PAGE, f"{PAGE}{delivery.pk}/", f"{PAGE}{delivery.pk}/progress/"):
        assert client.get(path).status_code == 403
    assert client.post(f"{PAGE}{delivery.pk}/resumption/").status_code == 403
    assert client.post(PAGE, {"kind": "markdown", "file": book()}).status_code == 403
    with pytest.raises(NotAllowed):
        hand_in(viewer_of(user))
    assert Delivery.objects.count() == 1


def test_strangers_are_sent_to_sign_in(community, anonymous):
    assert anonymous.get(PAGE).status_code == 302


def test_another_communitys_import_is_not_found(admin, owner, sign_in, viewer_of):
    from paideia.communities.actions import create_community

    other = create_community(by=owner, slug="other", name="Other")
    delivery = hand_in(viewer_of(owner, other))
    assert sign_in(admin).get(f"{PAGE}{delivery.pk}/").status_code == 404


def test_the_form_says_what_is_missing(admin, sign_in):
    answer = sign_in(admin).post(PAGE, {"kind": "nonsense"})
    assert answer.status_code == 422
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_asks_the_same_few_questions_for_many_imports(
    admin, sign_in, django_assert_max_num_queries, rows
):
    for number in range(rows):
        Delivery.objects.create(
            community=Membership.objects.get(user=admin).community, by=admin, kind="olx", name=f"No {number}"
        )
    client = sign_in(admin)
    client.get(PAGE)
    with django_assert_max_num_queries(6):
        assert "No 0" in client.get(PAGE).text
