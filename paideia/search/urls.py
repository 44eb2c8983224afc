"""Addresses of search."""

from django.urls import path

from paideia.search import views

urlpatterns = [path("search/", views.search_page, name="search")]
