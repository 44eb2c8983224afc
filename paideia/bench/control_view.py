"""The control's one page."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

ROWS = """
SELECT d.id, u.name, d.html, d.created_at FROM content_document d JOIN accounts_user u ON u.id = d.author_id
WHERE d.kind = 'comment' ORDER BY d.id LIMIT 60
"""


def rows(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return render(request, "rows.html", {"rows": cursor.fetchall()})


urlpatterns = [path("", rows)]
