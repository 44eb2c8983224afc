"""Addresses of pages made of many rooms."""

from django.urls import path

from paideia.web import pwa, views

urlpatterns = [
    path("", views.home, name="home"),
    path("about/", views.about, name="about"),
    path("spaces/<str:slug>/", views.space, name="space"),
    path("mine/", views.own_places, name="own_places"),
    path("manage/", views.manage, name="manage"),
]
both_urlpatterns = [
    *pwa.both_urlpatterns,
    path("language/", views.language, name="language"),
    path("theme-choice/", views.theme_choice, name="theme_choice"),
]
platform_urlpatterns = [path("health/", views.health, name="health")]
