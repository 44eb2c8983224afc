"""What the environment says of payment providers, and what the doctor says of that."""

from paideia.commerce.providers.configuring import problems
from paideia.config import doctor, payments
from paideia.config.doctor import Finding


def test_nothing_is_set_where_the_environment_says_nothing():
    assert {name: set(texts.values()) for name, texts in payments.read().items()} == {
        name: {""} for name in ("alipay", "wechat", "stripe", "paypal", "transfer")
    }
    assert problems() == {}


def test_the_doctor_names_what_is_missing_and_what_is_whole(settings):
    changed = payments.read()
    changed["stripe"]["SECRET_KEY"] = "sk_test_x"
    changed["transfer"]["ACCOUNT"] = r"Agora Ltd.\nBank of Examples"
    settings.PAYMENTS = changed
    assert list(doctor.payments()) == [
        Finding("fail", "payments", "stripe is not offered: set PAIDEIA_STRIPE_WEBHOOK_SECRET"),
        Finding("ok", "payments", "transfer is set up"),
    ]


def test_the_doctor_warns_where_nothing_can_be_sold_or_anybody_pays_nothing(settings):
    settings.PAYMENTS, settings.PAYMENT_SANDBOX = payments.read(), False
    assert [(one.level, one.title) for one in doctor.payments()] == [("warn", "payments")]
    settings.PAYMENT_SANDBOX = settings.PRODUCTION = True
    assert [one.level for one in doctor.payments()] == ["warn"]
    settings.PRODUCTION = False
    assert list(doctor.payments()) == []
