"""Addresses of signing in, of one's own settings, and of pictures: the same on the platform and in a community."""

from allauth.urls import build_provider_urlpatterns
from django.urls import include, path, re_path

from paideia.accounts.views import own, pictures, sign_in, texts

urlpatterns = [
    path("accounts/login/", sign_in.SignInView.as_view(), name="account_login"),
    path("accounts/signup/", sign_in.SignUpView.as_view(), name="account_signup"),
    path("accounts/email/", sign_in.EmailView.as_view(), name="account_email"),
    re_path(
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        sign_in.ConfirmEmailView.as_view(),
        name="account_confirm_email",
    ),
    path("accounts/reauthenticate/", sign_in.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path(
        "accounts/2fa/reauthenticate/", sign_in.ReauthenticateByCodeView.as_view(), name="mfa_reauthenticate"
    ),
    path(
        "accounts/2fa/webauthn/reauthenticate/",
        sign_in.ReauthenticateByPasskeyView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("accounts/sessions/", sign_in.SessionsView.as_view(), name="usersessions_list"),
    path("accounts/sessions/<int:pk>/", sign_in.end_session, name="session"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("settings/", own.profile, name="settings"),
    path("settings/avatar/", own.avatar, name="avatar"),
    path("settings/preferences/", own.preferences, name="preferences"),
    path("settings/privacy/", own.privacy, name="privacy_choices"),
    path("settings/security/", own.security, name="security"),
    path("consents/<slug:purpose>/", own.consent, name="consent"),
    path("terms/", texts.terms, name="terms"),
    path("privacy/", texts.privacy, name="privacy"),
    path("pictures/<str:key>", pictures.picture, name="picture"),
]

# Other sites know only the platform's own address.
platform_urlpatterns = [
    *urlpatterns,
    path("accounts/3rdparty/", sign_in.ConnectionsView.as_view(), name="socialaccount_connections"),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/", include(build_provider_urlpatterns())),
]
