"""Policies where offers are their subject, and their page."""

import pytest
from django.test import Client

from paideia.access.actions import add_policy
from paideia.access.models import Gate, Plan, Policy
from paideia.access.refusals import PolicyBroken
from paideia.commerce.actions import OfferTerms, save_offer
from paideia.commerce.models import Offer
from tests.cast import viewer_of

PAGE = "/c/agora/manage/policies/"


@pytest.fixture
def archive(tier: Plan) -> Gate:
    gold = Plan.objects.create(community=tier.community, key="gold", name="Gold")
    gate = Gate.objects.create(community=tier.community, name="Archive")
    gate.plans.add(gold)
    return gate


def test_an_offer_cannot_give_what_a_policy_keeps_from_it(owner, monthly: Offer, tier: Plan, archive: Gate):
    viewer = viewer_of(owner)
    add_policy(
        viewer=viewer,
        demand="never",
        gate=archive,
        subject_name=monthly.name,
        subject_plans=[tier],
        offer_id=monthly.pk,
    )
    more = OfferTerms(
        name="Monthly", plans=[tier, archive.plans.get()], price=3000, currency="CNY", term="month"
    )
    with pytest.raises(PolicyBroken, match="“Archive” opens to “Gold”"):
        save_offer(viewer=viewer, terms=more, offer=monthly)
    assert list(monthly.plans.all()) == [tier]


def test_the_page_writes_sentences_and_takes_them_away(owner, monthly: Offer, archive: Gate):
    client = Client()
    client.force_login(owner)
    sent = {"subject": f"offer:{monthly.pk}", "demand": "never", "gate": archive.pk}
    assert client.post(PAGE, sent).status_code == 302
    policy = Policy.objects.get()
    assert (policy.offer_id, str(policy)) == (
        monthly.pk,
        "Whoever has “Monthly” must never be able to open “Archive”.",
    )
    assert "Whoever has “Monthly” must never" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}{policy.pk}/removal/")
    assert Policy.objects.count() == 0


def test_what_is_untrue_already_is_refused_beside_its_field(owner, tier: Plan, archive: Gate):
    client = Client()
    client.force_login(owner)
    sent = {"subject": "member", "demand": "must", "gate": archive.pk}
    answer = client.post(PAGE, sent)
    assert (answer.status_code, Policy.objects.count()) == (422, 0)
    assert "“Archive” would stay closed" in answer.content.decode()
