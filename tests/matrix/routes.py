"""The access matrix: every route of the project, what it takes from the world, and who may write through it.

A route that is missing here fails the test, and so does a row whose route is gone. `keys` names the ids of the world
that fill the address ("" for none). `writers` says who may get past the door of a route that changes something:
everybody else must be refused and must change nothing. Reading is not written down here: who may be shown which word
follows from `explain`, and the test asks it for every word on every answer.
"""

from dataclasses import dataclass

EVERYBODY = {
    "anonymous",
    "stranger",
    "visitor",
    "member",
    "trial",
    "expired",
    "refunded",
    "suspended",
    "circle",
    "author",
    "volunteer",
    "moderator",
    "owner",
    "other_owner",
}
SIGNED_IN = EVERYBODY - {"anonymous"}
MEMBERS = SIGNED_IN - {"stranger", "suspended", "other_owner"}
WRITERS = {"author", "owner"}  # content.write
TEAM = {"owner"}
MODERATORS = {"volunteer", "moderator", "owner"}  # discussions.moderate
MANAGERS = {"moderator", "owner"}  # members.manage


@dataclass(frozen=True, slots=True)
class Route:
    keys: str = ""
    writers: frozenset[str] | None = None  # None: GET only, POST is refused to all


def reads(keys: str = "") -> Route:
    return Route(keys)


def writes(writers: set[str], keys: str = "") -> Route:
    return Route(keys, frozenset(writers))


