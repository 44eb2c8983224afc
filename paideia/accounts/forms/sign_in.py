"""The sign-in library's forms, with our words and rules."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from allauth.socialaccount import forms as social
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from paideia.accounts.adapter import AccountAdapter
from paideia.accounts.links import retire_links
from paideia.lib.handles import normalise_handle

PASSWORD_HINT = _("At least 8 characters. A few words in a row are strong and easy to keep in mind.")
CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class OurWords:
    """A form whose fields are labelled by `words`: name → (label, hint, attributes of the input)."""

    words: dict[str, tuple[Any, Any, dict[str, Any]]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint, attributes) in self.words.items():
            if field := self.fields.get(name):
                field.label, field.help_text = label, hint
                field.widget.attrs = {
                    **{key: value for key, value in field.widget.attrs.items() if key != "placeholder"},
                    **attributes,
                }


class SignInForm(OurWords, account.LoginForm):
    words = {
        "login": (
            _("E-mail or handle"),
            "",
            {"autocomplete": "username webauthn", "autocapitalize": "none", "maxlength": 254},
        ),
        "password": (_("Password"), "", {"autocomplete": "current-password"}),
    }

    def clean_login(self) -> str:
        login = super().clean_login()
        return login if "@" in login.removeprefix("@") else normalise_handle(login)


class TermsField(forms.BooleanField):
    """Ticked by the person, never for them."""

    def __init__(self) -> None:
        super().__init__(
            label=_("I agree to the terms of use and have read the privacy notice"),
            error_messages={"required": _("To use the site, agree to its terms.")},
        )


class SignUpForm(OurWords, account.SignupForm):
    terms = TermsField()
    field_order = ["email", "username", "password1", "terms"]
    words = {
        "email": (_("E-mail"), "", {"autocomplete": "email"}),
        "username": (
            _("Handle"),
            _("How others see and mention you: letters of any script, digits, - and _."),
            {"autocomplete": "username", "autocapitalize": "none"},
        ),
        "password1": (_("Password"), PASSWORD_HINT, {"autocomplete": "new-password"}),
    }

    def save(self, request: HttpRequest) -> AbstractBaseUser:
        """The adapter does all of it in one transaction, the address included."""
        adapter = AccountAdapter(request)
        return adapter.save_user(request, adapter.new_user(request), self)

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # takes as long as a new account
        return super().try_save(request)


class SocialSignUpForm(OurWords, social.SignupForm):
    terms = TermsField()
    field_order = ["email", "username", "terms"]
    words = {name: SignUpForm.words[name] for name in ("email", "username")}


class AddEmailForm(OurWords, account.AddEmailForm):
    words = {"email": (_("Another e-mail address"), "", {"autocomplete": "email"})}


class ResetPasswordForm(OurWords, account.ResetPasswordForm):
    words = {"email": (_("E-mail"), "", {"autocomplete": "email"})}

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        for user in self.users:
            retire_links(user)
        return super().save(request, **kwargs)


NEW_PASSWORD = {
    "oldpassword": (_("Current password"), "", {"autocomplete": "current-password"}),
    "password1": (_("New password"), PASSWORD_HINT, {"autocomplete": "new-password"}),
}


class OnePassword(OurWords):
    """A new password is typed once: it can be shown, and reset."""

    words = NEW_PASSWORD

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]


class ChangePasswordForm(OnePassword, account.ChangePasswordForm):
    pass


class SetPasswordForm(OnePassword, account.SetPasswordForm):
    pass


class ResetPasswordKeyForm(OnePassword, account.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(OurWords, account.ReauthenticateForm):
    words = {"password": (_("Password"), "", {"autocomplete": "current-password", "autofocus": True})}


class CodeForm(OurWords, mfa.AuthenticateForm):
    words = {"code": (_("Code from your app, or a recovery code"), "", {**CODE, "inputmode": "text"})}


class ReauthenticateCodeForm(OurWords, mfa.ReauthenticateForm):
    words = CodeForm.words


class ActivateTotpForm(OurWords, totp.ActivateTOTPForm):
    words = {"code": (_("Code that the app shows"), "", CODE)}


class AddPasskeyForm(OurWords, webauthn.AddWebAuthnForm):
    words = {
        "name": (
            _("Name of the passkey"),
            _("So that you know it again, such as “Phone”."),
            {"maxlength": 60},
        ),
        "passwordless": (
            _("Sign in with this passkey alone"),
            _("Without it, the passkey is a second step after your password."),
            {},
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class EditPasskeyForm(OurWords, webauthn.EditWebAuthnForm):
    words = {"name": (_("Name of the passkey"), "", {"maxlength": 60})}
