"""Addresses of documents inside a community."""

from django.urls import path

from paideia.content import access_views, behaviour
from paideia.content.views import articles, columns, documents, editing, editor, media, revisions, works

urlpatterns = [
    path("articles/", articles.article_list, name="articles"),
    path("articles/new/", editing.article_new, name="article_new"),
    path("articles/<int:pk>/", articles.article, name="article"),
    path("articles/<int:pk>/edit/", editing.article_edit, name="article_edit"),
    path("columns/", columns.column_list, name="columns"),
    path("columns/new/", editing.column_new, name="column_new"),
    path("columns/<int:pk>/", columns.column, name="column"),
    path("columns/<int:pk>/edit/", editing.column_edit, name="column_edit"),
    path("documents/<int:pk>/publication/", documents.publication, name="publication"),
    path("documents/<int:pk>/withdrawal/", documents.withdrawal, name="withdrawal"),
    path("documents/<int:pk>/removal/", documents.removal, name="removal"),
    path("documents/<int:pk>/bookmark/", documents.bookmark, name="bookmark"),
    path("bookmarks/", documents.bookmark_list, name="bookmarks"),
    path("documents/<int:pk>/revisions/", revisions.revision_list, name="revisions"),
    path("documents/<int:pk>/revisions/<int:number>/", revisions.revision, name="revision"),
    path("documents/<int:pk>/revisions/<int:number>/restoration/", revisions.restoration, name="restoration"),
    path("documents/<int:pk>/why/", access_views.why, name="why"),
    path("documents/<int:pk>/free-read/", access_views.free_read, name="free_read"),
    path("behaviour/", behaviour.behaviour, name="behaviour"),
    path("media/<int:pk>/<str:name>", media.file, name="media"),
    path("uploads/", media.upload, name="upload"),
    path("preview/", editor.preview, name="preview"),
    path("drafts/", editor.draft, name="draft"),
    path("people/", editor.people, name="people"),
    path("manage/works/", works.work_list, name="manage_works"),
]
