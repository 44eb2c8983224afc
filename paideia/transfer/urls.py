"""Addresses of imports inside a community."""

from django.urls import path

from . import views

urlpatterns = [
    path("manage/imports/", views.delivery_list, name="manage_imports"),
    path("manage/imports/<int:pk>/", views.delivery, name="manage_import"),
    path("manage/imports/<int:pk>/progress/", views.progress, name="manage_import_progress"),
    path("manage/imports/<int:pk>/resumption/", views.resumption, name="manage_import_resumption"),
]
