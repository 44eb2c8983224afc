"""Addresses of talk."""

from django.urls import path

from paideia.discussions import comment_views, thread_views

urlpatterns = [
    path("threads/", thread_views.threads, name="threads"),
    path("spaces/<str:slug>/threads/new/", thread_views.thread_new, name="thread_new"),
    path("threads/<int:pk>/", thread_views.thread, name="thread"),
    path("threads/<int:pk>/edit/", thread_views.thread_edit, name="thread_edit"),
    path("threads/<int:pk>/removal/", thread_views.removal, name="thread_removal"),
    path("threads/<int:pk>/closure/", thread_views.closure, name="thread_closure"),
    path("threads/<int:pk>/pin/", thread_views.pin, name="thread_pin"),
    path("threads/<int:pk>/space/", thread_views.move, name="thread_move"),
    path("members/<str:handle>/threads/", thread_views.member_threads, name="member_threads"),
    path("documents/<int:pk>/comments/", comment_views.comments, name="comments"),
    path("documents/<int:pk>/reactions/", comment_views.reactions, name="reactions"),
    path("documents/<int:pk>/watch/", comment_views.watching, name="watch"),
    path("comments/<int:pk>/", comment_views.comment, name="comment"),
    path("comments/<int:pk>/edit/", comment_views.comment_edit, name="comment_edit"),
    path("comments/<int:pk>/removal/", comment_views.removal, name="comment_removal"),
    path("comments/<int:pk>/acceptance/", comment_views.acceptance, name="comment_acceptance"),
]
