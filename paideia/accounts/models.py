"""People: who signs in, how they show themselves, what they agreed to."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, handle: str, email: str | None = None, password: str | None = None, **fields: object
    ) -> "User":
        user = self.model(handle=handle, email=self.normalize_email(email) or None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, handle: str | None) -> "User":
        return self.get(handle__iexact=handle)


class User(AbstractBaseUser):
    """A person on this installation. Roles belong to memberships, not to people."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    handle = models.CharField(_("handle"), max_length=40)
    handle_skeleton = models.CharField(max_length=80, unique=True, editable=False)  # look-alikes collide
    email = models.EmailField(_("e-mail"), null=True, blank=True)  # noqa: DJ001  unique, so not ""
    name = models.CharField(_("name"), max_length=80, blank=True)
    bio = models.CharField(_("about me"), max_length=500, blank=True)
    avatar = models.CharField(max_length=120, blank=True)  # storage key of a square WebP
    interests = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    occupation = models.CharField(_("occupation"), max_length=120, blank=True)
    goals = models.CharField(_("goals"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    preferences = models.JSONField(
        default=dict, blank=True
    )  # home sections, recommendations off, mail choices
    unread_count = models.PositiveIntegerField(default=0, editable=False)  # written by notifications
    behaviour_allowed = models.BooleanField(
        null=True, editable=False
    )  # the consent in force; null: never asked
    link_serial = models.PositiveIntegerField(
        default=0
    )  # raised by each link that is mailed: the newest works
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(
        default=False
    )  # runs this installation; no right inside a community follows
    claimable_from = models.CharField(max_length=160, blank=True)  # "stackexchange:french-meta:user:12"
    date_joined = models.DateTimeField(db_default=Now())

    objects = UserManager()
    USERNAME_FIELD = "handle"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="user_handle_unique"),
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.UniqueConstraint(
                "claimable_from", condition=~models.Q(claimable_from=""), name="user_claimable_once"
            ),
            models.CheckConstraint(condition=~models.Q(handle=""), name="user_handle_present"),
            models.CheckConstraint(condition=~models.Q(email=""), name="user_email_null_or_present"),
        ]

    def save(self, *args: object, **kwargs: object) -> None:
        from paideia.lib.handles import skeleton

        self.handle_skeleton = skeleton(self.handle)
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return self.name or self.handle

    @property
    def avatar_url(self) -> str:
        return picture_url(self.avatar)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


def picture_url(key: str) -> str:
    """Where a stored picture is served, the same for every community; empty without one."""
    return f"/pictures/{key}" if key else ""


class Consent(models.Model):
    """One answer to one question about data. The newest row of a purpose is in force; none is ever changed."""

    class Purpose(models.TextChoices):
        TERMS = "terms", _("Terms of use")
        BEHAVIOUR = "behaviour", _("Reading behaviour, to improve recommendations")
        MAIL_DIGEST = "mail_digest", _("Digests by mail")

    user = models.ForeignKey(User, models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    given = models.BooleanField()
    wording = models.CharField(max_length=40)  # version of the text that was shown
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "purpose", "-at"], name="consent_newest")]


class Follow(models.Model):
    """One person wants to hear of another."""

    follower = models.ForeignKey(User, models.CASCADE, related_name="following")
    followed = models.ForeignKey(User, models.CASCADE, related_name="followers")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followed"], name="follow_once"),
            models.CheckConstraint(
                condition=~models.Q(follower=models.F("followed")), name="follow_not_oneself"
            ),
        ]
