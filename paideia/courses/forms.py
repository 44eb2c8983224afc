"""The forms in which courses are made."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.content.forms import WorkForm
from paideia.courses.actions import LessonAccess
from paideia.courses.actions.courses import outcomes_from
from paideia.courses.actions.gates import DELAY_DAYS_MAX
from paideia.courses.actions.lessons import MINUTES_MAX
from paideia.courses.models import Course, Lesson, Question
from paideia.lib.refusal import Invalid

BLANK_CHOICES = 2


class CourseForm(WorkForm):
    """A course. `gate` says who may take its lessons; the page that describes it can be read by whoever may
    enter its space."""

    outcomes = forms.CharField(
        label=_("What people can do afterwards"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One line each."),
    )
    space_kinds = ("courses", "articles", "discussion")

    def clean_outcomes(self) -> list[str]:
        try:
            return outcomes_from(self.cleaned_data["outcomes"].splitlines())
        except Invalid as error:
            raise forms.ValidationError(error.message) from error


class SectionForm(forms.Form):
    title = forms.CharField(
        label=_("Title"), max_length=200, widget=forms.TextInput(attrs={"class": "input"})
    )


class LessonForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=Lesson.Kind.choices, initial=Lesson.Kind.TEXT)
    section = forms.TypedChoiceField(label=_("Section"), coerce=int)
    source = forms.CharField(label=_("Text"), required=False, strip=False, widget=forms.Textarea)
    video_url = forms.URLField(
        label=_("Video address"),
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text=_("YouTube, Vimeo and Bilibili play in the page; other addresses become a link."),
    )
    file = forms.FileField(label=_("Recording or file"), required=False)
    file_removed = forms.BooleanField(label=_("Take the file away"), required=False)
    minutes = forms.IntegerField(
        label=_("Minutes"), min_value=0, max_value=MINUTES_MAX, initial=0, required=False
    )
    pass_percent = forms.IntegerField(
        label=_("Right answers needed to complete a quiz"),
        min_value=0,
        max_value=100,
        initial=60,
        required=False,
    )
    opens = forms.ChoiceField(
        label=_("Who may take it"),
        choices=[("course", _("Who has the course")), ("preview", _("Everybody, as a preview"))],
        initial="course",
    )
    opens_at = forms.DateTimeField(
        label=_("Not before"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    delay_days = forms.IntegerField(
        label=_("Days after joining or buying"),
        min_value=0,
        max_value=DELAY_DAYS_MAX,
        initial=0,
        required=False,
    )
    after = forms.TypedChoiceField(label=_("After completing"), required=False, coerce=int, empty_value=None)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, course: Course, lesson: Lesson | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course, self.lesson = course, lesson
        sections = list(course.sections.all())
        lessons = Lesson.objects.filter(section__course=course, document__removed_at=None).select_related(
            "document"
        )
        before = [each for each in lessons if lesson is None or each.pk != lesson.pk]
        self.fields["section"].choices = [(each.pk, each.title) for each in sections]  # type: ignore[attr-defined]
        self.fields["after"].choices = [  # type: ignore[attr-defined]
            ("", _("No other lesson")),
            *((each.pk, each.document.title) for each in before),
        ]
        self.lessons = {each.pk: each for each in before}
        for bound in self.fields.values():
            if not isinstance(bound.widget, (forms.CheckboxInput, forms.HiddenInput)):
                bound.widget.attrs.setdefault("class", "input")

    def access(self) -> LessonAccess:
        given = self.cleaned_data
        if given["opens"] == "preview":
            return LessonAccess(is_preview=True)
        return LessonAccess(
            opens_at=given["opens_at"],
            delay_days=given["delay_days"] or 0,
            after=self.lessons.get(given["after"]),
        )


def initial_of_lesson(lesson: Lesson) -> dict[str, Any]:
    gate = lesson.own_gate
    after = gate.after_milestone.partition(":")[2] if gate else ""
    return {
        "title": lesson.document.title,
        "kind": lesson.kind,
        "section": lesson.section_id,
        "source": lesson.document.source,
        "video_url": lesson.video_url,
        "minutes": lesson.minutes,
        "pass_percent": lesson.pass_percent,
        "opens": "preview" if lesson.is_preview else "course",
        "opens_at": gate.opens_at if gate else None,
        "delay_days": gate.delay_days if gate else 0,
        "after": int(after) if after.isdecimal() else None,
        "revision": lesson.document.revision,
    }


class QuestionForm(forms.Form):
    """A question with its choices in rows (`right-0`, `text-0`, `feedback-0`, …) or its accepted answers."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Question.Kind.choices, initial=Question.Kind.ONE)
    prompt = forms.CharField(label=_("Question"), strip=False, widget=forms.Textarea(attrs={"rows": 3}))
    answers = forms.CharField(
        label=_("Accepted answers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One line each, for texts and numbers. A number may say how far off is still right: 3.5 ± 0.1"
        ),
    )
    explanation = forms.CharField(
        label=_("Explanation"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown after answering."),
    )

    def __init__(self, *args: Any, question: Question | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        self.rows = self._sent_rows() if self.is_bound else self._rows_of(question)
        for bound in self.fields.values():
            bound.widget.attrs.setdefault("class", "input")

    def _rows_of(self, question: Question | None) -> list[dict[str, Any]]:
        rows = [
            {
                "text": each.get("source", each["text"]),
                "correct": each["correct"],
                "feedback": each.get("note", ""),
            }
            for each in (question.choices if question else [])
        ]
        blanks = max(BLANK_CHOICES, 4 - len(rows))
        return rows + [{"text": "", "correct": False, "feedback": ""} for _row in range(blanks)]

    def _sent_rows(self) -> list[dict[str, Any]]:
        count = self.data.get("rows", "0")
        return [
            {
                "text": self.data.get(f"text-{row}", ""),
                "correct": f"right-{row}" in self.data,
                "feedback": self.data.get(f"feedback-{row}", ""),
            }
            for row in range(min(int(count) if count.isdecimal() else 0, 50))
        ]

    def saved_fields(self) -> dict[str, Any]:
        given = self.cleaned_data
        lines = [line.strip() for line in given["answers"].splitlines() if line.strip()]
        answers: list[Any] = lines
        if given["kind"] == Question.Kind.NUMBER:
            answers = [
                {"value": value.strip(), "tolerance": tolerance.strip() or 0}
                for value, _mark, tolerance in (line.replace("+-", "±").partition("±") for line in lines)
            ]
        return {
            "kind": given["kind"],
            "prompt": given["prompt"],
            "explanation": given["explanation"],
            "choices": self.rows,
            "answers": answers,
        }


def initial_of_question(question: Question) -> dict[str, Any]:
    lines = [
        f"{each['value']:g}" + (f" ± {each['tolerance']:g}" if each.get("tolerance") else "")
        if isinstance(each, dict)
        else str(each)
        for each in question.answers
    ]
    return {
        "kind": question.kind,
        "prompt": question.prompt,
        "explanation": question.explanation,
        "answers": "\n".join(lines),
    }
