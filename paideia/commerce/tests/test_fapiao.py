"""Asking for a 发票, and the team's answer."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from paideia.commerce.actions import refund_order, settle_order
from paideia.commerce.actions.fapiao import ask_for_fapiao, issue_fapiao, refuse_fapiao
from paideia.commerce.models import FapiaoRequest, InvoiceTerms
from paideia.commerce.refusals import NotPermitted
from paideia.lib.refusal import Conflict, Invalid, NotFound
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid_order(order, community):
    InvoiceTerms.objects.create(community=community, gives_fapiao=True)
    return settle_order(order.pk, charge_id="c1", amount=3000, currency="CNY", paid_at=timezone.now())


def ask(user, order, **other):
    words = {"title": "某某公司", "tax_number": "91110108MA01ABCD2X", "email": "buyer@example.org", **other}
    return ask_for_fapiao(viewer=viewer_of(user), order=order, **words)


def test_a_buyer_asks_and_the_team_issues(paid_order, visitor, owner):
    request = ask(visitor, paid_order, tax_number="9111 0108 ma01abcd2x")
    assert request.tax_number == "91110108MA01ABCD2X"
    file = SimpleUploadedFile("any.exe", b"%PDF-1.7 body")
    issued = issue_fapiao(viewer=viewer_of(owner), request=request, number="24442000000012345678", file=file)
    assert (issued.state, issued.file.endswith(".pdf")) == ("issued", True)
    with pytest.raises(Conflict):
        ask(visitor, paid_order)
    with pytest.raises(Conflict):
        refuse_fapiao(viewer=viewer_of(owner), request=request, reason="late")


def test_a_refusal_says_why_and_it_can_be_asked_for_again(paid_order, visitor, owner):
    request = ask(visitor, paid_order)
    with pytest.raises(Invalid):
        refuse_fapiao(viewer=viewer_of(owner), request=request, reason="")
    refuse_fapiao(viewer=viewer_of(owner), request=request, reason="The tax number is another company's.")
    assert ask(visitor, paid_order, tax_number="").state == "asked"
    assert FapiaoRequest.objects.count() == 1


@pytest.mark.parametrize(
    "other", [{"tax_number": "123"}, {"tax_number": "=1+1"}, {"email": "none"}, {"title": " "}]
)
def test_what_cannot_be_issued_is_refused_at_once(paid_order, visitor, other):
    with pytest.raises((Invalid, ValidationError)):
        ask(visitor, paid_order, **other)
    assert not FapiaoRequest.objects.exists()


def test_nobody_asks_for_anothers(paid_order, moderator, owner):
    for other in (moderator, owner):
        with pytest.raises(NotFound):
            ask(other, paid_order)


def test_not_for_what_was_refunded_or_where_there_is_none(paid_order, visitor, owner):
    InvoiceTerms.objects.update(gives_fapiao=False)
    with pytest.raises(Invalid):
        ask(visitor, paid_order)
    InvoiceTerms.objects.update(gives_fapiao=True)
    refund_order(viewer=viewer_of(owner), order=paid_order, reason="-")
    with pytest.raises(Invalid):
        ask(visitor, paid_order)


def test_only_the_team_answers(paid_order, visitor, moderator):
    request = ask(visitor, paid_order)
    for other in (visitor, moderator):
        with pytest.raises(NotPermitted):
            issue_fapiao(viewer=viewer_of(other), request=request, number="1")


@pytest.mark.parametrize("body", [b"<html>", b"MZ", b"", b"x" * (5 * 1024 * 1024 + 1)])
def test_only_files_that_a_fapiao_can_be_are_taken(paid_order, visitor, owner, body):
    request = ask(visitor, paid_order)
    with pytest.raises(Invalid):
        issue_fapiao(
            viewer=viewer_of(owner), request=request, number="1", file=SimpleUploadedFile("a.pdf", body)
        )


@pytest.mark.parametrize("fields", [{"state": "issued"}, {"state": "refused"}, {"tax_number": "abc"}])
def test_the_database_refuses_half_answers(paid_order, visitor, fields):
    request = ask(visitor, paid_order)
    with pytest.raises(IntegrityError), transaction.atomic():
        FapiaoRequest.objects.filter(pk=request.pk).update(**fields)
