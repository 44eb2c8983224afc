"""Which handles are allowed, as forms ask it."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from paideia.accounts.models import User
from paideia.lib import handles


def check_handle(handle: str, *, free: bool = True, for_user: User | None = None) -> str:
    """The handle as it is kept. Raises ValidationError with what to change; `free`: and if it is taken."""
    try:
        handle = handles.check_handle(handle)
    except handles.HandleRefused as refusal:
        raise ValidationError(refusal.message, code="handle") from refusal
    others = User.objects.exclude(pk=for_user.pk) if for_user else User.objects.all()
    if free and others.filter(handle_skeleton=handles.skeleton(handle)).exists():
        raise ValidationError(
            _("This handle is taken, or looks like one that is. Choose another."), code="username_taken"
        )
    return handle
