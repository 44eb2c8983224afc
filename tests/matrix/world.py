"""The world the access matrix crawls: works behind every kind of gate, each carrying unguessable words, and one
person of every kind to look at them."""

import io
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Gate, Plan
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import place_order
from paideia.commerce.models import Invoice, Offer, Order
from paideia.communities.actions import create_community
from paideia.communities.models import Community, Suspension
from paideia.content import actions as content
from paideia.content.models import Document, Media
from paideia.content.queries import is_editable, is_listed, is_open
from paideia.courses import actions as courses
from paideia.discussions import actions as talk
from paideia.partners.models import Affiliate, Payout, Programme
from paideia.spaces.models import Space
from tests.cast import let_in, person
from tests.matrix.canaries import BODY, BUYER, EDITORS, HOLDER, NOBODY, PREVIEW, TEAM, TITLE, Canary, word
from tests.matrix.tokens import add_tokens


@dataclass(slots=True)
class World:
    community: Community
    other: Community
    people: dict[str, User | None] = field(default_factory=dict)
    canaries: list[Canary] = field(default_factory=list)
    ids: dict[str, list[object]] = field(default_factory=dict)  # for the routes: kind of object -> keys

    def canary(self, document: Document, part: str, word: str, where: str) -> None:
        self.canaries.append(Canary(word, document.pk, part, where))

    def viewer(self, name: str) -> Viewer:
        return look(self.community, self.people[name])

    def allowed(self, name: str) -> set[str]:
        """The words this person may be shown, by the same decision that every page asks: `explain`'s."""
        viewer = self.viewer(name)
        words = set()
        for canary in self.canaries:
            if canary.part in (BUYER, HOLDER, TEAM):
                is_buyer = name == "visitor" and canary.part != TEAM
                sees_money = {BUYER: "money.view", TEAM: "money.manage"}.get(canary.part, "")
                if is_buyer or (sees_money and viewer.may(sees_money)):
                    words.add(canary.word)
                continue
            if not canary.document_id:
                continue
            document = Document.objects.get(pk=canary.document_id)
            shown = {
                TITLE: is_listed(viewer, document),
                PREVIEW: is_open(viewer, document)
                or (is_listed(viewer, document) and document.gate_id in viewer.preview_gates),
                BODY: is_open(viewer, document),
                EDITORS: is_editable(viewer, document),
                NOBODY: False,
            }[canary.part]
            if shown:
                words.add(canary.word)
        return words


def build() -> World:
    owner = person("olga")
    community = create_community(by=owner, slug="agora", name="Agora", language="en", time_zone="UTC")
    community.free_reads_max = 2
    community.save()
    other_owner = person("oscar")
    other = create_community(by=other_owner, slug="other", name="Other", language="en", visibility="private")
    world = World(community, other)
    tier = Plan.objects.create(community=community, key="full", name="Full membership")
    circle_plan = Plan.objects.create(community=community, key="circle", name="Circle", kind=Plan.Kind.CIRCLE)
    offer = Offer.objects.create(
        community=community, name="Monthly", price=1900, currency="CNY", term="month"
    )
    offer.plans.add(tier)
    _people(world, owner, other_owner, tier, circle_plan)
    gates = _gates(community, tier, circle_plan)
    _spaces(world, gates, circle_plan)
    for name, gate in gates.items():
        _article(world, name, gate)
    _unpublished(world)
    _course(world, gates["tier"])
    _talk(world)
    _other_works(world)
    order = place_order(
        viewer=look(community, world.people["visitor"]), offer=offer, provider="sandbox", return_to=""
    )
    world.canaries.append(Canary(order.number, 0, BUYER, "order number"))
    world.ids |= {"order": [order.number]}
    world.ids |= {
        "offer": [offer.pk],
        "plan": [tier.pk],
        "gate": [gate.pk for gate in gates.values() if gate],
    }
    _partners(world, order)
    add_tokens(world, offer)
    run_once()
    return world


def _partners(world: World, order: Order) -> None:
    """An affiliate, a payout and an invoice of the visitor, each with words of theirs."""
    community, visitor = world.community, world.people["visitor"]
    assert visitor is not None
    holder, billed = word(), word()
    Programme.objects.create(community=community, is_open=True, joining="approval")
    affiliate = Affiliate.objects.create(community=community, user=visitor, code="VERA2222", state="active")
    payout = Payout.objects.create(
        community=community,
        user=visitor,
        amount=100,
        currency="CNY",
        method="bank",
        holder=holder,
        account="1",
    )
    invoice = Invoice.objects.create(
        community=community,
        order=order,
        kind="invoice",
        year=2026,
        number=1,
        seller={"name": "Agora", "address": "", "tax_id": ""},
        buyer={"name": billed, "address": "", "country": "", "tax_id": ""},
        lines=[],
        title="Monthly",
        amount=1900,
        currency="CNY",
        issued_at=timezone.now(),
    )
    world.canaries.append(Canary(holder, 0, BUYER, "owner of a bank account"))
    world.canaries.append(Canary(billed, 0, BUYER, "name on an invoice"))
    world.ids |= {"code": [affiliate.code], "affiliate": [affiliate.pk], "payout": [payout.pk]}
    world.ids |= {"invoice": [invoice.pk], "year": [2026]}


