"""Addresses of communities and the people in them."""

from django.urls import path

from paideia.communities.views import joining, look, manage, people, platform

urlpatterns = [
    path("accounts/signup/", joining.SignUpHere.as_view(), name="account_signup"),
    path("join/", joining.join, name="join"),
    path("join/withdrawal/", joining.withdrawal, name="join_withdrawal"),
    path("leaving/", joining.leaving, name="leave"),
    path("invitations/<str:token>/", joining.invitation, name="invitation"),
    path("claims/<str:token>/", joining.handed_over, name="handed_over"),
    path("rules/", look.rules, name="rules"),
    path("theme/<str:accent>.css", look.theme, name="theme"),
    path("members/", people.members, name="members"),
    path("members/<str:handle>/", people.member, name="member"),
    path("members/<str:handle>/following/", people.following, name="following"),
    path("members/<str:handle>/claim/", people.claim, name="claim"),
    path("manage/community/", manage.community, name="manage_community"),
    path("manage/roles/", manage.roles, name="manage_roles"),
    path("manage/roles/permissions/", manage.permissions, name="manage_permissions"),
    path("manage/roles/new/", manage.new_role, name="manage_role_new"),
    path("manage/roles/<int:pk>/", manage.role, name="manage_role"),
    path("manage/members/", manage.members, name="manage_members"),
    path("manage/members/<int:pk>/", manage.member, name="manage_member"),
    path("manage/members/<int:pk>/role/", manage.member_role, name="manage_member_role"),
    path("manage/members/<int:pk>/suspension/", manage.suspension, name="manage_suspension"),
    path("manage/requests/", manage.requests, name="manage_requests"),
    path("manage/requests/<int:pk>/", manage.decision, name="manage_request"),
    path("manage/claims/<int:pk>/", manage.claim_decision, name="manage_claim"),
    path("manage/invitations/", manage.invitations, name="manage_invitations"),
    path("manage/invitations/<int:pk>/revocation/", manage.revocation, name="manage_revocation"),
]
platform_urlpatterns = [
    path("", platform.home, name="home"),
    path("communities/new/", platform.founding, name="community_new"),
]
