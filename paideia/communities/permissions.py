"""What a role may be allowed to do: the closed list an owner picks from, and each role's first choice."""

from django.utils.translation import gettext_lazy as _

PERMISSIONS = {
    "community.edit": _("Change name, look, rules and joining"),
    "roles.edit": _("Change what each role may do"),
    "members.view": _("See the member list with contact and access details"),
    "members.manage": _("Invite, approve, change roles, suspend"),
    "spaces.manage": _("Create and change spaces"),
    "content.write": _("Write articles and courses"),
    "content.publish": _("Publish without review"),
    "content.edit_any": _("Edit what others wrote"),
    "content.read_all": _("Read everything, paid works too"),
    "threads.open": _("Open threads and ask questions"),
    "comments.post": _("Comment and answer"),
    "reactions.give": _("React and vote"),
    "discussions.moderate": _("Remove, move, close and pin"),
    "access.manage": _("Give and revoke access, change gates and plans"),
    "money.view": _("See orders and balances"),
    "money.manage": _("Change offers and prices, refund"),
    "transfer.run": _("Import and export"),
}

MEMBER = ["threads.open", "comments.post", "reactions.give"]
VOLUNTEER = [*MEMBER, "discussions.moderate"]
MENTOR = [*MEMBER, "content.write", "content.publish", "content.read_all"]
MODERATOR = [*VOLUNTEER, "members.view", "members.manage", "content.read_all", "content.edit_any"]
ADMIN = [key for key in PERMISSIONS if key != "roles.edit"]
OWNER = list(PERMISSIONS)

# key, rank (a role manages only lower ranks), permissions at the start
STANDARD_ROLES = [
    ("owner", 100, OWNER),
    ("admin", 80, ADMIN),
    ("moderator", 60, MODERATOR),
    ("mentor", 40, MENTOR),
    ("volunteer", 30, VOLUNTEER),
    ("member", 10, MEMBER),
]
ROLE_NAMES = {
    "owner": _("Owner"),
    "admin": _("Admin"),
    "moderator": _("Moderator"),
    "mentor": _("Mentor"),
    "volunteer": _("Volunteer"),
    "member": _("Member"),
}