def _people(world: World, owner: User, other_owner: User, tier: Plan, circle: Plan) -> None:
    now = timezone.now()
    community = world.community

    def member(handle: str, role: str = "member") -> User:
        return let_in(community, person(handle), role)

    people: dict[str, User | None] = {
        "anonymous": None,
        "stranger": person("stan"),
        "visitor": member("vera"),
        "member": member("mira"),
        "trial": member("tria"),
        "expired": member("exda"),
        "refunded": member("refa"),
        "suspended": member("susa"),
        "circle": member("cira"),
        "author": member("auri", "mentor"),
        "volunteer": member("vola", "volunteer"),
        "moderator": member("mona", "moderator"),
        "owner": owner,
        "other_owner": other_owner,
    }
    held = [
        ("member", tier, None, False),
        ("trial", tier, now + timedelta(days=3), True),
        ("circle", circle, None, False),
    ]
    held += [("suspended", tier, None, False), ("expired", tier, now - timedelta(days=1), False)]
    for name, plan, ends_at, trial in held:
        person_ = people[name]
        assert person_ is not None
        grant(
            user=person_,
            plan=plan,
            starts_at=now - timedelta(days=30),
            ends_at=ends_at,
            source="order:0",
            key=f"matrix:{name}",
            is_trial=trial,
        )
    from paideia.access.actions import revoke

    refunded = grant(
        user=people["refunded"],
        plan=tier,
        starts_at=now - timedelta(days=5),
        source="order:1",
        key="matrix:refunded",
    )
    revoke(grant=refunded, because="refund")
    membership = people["suspended"].memberships.get(community=community)  # type: ignore[union-attr]
    Suspension.objects.create(membership=membership, reason="test", by=owner)
    world.people = people


def _gates(community: Community, tier: Plan, circle: Plan) -> dict[str, Gate | None]:
    def gate(name: str, *plans: Plan, **fields: object) -> Gate:
        made = Gate.objects.create(community=community, name=name, **fields)
        made.plans.add(*plans)
        return made

    now = timezone.now()
    return {
        "open": None,
        "members": gate("All members"),
        "tier": gate("Paying members", tier),
        "free_reads": gate("Paying, with free reads", tier, free_reads=True),
        "title": gate("Only the title", tier, shows="title"),
        "hidden": gate("Hidden", circle, shows="nothing"),
        "team": gate("Team", role_keys=["owner", "moderator", "mentor"], shows="nothing"),
        "level": gate("Level five", level_min=5),
        "dated": gate("Next week", tier, opens_at=now + timedelta(days=7)),
        "delayed": gate("After a year", tier, delay_days=365),
        "milestone": gate("After a lesson", tier, after_milestone="lesson:0"),
    }


def _spaces(world: World, gates: dict[str, Gate | None], circle: Plan) -> None:
    community = world.community
    made = {
        "open": Space.objects.create(community=community, slug="hall", name="Hall"),
        "tier": Space.objects.create(community=community, slug="inner", name="Inner", gate=gates["tier"]),
        "hidden": Space.objects.create(
            community=community,
            slug="circle",
            name=f"Circle {word()}",
            gate=gates["hidden"],
            joining="approval",
            plan=circle,
        ),
        "questions": Space.objects.create(community=community, slug="ask", name="Ask", kind="questions"),
    }
    world.ids["space"] = [space.slug for space in made.values()]


def _article(world: World, name: str, gate: Gate | None) -> None:
    """One article behind a gate, with words in its title, before and behind the divider, an older revision with a
    word that was taken out, a file, and a comment."""
    author, community = world.people["author"], world.community
    title, preview, body, old = word(), word(), word(), word()
    document = content.save_article(
        community=community, author=author, title=f"{name} {title}", source=f"old {old}", gate=gate, by=author
    )
    media = _file(world, document)
    content.save_article(
        community=community,
        author=author,
        title=f"{name} {title}",
        summary="",
        source=f"Before {preview}\n\n<!-- paywall -->\n\nBehind {body}\n\n![p](/media/{media.pk}/{media.name})",
        gate=gate,
        document=document,
        by=author,
    )
    content.publish(document=document, by=author)
    document.refresh_from_db()
    world.canary(document, TITLE, title, f"title of article {name}")
    world.canary(document, PREVIEW, preview, f"preview of article {name}")
    world.canary(document, BODY, body, f"body of article {name}")
    world.canary(document, EDITORS, old, f"old revision of article {name}")
    said = word()
    comment = talk.post_comment(
        viewer=look(community, world.people["owner"]), root=document, source=f"said {said}"
    )
    world.canary(comment.document, BODY, said, f"comment on article {name}")
    world.ids.setdefault("article", []).append(document.pk)
    world.ids.setdefault("document", []).append(document.pk)
    world.ids.setdefault("comment", []).append(comment.pk)


