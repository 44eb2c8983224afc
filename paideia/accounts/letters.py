"""The mails of signing in: what each says, as paragraphs and at most one button."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from paideia.accounts.mail import Letter


def letter(template_prefix: str, words: dict[str, Any]) -> Letter:
    """The letter for one of the sign-in library's mails. `words`: its context, with `place`, the site's name."""
    name = template_prefix.rsplit("/", 1)[1]
    return LETTERS[name](words)


def _confirmation(words: dict[str, Any]) -> Letter:
    return Letter(
        subject=_("Confirm your address for %(place)s") % words,
        paragraphs=[
            _("Hello %(handle)s, please confirm that this is your address. The link works for one hour.")
            % {"handle": words["user"].shown_name},
            _("If you did not ask for this, you need do nothing."),
        ],
        button=(_("Confirm my address"), words["activate_url"]),
    )


def _account_exists(words: dict[str, Any]) -> Letter:
    return Letter(
        subject=_("You have an account at %(place)s already") % words,
        paragraphs=[
            _(
                "Somebody, perhaps you, signed up at %(place)s with this address. It belongs to an account already."
            )
            % words,
            _(
                "If you have forgotten the password, choose a new one. If it was not you, you need do nothing."
            ),
        ],
        button=(_("Choose a new password"), words["password_reset_url"]),
    )


def _unknown_account(words: dict[str, Any]) -> Letter:
    return Letter(
        subject=_("There is no account for this address at %(place)s") % words,
        paragraphs=[
            _("Somebody, perhaps you, asked for a new password at %(place)s. No account has this address.")
            % words,
            _("You may have signed up with another one. If it was not you, you need do nothing."),
        ],
        button=(_("Sign up"), words["signup_url"]),
    )


def _reset(words: dict[str, Any]) -> Letter:
    return Letter(
        subject=_("Choose a new password for %(place)s") % words,
        paragraphs=[
            _(
                "Somebody, perhaps you, asked for a new password for @%(username)s. The link works once, for one hour."
            )
            % words,
            _("If it was not you, you need do nothing: your password stays as it is."),
        ],
        button=(_("Choose a new password"), words["password_reset_url"]),
    )


def _notice(subject: str, text: str) -> Any:
    """A mail that tells of a change, so that an owner who did not make it can act."""

    def write(words: dict[str, Any]) -> Letter:
        return Letter(
            subject=_(subject) % words,
            paragraphs=[
                _(text) % words,
                _("It was done from %(ip)s. If it was not you, choose a new password at once.") % words,
            ],
            button=(_("Choose a new password"), words["password_reset_url"]),
        )

    return write


LETTERS = {
    "email_confirmation": _confirmation,
    "email_confirmation_signup": _confirmation,
    "account_already_exists": _account_exists,
    "unknown_account": _unknown_account,
    "password_reset_key": _reset,
    "password_changed": _notice(
        gettext_noop("Your password at %(place)s was changed"),
        gettext_noop("The password of your account was changed."),
    ),
    "password_reset": _notice(
        gettext_noop("Your password at %(place)s was changed"),
        gettext_noop("The password of your account was changed."),
    ),
    "password_set": _notice(
        gettext_noop("Your password at %(place)s was set"),
        gettext_noop("The password of your account was set."),
    ),
    "email_changed": _notice(
        gettext_noop("Your main address at %(place)s was changed"),
        gettext_noop("The main address of your account is no longer %(from_email)s."),
    ),
    "email_deleted": _notice(
        gettext_noop("An address was removed from your account at %(place)s"),
        gettext_noop("%(deleted_email)s was removed from your account."),
    ),
    "totp_activated": _notice(
        gettext_noop("Two-step sign-in is on at %(place)s"),
        gettext_noop("An authenticator app was connected to your account."),
    ),
    "totp_deactivated": _notice(
        gettext_noop("Two-step sign-in changed at %(place)s"),
        gettext_noop("The authenticator app was disconnected from your account."),
    ),
    "recovery_codes_generated": _notice(
        gettext_noop("New recovery codes at %(place)s"),
        gettext_noop("New recovery codes were made for your account."),
    ),
    "webauthn_added": _notice(
        gettext_noop("A new passkey at %(place)s"), gettext_noop("A passkey was added to your account.")
    ),
    "webauthn_removed": _notice(
        gettext_noop("A passkey was removed at %(place)s"),
        gettext_noop("A passkey was removed from your account."),
    ),
    "account_connected": _notice(
        gettext_noop("A new way to sign in at %(place)s"),
        gettext_noop("An account of another site was connected to yours."),
    ),
    "account_disconnected": _notice(
        gettext_noop("A way to sign in was removed at %(place)s"),
        gettext_noop("An account of another site was disconnected from yours."),
    ),
}
