"""Communities, who is in them, and what each role may do."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User, picture_url
from paideia.lib.colour import theme_digest


class Community(models.Model):
    """A place with its own members, works, money and rules: the boundary of every permission."""

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("Public: anyone can look in")
        PRIVATE = "private", _("Private: members only")

    class Joining(models.TextChoices):
        OPEN = "open", _("Anyone can join")
        APPROVAL = "approval", _("Joining is approved")
        INVITATION = "invitation", _("By invitation only")

    slug = models.SlugField(_("address"), max_length=40, unique=True)
    host = models.CharField(_("own domain"), max_length=120, null=True, blank=True)  # noqa: DJ001  unique
    name = models.CharField(_("name"), max_length=80)
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    about = models.TextField(_("about"), blank=True)  # Markdown
    about_html = models.TextField(blank=True, editable=False)
    rules = models.TextField(_("house rules"), blank=True)  # Markdown
    rules_html = models.TextField(blank=True, editable=False)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    time_zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    visibility = models.CharField(
        _("visibility"), max_length=10, choices=Visibility, default=Visibility.PUBLIC
    )
    joining = models.CharField(_("joining"), max_length=12, choices=Joining, default=Joining.OPEN)
    join_questions = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    accent = models.CharField(
        _("brand colour"),
        max_length=7,
        default="#0f766e",
        validators=[
            RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six digits, such as #0f766e."))
        ],
    )
    logo = models.CharField(max_length=120, blank=True)  # storage key
    cover = models.CharField(max_length=120, blank=True)  # storage key
    free_reads_max = models.PositiveSmallIntegerField(_("free reads a month"), default=0)
    version = models.PositiveBigIntegerField(default=1)  # grows with whatever an anonymous page may show
    spaces_version = models.PositiveBigIntegerField(default=1, editable=False)  # grows with its spaces alone
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "communities"
        constraints = [
            models.UniqueConstraint(Lower("host"), name="community_host_unique"),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="community_currency_iso"
            ),
            models.CheckConstraint(condition=~models.Q(host=""), name="community_host_null_or_present"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def theme_version(self) -> str:
        """What the address of its colours' stylesheet ends in, so that it can be kept for good."""
        return theme_digest(self.accent)

    @property
    def logo_url(self) -> str:
        return picture_url(self.logo)

    @property
    def cover_url(self) -> str:
        return picture_url(self.cover)


class Role(models.Model):
    """A named set of permissions. A member has one; its rank decides whom its holder may manage."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="roles")
    key = models.SlugField(max_length=30)
    name = models.CharField(_("name"), max_length=60, blank=True)  # blank: the standard name, translated
    rank = models.PositiveSmallIntegerField()
    permissions = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "key"], name="role_once")]
        ordering = ["-rank"]

    def __str__(self) -> str:
        from paideia.communities.permissions import ROLE_NAMES

        return self.name or str(ROLE_NAMES.get(self.key, self.key))


class Membership(models.Model):
    """A person in a community. Leaving ends it; coming back is the same row again."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.ForeignKey(Role, models.PROTECT, related_name="memberships")
    joined_at = models.DateTimeField(db_default=Now())
    left_at = models.DateTimeField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(default=1)  # written by rewards
    points = models.BigIntegerField(default=0)  # written by rewards
    answers = models.JSONField(default=dict, blank=True)  # to the join questions
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "user"], name="membership_once")]
        indexes = [models.Index(fields=["community", "-joined_at"], name="membership_newest")]


class JoinRequest(models.Model):
    """Somebody asks to be let in. One open request a person; the decision stays on the row."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="join_requests")
    user = models.ForeignKey(User, models.CASCADE, related_name="join_requests")
    answers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    accepted = models.BooleanField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "user"],
                condition=models.Q(decided_at=None),
                name="join_request_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at=None, accepted=None)
                | models.Q(decided_at__isnull=False, accepted__isnull=False),
                name="join_request_decided_whole",
            ),
        ]


class Invitation(models.Model):
    """A link that lets people in as a role, a limited number of times. Only the token's hash is kept."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="invitations")
    role = models.ForeignKey(Role, models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)  # when set, only this address may use it
    uses_max = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("uses_max")), name="invitation_not_overused"
            )
        ]


class Suspension(models.Model):
    """A member may not act or enter for a while, by whom and why."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="suspensions")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    @property
    def is_over(self) -> bool:
        return self.lifted_at is not None or (self.until is not None and self.until <= timezone.now())


class ProfileClaim(models.Model):
    """Somebody says that an imported profile is theirs. Who accepts sends them its key, by mail, once."""

    community = models.ForeignKey(Community, models.CASCADE, related_name="profile_claims")
    profile = models.ForeignKey(User, models.CASCADE, related_name="claims_on")
    claimant = models.ForeignKey(User, models.CASCADE, related_name="claims")
    email = models.EmailField(_("e-mail"))  # the account is reached by it afterwards
    note = models.CharField(_("how the team can tell"), max_length=500)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    accepted = models.BooleanField(null=True)
    token_hash = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "claimant"],
                condition=models.Q(decided_at=None),
                name="profile_claim_open_once",
            ),
            models.UniqueConstraint(
                fields=["token_hash"], condition=~models.Q(token_hash=""), name="profile_claim_token_once"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at=None, accepted=None)
                | models.Q(decided_at__isnull=False, accepted__isnull=False),
                name="profile_claim_decided_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(used_at=None) | models.Q(decided_at__isnull=False, accepted=True),
                name="profile_claim_used_when_accepted",
            ),
        ]
