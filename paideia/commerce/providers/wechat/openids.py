"""Who pays inside WeChat: the openid of the one payment, asked for silently and not kept."""

import re
from urllib.parse import urlencode

from paideia.commerce.providers import ProviderDown, claims
from paideia.commerce.providers.asking import ask
from paideia.commerce.providers.wechat.gateway import ADDRESS, Account

PAGE = "https://open.weixin.qq.com/connect/oauth2/authorize"
API = "https://api.weixin.qq.com"


def asking_address(account: Account, back: str, state: str) -> str:
    """Where WeChat's browser goes to come back with a code for the openid."""
    query = {
        "appid": account.app_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    return f"{PAGE}?{urlencode(query)}#wechat_redirect"


def of_code(account: Account, code: str) -> str:
    """The openid that a code stands for. Raises ProviderDown."""
    query = {
        "appid": account.app_id,
        "secret": account.app_secret,
        "code": code[:200],
        "grant_type": "authorization_code",
    }
    api = API if account.address == ADDRESS else account.address
    answer = ask("GET", f"{api}/sns/oauth2/access_token?{urlencode(query)}")
    openid = claims.object_of(answer.body).get("openid")
    if not isinstance(openid, str) or not re.fullmatch(r"[\w-]{10,128}", openid):
        raise ProviderDown("no openid")
    return openid
