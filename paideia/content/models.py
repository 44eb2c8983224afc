"""Documents: everything that can be read. Articles, columns and media."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from paideia.access.models import Gate
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.content.visibility import DocumentQuerySet
from paideia.spaces.models import Space


class Document(models.Model):
    """One thing that can be read, whatever it is part of. `html` and `preview_html` are sanitised on write.

    `gate` null: open to whoever may enter the community. `published_at` null: a draft; in the future:
    scheduled.
    """

    class Kind(models.TextChoices):
        ARTICLE = "article", _("Article")
        COLUMN = "column", _("Column")
        COURSE = "course", _("Course")
        LESSON = "lesson", _("Lesson")
        THREAD = "thread", _("Thread")
        COMMENT = "comment", _("Comment")

    community = models.ForeignKey(Community, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=10, choices=Kind)
    author = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="documents")
    author_name = models.CharField(max_length=120, blank=True)  # of an import whose author is unknown
    space = models.ForeignKey(Space, models.PROTECT, null=True, blank=True, related_name="documents")
    gate = models.ForeignKey(Gate, models.PROTECT, null=True, blank=True, related_name="documents")
    title = models.CharField(_("title"), max_length=200, blank=True)
    summary = models.CharField(_("summary"), max_length=400, blank=True)
    source = models.TextField(blank=True)  # Markdown
    html = models.TextField(blank=True, editable=False)
    preview_html = models.TextField(blank=True, editable=False)  # before the paywall divider
    text = models.TextField(blank=True, editable=False)
    preview_text = models.TextField(blank=True, editable=False)
    language = models.CharField(max_length=10, blank=True)
    words = models.PositiveIntegerField(default=0, editable=False)
    reading_seconds = models.PositiveIntegerField(default=0, editable=False)
    headings = models.JSONField(default=list, editable=False)  # [[level, id, title, free to read], …]
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    score = models.IntegerField(default=0)  # written by discussions: up minus down votes
    revision = models.PositiveIntegerField(default=1)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    announced_at = models.DateTimeField(null=True, blank=True)  # the fact of the publication was recorded
    removed_at = models.DateTimeField(null=True, blank=True)  # taken away by its author or a moderator
    removed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = DocumentQuerySet.as_manager()
    mentioned_ids: tuple[int, ...] = ()  # members mentioned, known right after saving

    class Meta:
        indexes = [
            models.Index(fields=["community", "kind", "-published_at"], name="document_newest"),
            models.Index(fields=["space", "-published_at"], name="document_of_space"),
            models.Index(fields=["author", "-published_at"], name="document_of_author"),
            GinIndex(fields=["tags"], name="document_tags"),
            models.Index(
                fields=["published_at"],
                condition=models.Q(announced_at=None, removed_at=None, published_at__isnull=False),
                name="document_to_announce",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.kind} {self.pk}"


class Revision(models.Model):
    """What a document said before: one row for each state that was ever saved."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200, blank=True)
    source = models.TextField(blank=True)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="revision_once")]


class Draft(models.Model):
    """What a person was writing when the tab closed: kept until it is saved for good."""

    user = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    community = models.ForeignKey(Community, models.CASCADE)
    key = models.CharField(max_length=80)  # the form it belongs to: "article:12", "thread:new:3"
    title = models.CharField(max_length=200, blank=True)
    source = models.TextField(blank=True)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "community", "key"], name="draft_once")]


class Media(models.Model):
    """A file somebody uploaded, stored once by its content. It is as readable as the document it is in."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        AUDIO = "audio", _("Audio")
        VIDEO = "video", _("Video")
        FILE = "file", _("File")

    community = models.ForeignKey(Community, models.CASCADE, related_name="media")
    uploader = models.ForeignKey(User, models.PROTECT, null=True, related_name="media")
    document = models.ForeignKey(Document, models.SET_NULL, null=True, blank=True, related_name="media")
    after_divider = models.BooleanField(default=True)  # False: also part of the document's preview
    kind = models.CharField(max_length=6, choices=Kind)
    name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)  # SHA-256 of the stored bytes
    storage_key = models.CharField(max_length=160)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    variants = models.JSONField(default=dict, blank=True)  # {"480": storage key, …}
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["community", "digest"], name="media_digest")]


class Column(models.Model):
    """A series of articles under one name, with its own page and, often, its own plan."""

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)  # title and description
    cover = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")


class Article(models.Model):
    """A document that stands by itself or in a column."""

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)
    column = models.ForeignKey(Column, models.SET_NULL, null=True, blank=True, related_name="articles")
    cover = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")
    position = models.PositiveIntegerField(default=0)


class Bookmark(models.Model):
    """A reader keeps a document."""

    user = models.ForeignKey(User, models.CASCADE, related_name="bookmarks")
    document = models.ForeignKey(Document, models.CASCADE, related_name="bookmarks")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "document"], name="bookmark_once")]
