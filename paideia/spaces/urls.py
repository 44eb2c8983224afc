"""Addresses of spaces. The page of a space itself is made of many rooms: web.urls."""

from django.urls import path

from paideia.spaces.views import everybody, manage

urlpatterns = [
    path("spaces/", everybody.spaces, name="spaces"),
    path("spaces/<str:slug>/membership/", everybody.membership, name="space_membership"),
    path("spaces/<str:slug>/leaving/", everybody.leaving, name="space_leave"),
    path("manage/spaces/", manage.spaces, name="manage_spaces"),
    path("manage/spaces/new/", manage.new, name="manage_space_new"),
    path("manage/spaces/order/", manage.order, name="manage_space_order"),
    path("manage/spaces/<int:pk>/", manage.space, name="manage_space"),
    path("manage/spaces/<int:pk>/archive/", manage.archive, name="manage_space_archive"),
    path("manage/spaces/requests/<int:pk>/", manage.decision, name="manage_space_request"),
]
