"""Courses: sections of lessons, simple quizzes, and who got how far."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from paideia.access.models import Gate, Plan
from paideia.accounts.models import User
from paideia.content.models import Document, Media


class Course(models.Model):
    """A course. Its document describes it and is open to be read; its lessons carry the gates."""

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)
    gate = models.ForeignKey(  # of its lessons
        Gate, models.PROTECT, null=True, blank=True, related_name="courses"
    )
    plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="courses"
    )  # sold by itself
    cover = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")
    outcomes = ArrayField(
        models.CharField(max_length=200), default=list, blank=True
    )  # what one can do afterwards
    lessons_count = models.PositiveIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return str(self.document)


class Section(models.Model):
    course = models.ForeignKey(Course, models.CASCADE, related_name="sections")
    title = models.CharField(_("title"), max_length=200)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One step of a course. Its document's gate follows from the course's, its own and `is_preview`."""

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("of a lesson", "Text")
        VIDEO = "video", _("Video")
        AUDIO = "audio", _("Audio")
        FILE = "file", _("File")
        QUIZ = "quiz", _("Quiz")

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True)
    section = models.ForeignKey(Section, models.CASCADE, related_name="lessons")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.TEXT)
    position = models.PositiveIntegerField(default=0)
    media = models.ForeignKey(Media, models.SET_NULL, null=True, blank=True, related_name="+")
    video_url = models.URLField(_("video address"), max_length=500, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=0)
    is_preview = models.BooleanField(default=False)  # open to be read though the course is not
    own_gate = models.ForeignKey(
        Gate, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # waits for a time
    pass_percent = models.PositiveSmallIntegerField(_("right answers needed, in percent"), default=60)

    class Meta:
        ordering = ["section__position", "section_id", "position", "document_id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pass_percent__lte=100), name="lesson_pass_percent_of_100"
            )
        ]

    def __str__(self) -> str:
        return str(self.document)


class Question(models.Model):
    """One question of a lesson's quiz.

    `choices` is [{"text": html, "correct": bool, "feedback": html, "source": Markdown, "note": Markdown}];
    `answers` holds accepted texts, or numbers as {"value": 3.5, "tolerance": 0.1}.
    """

    class Kind(models.TextChoices):
        ONE = "one", _("One right choice")
        MANY = "many", _("Several right choices")
        TEXT = "text", _("Short text")
        NUMBER = "number", _("Number")

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="questions")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.ONE)
    position = models.PositiveIntegerField(default=0)
    prompt = models.TextField(_("question"))  # Markdown
    prompt_html = models.TextField(editable=False)
    choices = models.JSONField(default=list, blank=True)
    answers = models.JSONField(default=list, blank=True)
    explanation = models.TextField(_("explanation"), blank=True)  # Markdown
    explanation_html = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["position", "id"]


class Attempt(models.Model):
    """One person's answers to a lesson's quiz, and how many were right: as judged then, whatever the
    questions say later."""

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="attempts")
    user = models.ForeignKey(User, models.CASCADE, related_name="attempts")
    answers = models.JSONField()  # {question id: {"given": […], "correct": bool}}
    correct = models.PositiveSmallIntegerField()
    total = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(correct__lte=models.F("total")), name="attempt_correct_of_total"
            )
        ]
        indexes = [models.Index(fields=["user", "lesson", "-at"], name="attempt_newest")]


class Enrolment(models.Model):
    course = models.ForeignKey(Course, models.CASCADE, related_name="enrolments")
    user = models.ForeignKey(User, models.CASCADE, related_name="enrolments")
    last_lesson = models.ForeignKey(Lesson, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "user"], name="enrolment_once")]


class Completion(models.Model):
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="completions")
    user = models.ForeignKey(User, models.CASCADE, related_name="completions")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lesson", "user"], name="completion_once")]
