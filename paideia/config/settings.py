"""Django's settings. Everything an operator may change comes from the environment (docs/running.md)."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from paideia.accounts import providers
from paideia.config import environment, payments

PACKAGE = Path(__file__).resolve().parent.parent
HOME = environment.home()

PRODUCTION = environment.switch("PRODUCTION")
DEBUG = environment.switch("DEBUG")
TESTING = environment.switch("TESTING")
SECRET_KEY = environment.text("SECRET_KEY") or environment.kept_secret(HOME)
# Keys of before: what was signed or sealed with them is read, and nothing is with them any more.
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or (
    [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", ".localhost"]
)
BASE_URL = environment.text("BASE_URL", f"http://127.0.0.1:{environment.number('PORT', 8000)}").rstrip("/")
CSRF_TRUSTED_ORIGINS = environment.words("TRUSTED_ORIGINS") or [BASE_URL]
SECURE = BASE_URL.startswith("https://")

if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured(
            "PAIDEIA_DEBUG shows secrets to visitors: unset it when PAIDEIA_PRODUCTION is on."
        )
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):
        raise ImproperlyConfigured(
            "PAIDEIA_SECRET_KEY is short or a default: use 50 or more random characters."
        )
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured(
            "PAIDEIA_ALLOWED_HOSTS is empty or '*': name the hosts that Paideia answers for."
        )
    if not SECURE:
        raise ImproperlyConfigured("PAIDEIA_BASE_URL must begin with https:// in production.")

# In the sandbox anybody can "pay" without money: never on by itself where real people buy.
PAYMENT_SANDBOX = environment.switch("PAYMENT_SANDBOX", not PRODUCTION)
PAYMENTS = payments.read()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    *providers.apps(environment.text),
    "procrastinate.contrib.django",
    "paideia.activity",
    "paideia.accounts",
    "paideia.communities",
    "paideia.access",
    "paideia.ledger",
    "paideia.commerce",
    "paideia.spaces",
    "paideia.content",
    "paideia.courses",
    "paideia.discussions",
    "paideia.books",
    "paideia.notifications",
    "paideia.partners",
    "paideia.search",
    "paideia.transfer",
    "paideia.web",
]
ROOMS = [app.removeprefix("paideia.") for app in INSTALLED_APPS if app.startswith("paideia.")]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "paideia.web.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "paideia.communities.middleware.CommunityMiddleware",
    "paideia.web.page_cache.AnonymousPageCache",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "paideia.accounts.middleware.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "paideia.accounts.middleware.PreferencesMiddleware",
    "paideia.accounts.origin.OriginMiddleware",
    "paideia.accounts.middleware.LeavingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "paideia.access.middleware.ViewerMiddleware",
    "paideia.partners.middleware.ReferralMiddleware",
    "paideia.web.middleware.Refusals",
]

ROOT_URLCONF = "paideia.config.urls"
WSGI_APPLICATION = "paideia.config.wsgi.application"

CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "NAME": "paideia",
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / room / "templates" for room in ROOMS],
        "OPTIONS": {
            "environment": "paideia.lib.jinja.environment",
            "context_processors": ["paideia.web.context.page"],
            "auto_reload": DEBUG,
        },
    },
    {  # for the libraries' own pages only
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
    },
]


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "PAIDEIA_DATABASE_URL must look like postgresql://user:password@host:5432/name"
        )
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "paideia",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": parts.port or "",
        "CONN_HEALTH_CHECKS": True,  # a pooled connection may have died with the database
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": environment.number("POOL", 8), "timeout": 10},
            "application_name": "paideia",
            # Statements are planned once a connection, not once a page. A pooler that hands out connections by
            # transaction (PgBouncer below 1.21) cannot do that: PAIDEIA_PREPARE=0.
            "server_side_binding": environment.switch("PREPARE", True),
            "prepare_threshold": 3 if environment.switch("PREPARE", True) else None,
        },
    }


# The supervisor of `paideia up` sets this to the embedded server's address for its children.
DATABASES = {"default": _database(environment.text("DATABASE_URL", "postgresql:///paideia"))}
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Rate limits must hold across processes, so they live in the database; pages use `local`.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "config_cache"},
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:  # hundreds of people sign up in the tests
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("handle", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Uniqueness is by Lower("handle"), which this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

SITE_NAME = environment.text("SITE_NAME", "Paideia")
SIGN_UP_OPEN = environment.switch("SIGN_UP_OPEN", True)
FOUNDING_OPEN = environment.switch("FOUNDING_OPEN", True)  # anybody signed in may found a community
TERMS_URL = environment.text("TERMS_URL")  # the operator's own texts, in place of ours
PRIVACY_URL = environment.text("PRIVACY_URL")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "paideia.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "handle"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
# Without a mail server nobody could confirm, so then it is asked for but not required.
ACCOUNT_EMAIL_VERIFICATION = environment.text(
    "EMAIL_VERIFICATION", "mandatory" if environment.text("SMTP_HOST") else "optional"
)
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = "strict"  # sign-up does not tell either: accounts.actions.sign_up
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "paideia.accounts.links.ResetTokens"
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    # The second counts tries by address and account together, so that nobody can lock another out.
    "login_failed": "40/15m/ip,5/15m/key",
    "signup": "20/10m/ip",
    "reset_password": "20/10m/ip,5/h/key",
    "reset_password_from_key": "20/10m/ip",
    "confirm_email": "1/1m/key,5/h/key",
    "change_password": "5/5m/user",
    "manage_email": "10/10m/user",
    "reauthenticate": "10/10m/user",
    # Wrong redeem codes only: a class behind one address may redeem at once.
    "redeem": "60/10m/ip",
    "redeem_again": "10/h/user",
}
ACCOUNT_FORMS = {
    name: f"paideia.accounts.forms.sign_in.{form}"
    for name, form in {
        "login": "SignInForm",
        "signup": "SignUpForm",
        "add_email": "AddEmailForm",
        "change_password": "ChangePasswordForm",
        "set_password": "SetPasswordForm",
        "reset_password": "ResetPasswordForm",
        "reset_password_from_key": "ResetPasswordKeyForm",
        "reauthenticate": "ReauthenticateForm",
    }.items()
}
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
USERSESSIONS_TRACK_ACTIVITY = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
MFA_TOTP_ISSUER = SITE_NAME
MFA_ADAPTER = "paideia.accounts.mfa.MfaAdapter"
MFA_FORMS = {
    name: f"paideia.accounts.forms.sign_in.{form}"
    for name, form in {
        "authenticate": "CodeForm",
        "reauthenticate": "ReauthenticateCodeForm",
        "activate_totp": "ActivateTotpForm",
        "add_webauthn": "AddPasskeyForm",
        "edit_webauthn": "EditPasskeyForm",
    }.items()
}
SOCIALACCOUNT_ADAPTER = "paideia.accounts.social.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": "paideia.accounts.forms.sign_in.SocialSignUpForm"}
SOCIALACCOUNT_PROVIDERS = providers.providers(environment.text)
SOCIALACCOUNT_AUTO_SIGNUP = False  # everybody chooses a handle and agrees to the terms
SOCIALACCOUNT_STORE_TOKENS = False

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "paideia_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_NAME = "paideia_csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if SECURE:
    SECURE_SSL_REDIRECT = environment.switch("SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = environment.number("HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
if environment.switch("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if environment.switch("BEHIND_PROXY") else 0

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = "paideia_language"
USE_I18N = USE_TZ = True
TIME_ZONE = environment.text("TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS: list[Path] = []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = HOME / "media"
MEDIA_URL = "/media/"  # never served from disk by URL: every file passes its gate
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
UPLOAD_BYTES_MAX = environment.number("UPLOAD_MB_MAX", 200) * 1024 * 1024

DEFAULT_FROM_EMAIL = environment.text("MAIL_FROM", "Paideia <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if environment.text("SMTP_HOST"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = environment.text("SMTP_HOST")
    EMAIL_PORT = environment.number("SMTP_PORT", 587)
    EMAIL_HOST_USER = environment.text("SMTP_USER")
    EMAIL_HOST_PASSWORD = environment.text("SMTP_PASSWORD")
    EMAIL_USE_TLS = environment.switch("SMTP_TLS", True)
    EMAIL_TIMEOUT = 10
else:  # without a mail server every message is a file an operator can open
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME / "mail"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "WARNING")},
}