def _file(world: World, document: Document) -> Media:
    secret = word()
    media = content.store_media(
        community=world.community,
        uploader=world.people["author"],
        file=io.BytesIO(f"text {secret}".encode()),
        name="note.txt",
        document=document,
    )
    world.canary(document, BODY, secret, f"file of {document}")
    world.ids.setdefault("media", []).append((media.pk, media.name))
    return media


def _unpublished(world: World) -> None:
    author, community = world.people["author"], world.community
    later = timezone.now() + timedelta(days=2)
    for name in ("draft", "scheduled", "removed"):
        secret = word()
        document = content.save_article(
            community=community, author=author, title=f"{name} {secret}", source=f"words {secret}", by=author
        )
        if name == "scheduled":
            content.publish(document=document, by=author, at=later)
        if name == "removed":
            content.publish(document=document, by=author)
            content.remove_document(document=document, by=author)
        world.canary(document, NOBODY if name == "removed" else EDITORS, secret, f"{name} article")
        world.ids["article"].append(document.pk)
        world.ids["document"].append(document.pk)


def _course(world: World, gate: Gate | None) -> None:
    author, community = world.people["author"], world.community
    about = word()
    course = courses.save_course(
        community=community, author=author, title="Course", source=f"about {about}", lessons_gate=gate
    )
    section = courses.add_section(course=course, title="One")
    world.canary(course.document, BODY, about, "course page")
    world.ids |= {"course": [course.pk], "lesson": [], "section": [section.pk], "question": []}
    for preview in (True, False):
        body, prompt, explained = word(), word(), word()
        lesson = courses.save_lesson(
            section=section,
            title="Free lesson" if preview else "Paid lesson",
            source=f"lesson {body}",
            kind="quiz",
            access=courses.LessonAccess(is_preview=preview),
        )
        question = courses.save_question(
            lesson=lesson,
            kind="one",
            prompt=f"prompt {prompt}",
            choices=[{"text": "yes", "correct": True}, {"text": "no", "correct": False}],
            explanation=f"because {explained}",
        )
        document = lesson.document
        world.canary(document, BODY, body, f"lesson, preview={preview}")
        world.canary(document, BODY, prompt, f"quiz, preview={preview}")
        world.canary(document, EDITORS, explained, f"quiz explanation before answering, preview={preview}")
        world.ids["lesson"].append(lesson.pk)
        world.ids["question"].append(question.pk)
        world.ids["document"].append(lesson.pk)
    courses.publish_course(course=course, by=None)
    world.ids["document"].append(course.pk)


def _talk(world: World) -> None:
    owner = world.people["owner"]
    world.ids["thread"] = []
    for space in Space.objects.filter(community=world.community):
        title, body, answer = word(), word(), word()
        viewer = look(world.community, owner)
        thread = talk.open_thread(
            viewer=viewer, space=space, title=f"thread {title}", source=f"post {body} @vera @mira @stan"
        )
        comment = talk.post_comment(
            viewer=look(world.community, owner),
            root=thread.document,
            source=f"reply {answer} @susa @exda",
            is_answer=thread.is_question,
        )
        for text, document, part in (
            (title, thread.document, TITLE),
            (body, thread.document, BODY),
            (answer, comment.document, BODY),
        ):
            world.canary(document, part, text, f"talk in {space.slug}")
        if space.name.startswith("Circle"):
            world.canary(thread.document, TITLE, space.name.split()[1], "name of a hidden circle")
        world.ids["thread"].append(thread.pk)
        world.ids["document"].append(thread.pk)
        world.ids["comment"].append(comment.pk)


def _other_works(world: World) -> None:
    """A private community of somebody else, with ids that are asked for inside ours."""
    owner = world.people["other_owner"]
    secret = word()
    document = content.save_article(
        community=world.other, author=owner, title=f"theirs {secret}", source=f"words {secret}"
    )
    content.publish(document=document, by=None)
    world.canary(document, BODY, secret, "another community")
    world.ids["article"].append(document.pk)
    world.ids["document"].append(document.pk)
