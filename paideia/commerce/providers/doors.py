"""What each provider expects to hear in answer to a notification."""

from django.http import HttpResponse, JsonResponse


def thank(provider: str, outcome: str) -> HttpResponse:
    """It was taken in: the provider need not tell again."""
    if provider == "alipay":
        return HttpResponse("success", content_type="text/plain")
    if provider == "wechat":
        return JsonResponse({"code": "SUCCESS", "message": "OK"})
    return JsonResponse({"outcome": outcome})


def decline(provider: str, message: str, status: int) -> HttpResponse:
    """It was not: the status says whether telling again helps."""
    if provider == "alipay":
        return HttpResponse("failure", content_type="text/plain", status=status)
    if provider == "wechat":
        return JsonResponse({"code": "FAIL", "message": message}, status=status)
    return JsonResponse({"error": message}, status=status)
