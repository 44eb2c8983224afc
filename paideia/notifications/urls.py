"""Addresses of notifications."""

from django.urls import path

from paideia.notifications import views

urlpatterns = [
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/read/", views.read, name="notifications_read"),
    path("notifications/choices/", views.choices, name="notification_choices"),
]