ROUTES: dict[str, Route] = {
    # web
    "home": reads(),
    "about": reads(),
    "space": reads("space"),
    "own_places": reads(),
    "manage": reads(),
    "manifest": reads(),
    "service_worker": reads(),
    "offline": reads(),
    "language": reads(),
    "theme_choice": writes(SIGNED_IN),
    # communities
    "join": writes(SIGNED_IN),
    "join_withdrawal": writes(SIGNED_IN),
    "leave": writes(SIGNED_IN),  # leaving what one is not in changes nothing
    "invitation": writes(SIGNED_IN, "token"),
    "handed_over": writes(EVERYBODY, "token"),
    "rules": reads(),
    "theme": reads("accent"),
    "members": reads(),
    "member": reads("handle"),
    "following": writes(SIGNED_IN, "handle"),
    "claim": writes(SIGNED_IN, "handle"),
    "manage_community": writes(TEAM),
    "manage_roles": reads(),
    "manage_permissions": writes(TEAM),
    "manage_role_new": writes(TEAM),
    "manage_role": writes(TEAM, "role"),
    "manage_members": reads(),
    "manage_member": reads("membership"),
    "manage_member_role": writes(MANAGERS, "membership"),
    "manage_suspension": writes(MANAGERS, "membership"),
    "manage_requests": reads(),
    "manage_request": writes(MANAGERS, "join_request"),
    "manage_claim": writes(MANAGERS, "claim"),
    "manage_invitations": writes(MANAGERS),
    "manage_revocation": writes(MANAGERS, "invitation"),
    # spaces
    "spaces": reads(),
    "space_membership": writes(MEMBERS, "space"),
    "space_leave": writes(SIGNED_IN, "space"),
    "manage_spaces": reads(),
    "manage_space_new": writes(TEAM),
    "manage_space_order": writes(TEAM),
    "manage_space": writes(TEAM, "space_pk"),
    "manage_space_archive": writes(TEAM, "space_pk"),
    "manage_space_request": writes(TEAM, "space_request"),
    # content
    "articles": reads(),
    "article_new": writes(WRITERS),
    "article": reads("article"),
    "article_edit": writes(WRITERS | {"moderator"}, "article"),
    "columns": reads(),
    "column_new": writes(WRITERS),
    "column": reads("column"),
    "column_edit": writes(WRITERS | {"moderator"}, "column"),
    "publication": writes(WRITERS | {"moderator"}, "document"),
    "withdrawal": writes(WRITERS | {"moderator"}, "document"),
    "removal": writes(WRITERS | {"moderator"}, "document"),
    "bookmark": writes(SIGNED_IN, "document"),
    "bookmarks": reads(),
    "revisions": reads("document"),
    "revision": reads("revision"),
    "restoration": writes(WRITERS | {"moderator"}, "revision"),
    "media": reads("media"),
    "upload": writes(MEMBERS),
    "preview": writes(MEMBERS),
    "draft": writes(MEMBERS),
    "people": reads(),
    "manage_works": reads(),
    "why": reads("document"),
    "free_read": writes(SIGNED_IN, "document"),
    "behaviour": writes(EVERYBODY),
    # courses
    "courses": reads(),
    "my_courses": reads(),
    "course_new": writes(WRITERS),
    "course": reads("course"),
    "enrolment": writes(MEMBERS, "course"),
    "course_edit": writes(WRITERS | {"moderator"}, "course"),
    "course_outline": reads("course"),
    "course_publication": writes(WRITERS | {"moderator"}, "course"),
    "course_withdrawal": writes(WRITERS | {"moderator"}, "course"),
    "course_removal": writes(WRITERS | {"moderator"}, "course"),
    "sections": writes(WRITERS | {"moderator"}, "course"),
    "section": writes(WRITERS | {"moderator"}, "section"),
    "section_position": writes(WRITERS | {"moderator"}, "section"),
    "section_removal": writes(WRITERS | {"moderator"}, "section"),
    "lesson_new": writes(WRITERS | {"moderator"}, "section"),
    "lesson": reads("lesson"),
    "lesson_edit": writes(WRITERS | {"moderator"}, "lesson"),
    "completion": writes(MEMBERS, "lesson"),
    "answers": writes(MEMBERS, "lesson"),
    "lesson_position": writes(WRITERS | {"moderator"}, "lesson"),
    "lesson_publication": writes(WRITERS | {"moderator"}, "lesson"),
    "lesson_withdrawal": writes(WRITERS | {"moderator"}, "lesson"),
    "lesson_removal": writes(WRITERS | {"moderator"}, "lesson"),
    "questions": reads("lesson"),
    "question_new": writes(WRITERS | {"moderator"}, "lesson"),
    "question_edit": writes(WRITERS | {"moderator"}, "question"),
    "question_position": writes(WRITERS | {"moderator"}, "question"),
    "question_removal": writes(WRITERS | {"moderator"}, "question"),
    # discussions
    "threads": reads(),
    "thread_new": writes(MEMBERS, "space"),
    "thread": reads("thread"),
    "thread_edit": writes({"owner", "moderator"}, "thread"),
    "thread_removal": writes(MODERATORS, "thread"),
    "thread_closure": writes(MODERATORS, "thread"),
    "thread_pin": writes(MODERATORS, "thread"),
    "thread_move": writes(MODERATORS, "thread"),
    "member_threads": reads("handle"),
    "comments": writes(MEMBERS, "document"),
    "reactions": writes(MEMBERS, "document"),
    "watch": writes(SIGNED_IN, "document"),
    "comment": reads("comment"),
    "comment_edit": writes({"owner", "moderator"}, "comment"),
    "comment_removal": writes(MODERATORS, "comment"),
    "comment_acceptance": writes({"owner", "moderator", "volunteer"}, "comment"),
    # commerce
    "pricing": reads(),
    "checkout": writes(SIGNED_IN, "offer"),  # a stranger's half-filled form is shown again
    "checkout_sum": reads("offer"),
    "trial": writes(SIGNED_IN, "offer"),
    "membership": reads(),
    "membership_change": writes(SIGNED_IN, "number"),  # whose it is follows from the session
    "membership_change_undo": writes(SIGNED_IN, "number"),
    "membership_cancellation": writes(SIGNED_IN, "number"),
    "membership_resumption": writes(SIGNED_IN, "number"),
    "membership_stay": writes(SIGNED_IN, "number"),
    "membership_payment": writes(SIGNED_IN, "number"),
    "order_change": writes({"visitor"}, "order"),
    "orders": reads(),
    "order": reads("order"),
    "order_payment": writes({"visitor"}, "order"),
    "order_paid": reads("order"),
    "provider_notifications": writes(
        EVERYBODY, "provider"
    ),  # signed by the provider instead: commerce tests it
    "alipay_payment": reads("order"),
    "wechat_payment": reads("order"),
    "transfer_payment": writes({"visitor"}, "order"),
    "transfer_slip": reads("number"),
    "manage_transfers": reads(),
    "transfer_confirmation": writes(TEAM, "number"),
    "transfer_decline": writes(TEAM, "number"),
    "transfer_refund": writes(TEAM, "number"),
    "sandbox_payment": writes(EVERYBODY, "token"),  # a provider's page: its token is the right
    "gift": writes(EVERYBODY, "gift_token"),  # its token is the right
    "redeem": writes(SIGNED_IN),  # its code is the right
    "gift_card": writes(SIGNED_IN),
    "seat_pools": reads(),
    "seat_pool": writes({"visitor"}, "pool"),  # who bought it
    "seat_pool_change": writes({"visitor"}, "pool"),
    "seat_report": reads("pool"),
    "seat_reclaim": writes({"visitor"}, "seat"),
    "seat": writes(EVERYBODY, "seat_token"),  # its token is the right
    "seat_by_domain": writes(EVERYBODY, "pool_token"),
    "manage_policies": writes(TEAM),
    "manage_policy_removal": writes(TEAM, "policy"),
    "fapiao": writes(SIGNED_IN, "order"),
    "fapiao_file": reads("number"),
    "invoice": reads("invoice"),
    "billing": writes(SIGNED_IN),
    "manage_invoices": reads(),
    "manage_invoice_terms": writes(TEAM),
    "manage_invoice_export": reads("year"),
    "manage_fapiao": reads(),
    "manage_fapiao_issue": writes(TEAM, "number"),
    "manage_fapiao_refusal": writes(TEAM, "number"),
    # partners
    "referral": writes(EVERYBODY, "code"),
    "affiliate": writes(MEMBERS),
    "earnings": reads(),
    "payouts": writes(SIGNED_IN),
    "statement": reads("number"),
    "statement_export": reads("number"),
    "manage_affiliates": reads(),
    "manage_programme": writes(TEAM),
    "manage_affiliate_decision": writes(TEAM, "affiliate"),
    "manage_payouts": reads(),
    "manage_payout_export": reads(),
    "manage_payout_terms": writes(TEAM),
    "manage_payout_approval": writes(TEAM, "payout"),
    "manage_payout_payment": writes(TEAM, "payout"),
    "manage_payout_refusal": writes(TEAM, "payout"),
    "manage_shares": writes(TEAM),
    "manage_share_end": writes(TEAM, "number"),
    "manage_share_run": reads("number"),
    "manage_coupons": reads(),
    "manage_coupon_new": writes(TEAM),
    "manage_coupon": writes(TEAM, "number"),
    "manage_coupon_archive": writes(TEAM, "number"),
    "manage_codes": writes(TEAM),
    "manage_batch": reads("batch"),
    "manage_batch_export": reads("batch"),
    "manage_batch_revocation": writes(TEAM, "batch"),
    "manage_cards": writes(TEAM),
    "manage_card_gift": writes(TEAM),
    "manage_card_revocation": writes(TEAM, "card"),
    "manage_offers": reads(),
    "manage_offer_new": writes(TEAM),
    "manage_offer": writes(TEAM, "offer"),
    "manage_offer_preview": writes(TEAM),
    "manage_offer_link": writes(TEAM, "offer"),
    "manage_offer_archive": writes(TEAM, "offer"),
    "manage_orders": reads(),
    "manage_subscriptions": reads(),
    "manage_retention": writes(TEAM),
    "manage_refund": writes(TEAM, "order"),
    "manage_refund_effects": reads("order"),
    "order_rehearsal": reads("order"),
    "manage_notice_return": writes(TEAM, "number"),
    "manage_notice": writes(TEAM, "number"),
    # books
    "manage_money": reads(),
    "manage_exports": writes(TEAM),
    "manage_statements": reads(),
    "manage_statement_upload": writes(TEAM),
    "manage_fees": writes(TEAM),
    "manage_differences": reads(),
    "manage_difference_resolution": writes(TEAM, "number"),
    # access
    "manage_plans": reads(),
    "manage_plan_new": writes(TEAM),
    "manage_plan": writes(TEAM, "plan"),
    "manage_plan_archive": writes(TEAM, "plan"),
    "manage_plan_removal": writes(TEAM, "plan"),
    "manage_gates": reads(),
    "manage_gate_new": writes(TEAM),
    "manage_gate": writes(TEAM, "gate"),
    "manage_gate_removal": writes(TEAM, "gate"),
    "manage_access": reads(),
    "manage_person": reads("handle"),
    "manage_gift": writes(TEAM, "handle"),
    "manage_grant_revocation": writes(TEAM, "grant"),
    # imports
    "manage_imports": writes(TEAM),
    "manage_import": reads("number"),
    "manage_import_progress": reads("number"),
    "manage_import_resumption": writes(TEAM, "number"),
    # notifications and search
    "notifications": reads(),
    "notifications_read": writes(SIGNED_IN),
    "notification_choices": writes(SIGNED_IN),
    "search": reads(),
    # one's own account: whose it is follows from the session, never from the address
    "session": writes(SIGNED_IN, "number"),
    "settings": writes(SIGNED_IN),
    "avatar": writes(SIGNED_IN),
    "preferences": writes(SIGNED_IN),
    "privacy_choices": writes(SIGNED_IN),
    "security": reads(),
    "consent": writes(EVERYBODY, "purpose"),
    "terms": reads(),
    "privacy": reads(),
    "picture": reads("picture"),
    # platform
    "health": reads(),
    "community_new": writes(SIGNED_IN),
}

# Signing in and its second steps are allauth's own pages: they show nothing of a community. Tested in accounts.
ALLAUTH = (
    "account_",
    "mfa_",
    "usersessions_",
    "socialaccount_",
    "openid_connect_",
    "github_",
    "google_",
    "weixin_",
)
