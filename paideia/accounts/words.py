"""What the sign-in library says to people, in our words and so in our translations."""

from django.utils.translation import gettext_lazy as _

ERRORS = {
    "account_inactive": _("This account is closed. Write to the people who run this site."),
    "cannot_remove_primary_email": _("Make another address your main one before you remove this one."),
    "duplicate_email": _("This address is already one of yours."),
    "email_password_mismatch": _("The name or the password is not right. Check both and try again."),
    "username_password_mismatch": _("The name or the password is not right. Check both and try again."),
    "invalid_login": _("The name or the password is not right. Check both and try again."),
    "email_taken": _("This address cannot be used. Choose another, or sign in if it is yours."),
    "enter_current_password": _("This is not your current password. Type it again."),
    "incorrect_code": _("This code is not right, or its time is over. Type the newest one."),
    "incorrect_password": _("This password is not right. Type it again."),
    "invalid_or_expired_key": _("This link is no longer valid. Ask for a new one."),
    "invalid_password_reset": _("This link is no longer valid. Ask for a new one."),
    "max_email_addresses": _("You can have up to %d addresses. Remove one first."),
    "too_many_login_attempts": _("Too many tries. Wait a quarter of an hour, then try again."),
    "unverified_primary_email": _("Confirm your main address first."),
    "username_blacklisted": _("This handle cannot be used. Choose another."),
    "username_taken": _("This handle is taken, or looks like one that is. Choose another."),
    "same_as_current": _("This is what you have already. Type something new."),
    "rate_limited": _("Too many tries. Wait a minute, then try again."),
    # of two-step sign-in
    "add_email_blocked": _("Turn two-step sign-in off before you add an address."),
    "cannot_delete_authenticator": _("This cannot be turned off now."),
    "cannot_generate_recovery_codes": _("Turn two-step sign-in on first; then you can make recovery codes."),
    "unverified_email": _("Confirm your e-mail address first; then you can turn on two-step sign-in."),
    # of sign-in through others
    "invalid_token": _("The other site's answer is not valid. Try again."),
    "no_password": _("Set a password first, so that you can still sign in."),
    "no_verified_email": _("Confirm your e-mail address first, so that you can still sign in."),
    "disconnect_last": _("This is your only way to sign in. Set a password first."),
    "connected_other": _("That account belongs to somebody else here."),
}

# Toasts. What is not named here is not said: the page that follows shows it.
TOASTS = {
    "account/messages/email_confirmation_sent.txt": _(
        "We have sent a link to %(email)s. Open it to confirm."
    ),
    "account/messages/email_confirmed.txt": _("%(email)s is confirmed."),
    "account/messages/email_confirmation_failed.txt": _("%(email)s belongs to another account here."),
    "account/messages/email_deleted.txt": _("%(email)s is removed."),
    "account/messages/primary_email_set.txt": _("Your main address is changed."),
    "account/messages/cannot_delete_primary_email.txt": _(
        "%(email)s is your main address. Make another one your main address first."
    ),
    "account/messages/unverified_primary_email.txt": _(
        "Confirm the address before you make it your main one."
    ),
    "account/messages/logged_out.txt": _("You are signed out."),
    "account/messages/password_changed.txt": _(
        "Your password is changed and every device is signed out. Sign in with the new one."
    ),
    "account/messages/password_set.txt": _("Your password is set. Sign in with it."),
    "mfa/messages/totp_activated.txt": _("The authenticator app is connected."),
    "mfa/messages/totp_deactivated.txt": _("The authenticator app is disconnected."),
    "mfa/messages/recovery_codes_generated.txt": _(
        "There are new recovery codes; the old ones no longer work."
    ),
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "usersessions/messages/sessions_logged_out.txt": _("All other devices are signed out."),
    "socialaccount/messages/account_connected.txt": _("The account is connected."),
    "socialaccount/messages/account_connected_updated.txt": _("The account is connected."),
    "socialaccount/messages/account_connected_other.txt": _("That account belongs to somebody else here."),
    "socialaccount/messages/account_disconnected.txt": _("The account is disconnected."),
}
