"""Addresses of the shop inside a community."""

from django.urls import path

from paideia.commerce.providers.alipay.views import alipay_payment
from paideia.commerce.providers.sandbox.views import sandbox_payment
from paideia.commerce.providers.wechat.views import wechat_payment
from paideia.commerce.views import (
    buying,
    checkout,
    manage,
    manage_discounts,
    manage_subscriptions,
    membership,
    notifications,
    offers,
    policies,
    presents,
    refunds,
    seats,
)

urlpatterns = [
    path("pricing/", buying.pricing, name="pricing"),
    path("offers/<int:pk>/checkout/", checkout.checkout, name="checkout"),
    path("offers/<int:pk>/sum/", checkout.checkout_sum, name="checkout_sum"),
    path("offers/<int:pk>/trial/", buying.trial, name="trial"),
    path("membership/", membership.portal, name="membership"),
    path("membership/<int:pk>/change/", membership.change, name="membership_change"),
    path("membership/<int:pk>/change/undoing/", membership.change_undo, name="membership_change_undo"),
    path("membership/<int:pk>/cancellation/", membership.cancellation, name="membership_cancellation"),
    path("membership/<int:pk>/resumption/", membership.resumption, name="membership_resumption"),
    path("membership/<int:pk>/staying/", membership.stay, name="membership_stay"),
    path("membership/<int:pk>/payment/", membership.payment, name="membership_payment"),
    path("orders/<str:number>/change/", membership.change_term, name="order_change"),
    path("orders/", buying.order_list, name="orders"),
    path("orders/<str:number>/", buying.order, name="order"),
    path("orders/<str:number>/payment/", buying.payment, name="order_payment"),
    path("orders/<str:number>/paid/", buying.paid, name="order_paid"),
    path(
        "providers/<slug:provider>/notifications/", notifications.notifications, name="provider_notifications"
    ),
    path("orders/<str:number>/alipay/", alipay_payment, name="alipay_payment"),
    path("orders/<str:number>/wechat/", wechat_payment, name="wechat_payment"),
    path("sandbox/<str:token>/", sandbox_payment, name="sandbox_payment"),
    path("gifts/<str:token>/", presents.gift, name="gift"),
    path("redeem/", presents.redeem, name="redeem"),
    path("cards/", presents.card, name="gift_card"),
    path("seats/", seats.pool_list, name="seat_pools"),
    path("seats/<int:pk>/", seats.pool, name="seat_pool"),
    path("seats/<int:pk>/terms/", seats.pool_change, name="seat_pool_change"),
    path("seats/<int:pk>/report/", seats.report, name="seat_report"),
    path("seats/<int:pk>/reclaims/<int:seat>/", seats.reclaim, name="seat_reclaim"),
    path("seats/take/<str:token>/", seats.seat, name="seat"),
    path("seats/join/<str:token>/", seats.seat_by_domain, name="seat_by_domain"),
    path("manage/coupons/", manage_discounts.coupon_list, name="manage_coupons"),
    path("manage/coupons/new/", manage_discounts.coupon_edit, name="manage_coupon_new"),
    path("manage/coupons/<int:pk>/", manage_discounts.coupon_edit, name="manage_coupon"),
    path("manage/coupons/<int:pk>/archive/", manage_discounts.coupon_archive, name="manage_coupon_archive"),
    path("manage/codes/", manage_discounts.batch_list, name="manage_codes"),
    path("manage/codes/<int:pk>/", manage_discounts.batch, name="manage_batch"),
    path("manage/codes/<int:pk>/export/", manage_discounts.batch_export, name="manage_batch_export"),
    path(
        "manage/codes/<int:pk>/revocation/",
        manage_discounts.batch_revocation,
        name="manage_batch_revocation",
    ),
    path("manage/cards/", manage_discounts.card_list, name="manage_cards"),
    path("manage/cards/gift/", manage_discounts.card_gift, name="manage_card_gift"),
    path(
        "manage/cards/<int:pk>/revocation/", manage_discounts.card_revocation, name="manage_card_revocation"
    ),
    path("manage/offers/", offers.offer_list, name="manage_offers"),
    path("manage/offers/new/", offers.offer_edit, name="manage_offer_new"),
    path("manage/offers/preview/", offers.offer_preview, name="manage_offer_preview"),
    path("manage/offers/<int:pk>/", offers.offer_edit, name="manage_offer"),
    path("manage/offers/<int:pk>/archive/", offers.offer_archive, name="manage_offer_archive"),
    path("manage/offers/<int:pk>/link/", offers.offer_link, name="manage_offer_link"),
    path("manage/policies/", policies.policy_list, name="manage_policies"),
    path("manage/policies/<int:pk>/removal/", policies.policy_removal, name="manage_policy_removal"),
    path("manage/orders/", manage.order_list, name="manage_orders"),
    path("manage/subscriptions/", manage_subscriptions.subscription_list, name="manage_subscriptions"),
    path("manage/subscriptions/retention/", manage_subscriptions.retention, name="manage_retention"),
    path("manage/orders/<str:number>/refund/", refunds.refund, name="manage_refund"),
    path("manage/orders/<str:number>/refund/effects/", refunds.refund_effects, name="manage_refund_effects"),
    path("manage/notices/<int:pk>/return/", refunds.notice_return, name="manage_notice_return"),
    path("manage/notices/<int:pk>/resolution/", manage.notice_resolution, name="manage_notice"),
]
