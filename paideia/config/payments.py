"""What the environment says of payment providers. A provider is offered where its settings are whole; `paideia doctor`
says what is missing or malformed. Keys are named by the files that hold them."""

from paideia.config import environment


def read() -> dict[str, dict[str, str]]:
    """The raw settings of each provider: empty texts where nothing is set."""
    return {
        "alipay": {
            "APP_ID": environment.text("ALIPAY_APP_ID"),
            "SELLER_ID": environment.text("ALIPAY_SELLER_ID"),
            "PRIVATE_KEY_FILE": environment.text("ALIPAY_PRIVATE_KEY_FILE"),
            "PUBLIC_KEY_FILE": environment.text("ALIPAY_PUBLIC_KEY_FILE"),
            "WAYS": environment.text("ALIPAY_WAYS"),
            "GATEWAY": environment.text("ALIPAY_GATEWAY"),
        },
        "wechat": {
            "APP_ID": environment.text("WECHAT_APP_ID"),
            "APP_SECRET": environment.text("WECHAT_APP_SECRET"),
            "MERCHANT_ID": environment.text("WECHAT_MERCHANT_ID"),
            "MERCHANT_SERIAL": environment.text("WECHAT_MERCHANT_SERIAL"),
            "PRIVATE_KEY_FILE": environment.text("WECHAT_PRIVATE_KEY_FILE"),
            "API_KEY": environment.text("WECHAT_API_KEY"),
            "PUBLIC_KEY_ID": environment.text("WECHAT_PUBLIC_KEY_ID"),
            "PUBLIC_KEY_FILE": environment.text("WECHAT_PUBLIC_KEY_FILE"),
            "WAYS": environment.text("WECHAT_WAYS"),
            "GATEWAY": environment.text("WECHAT_GATEWAY"),
        },
        "stripe": {
            "SECRET_KEY": environment.text("STRIPE_SECRET_KEY"),
            "WEBHOOK_SECRET": environment.text("STRIPE_WEBHOOK_SECRET"),
            "GATEWAY": environment.text("STRIPE_GATEWAY"),
        },
        "paypal": {
            "CLIENT_ID": environment.text("PAYPAL_CLIENT_ID"),
            "SECRET": environment.text("PAYPAL_SECRET"),
            "WEBHOOK_ID": environment.text("PAYPAL_WEBHOOK_ID"),
            "GATEWAY": environment.text("PAYPAL_GATEWAY"),
        },
        "transfer": {
            "ACCOUNT": environment.text("TRANSFER_ACCOUNT"),
            "CURRENCIES": environment.text("TRANSFER_CURRENCIES"),
            "DAYS": environment.text("TRANSFER_DAYS"),
        },
    }
