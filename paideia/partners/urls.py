"""Addresses of partners inside a community."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
