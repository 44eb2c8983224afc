"""Addresses of the books inside a community."""

from django.urls import path

from paideia.books.views import money, statements

urlpatterns = [
    path("manage/money/", money.money, name="manage_money"),
    path("manage/exports/", money.exports, name="manage_exports"),
    path("manage/statements/", statements.statement_list, name="manage_statements"),
    path("manage/statements/upload/", statements.upload, name="manage_statement_upload"),
    path("manage/statements/fees/", statements.fees, name="manage_fees"),
    path("manage/differences/", statements.difference_list, name="manage_differences"),
    path(
        "manage/differences/<int:pk>/resolution/",
        statements.difference_resolution,
        name="manage_difference_resolution",
    ),
]
