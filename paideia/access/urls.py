"""Addresses of the team's pages about access."""

from django.urls import path

from paideia.access import views

urlpatterns = [
    path("manage/plans/", views.plan_list, name="manage_plans"),
    path("manage/plans/new/", views.plan_edit, name="manage_plan_new"),
    path("manage/plans/<int:pk>/", views.plan_edit, name="manage_plan"),
    path("manage/plans/<int:pk>/archive/", views.plan_archive, name="manage_plan_archive"),
    path("manage/plans/<int:pk>/removal/", views.plan_removal, name="manage_plan_removal"),
    path("manage/gates/", views.gate_list, name="manage_gates"),
    path("manage/gates/new/", views.gate_edit, name="manage_gate_new"),
    path("manage/gates/<int:pk>/", views.gate_edit, name="manage_gate"),
    path("manage/gates/<int:pk>/removal/", views.gate_removal, name="manage_gate_removal"),
    path("manage/access/", views.people, name="manage_access"),
    path("manage/access/<str:handle>/", views.person, name="manage_person"),
    path("manage/access/<str:handle>/grants/", views.gift, name="manage_gift"),
    path("manage/grants/<int:pk>/revocation/", views.revocation, name="manage_grant_revocation"),
]
