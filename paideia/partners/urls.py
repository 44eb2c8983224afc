"""Addresses of partners inside a community."""

from django.urls import path

from paideia.partners.views import manage, own

urlpatterns = [
    path("r/<slug:code>/", own.referral, name="referral"),
    path("partner/", own.affiliate, name="affiliate"),
    path("earnings/", own.earnings, name="earnings"),
    path("earnings/payouts/", own.payouts, name="payouts"),
    path("earnings/statements/<int:pk>/", own.statement, name="statement"),
    path("earnings/statements/<int:pk>/export/", own.statement_export, name="statement_export"),
    path("manage/partners/", manage.affiliate_list, name="manage_affiliates"),
    path("manage/partners/programme/", manage.programme, name="manage_programme"),
    path("manage/partners/<int:pk>/decision/", manage.affiliate_decision, name="manage_affiliate_decision"),
    path("manage/payouts/", manage.payout_list, name="manage_payouts"),
    path("manage/payouts/export/", manage.payout_export, name="manage_payout_export"),
    path("manage/payouts/terms/", manage.payout_terms, name="manage_payout_terms"),
    path("manage/payouts/<int:pk>/approval/", manage.payout_approval, name="manage_payout_approval"),
    path("manage/payouts/<int:pk>/payment/", manage.payout_payment, name="manage_payout_payment"),
    path("manage/payouts/<int:pk>/refusal/", manage.payout_refusal, name="manage_payout_refusal"),
    path("manage/shares/", manage.share_list, name="manage_shares"),
    path("manage/shares/<int:pk>/end/", manage.share_end, name="manage_share_end"),
    path("manage/shares/months/<int:pk>/", manage.share_run, name="manage_share_run"),
]
