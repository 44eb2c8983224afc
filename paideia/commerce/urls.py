"""Addresses of the shop inside a community."""

from django.urls import path

from paideia.commerce.providers.sandbox.views import sandbox_payment
from paideia.commerce.views import buying, checkout, manage, notifications

urlpatterns = [
    path("pricing/", buying.pricing, name="pricing"),
    path("offers/<int:pk>/checkout/", checkout.checkout, name="checkout"),
    path("offers/<int:pk>/sum/", checkout.checkout_sum, name="checkout_sum"),
    path("offers/<int:pk>/trial/", buying.trial, name="trial"),
    path("orders/", buying.order_list, name="orders"),
    path("orders/<str:number>/", buying.order, name="order"),
    path("orders/<str:number>/payment/", buying.payment, name="order_payment"),
    path("orders/<str:number>/paid/", buying.paid, name="order_paid"),
    path(
        "providers/<slug:provider>/notifications/", notifications.notifications, name="provider_notifications"
    ),
    path("sandbox/<str:token>/", sandbox_payment, name="sandbox_payment"),
    path("manage/offers/", manage.offer_list, name="manage_offers"),
    path("manage/offers/new/", manage.offer_edit, name="manage_offer_new"),
    path("manage/offers/<int:pk>/", manage.offer_edit, name="manage_offer"),
    path("manage/offers/<int:pk>/archive/", manage.offer_archive, name="manage_offer_archive"),
    path("manage/orders/", manage.order_list, name="manage_orders"),
    path("manage/notices/<int:pk>/resolution/", manage.notice_resolution, name="manage_notice"),
]
