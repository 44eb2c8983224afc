"""Courses as pages show them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from paideia.content.models import Media
from paideia.content.presentation import Card, media_path
from paideia.courses.models import Lesson, Question
from paideia.lib.markdown.embeds import player_for

ICONS = {
    Lesson.Kind.TEXT: "article",
    Lesson.Kind.VIDEO: "video",
    Lesson.Kind.AUDIO: "headphones",
    Lesson.Kind.FILE: "file",
    Lesson.Kind.QUIZ: "question",
}
VIDEO_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".m3u8": "application/vnd.apple.mpegurl",
}


@dataclass(frozen=True, slots=True)
class CourseCard:
    """A course in a list, with how far this viewer has come."""

    card: Card
    lessons: int
    percent: int | None


def course_card(card: Card) -> CourseCard:
    document = card.document
    lessons = document.course.lessons_count
    done = getattr(document, "lessons_done", None) or 0
    percent = min(100, 100 * done // lessons) if getattr(document, "is_enrolled", False) and lessons else None
    return CourseCard(card, lessons, percent)


@dataclass(frozen=True, slots=True)
class Recording:
    """What a lesson plays: an address of ours or elsewhere, or the player of a known video site."""

    kind: str  # "embed" | "video" | "audio" | "link"
    src: str
    media_type: str = ""


def recording_of(lesson: Lesson) -> Recording | None:
    """The recording of a lesson: its own file, else its video address. An address that is neither a known
    player nor a file of video is a link, because no other site may draw in our pages."""
    media = lesson.media
    if media is not None and media.kind in (Media.Kind.VIDEO, Media.Kind.AUDIO):
        return Recording(media.kind, media_path(media), media.media_type)
    if not lesson.video_url:
        return None
    if player := player_for(lesson.video_url):
        return Recording("embed", player)
    parts = urlsplit(lesson.video_url)
    suffix = "." + parts.path.rpartition(".")[2].lower()
    if parts.scheme == "https" and suffix in VIDEO_TYPES:
        return Recording("video", lesson.video_url, VIDEO_TYPES[suffix])
    return Recording("link", lesson.video_url)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is shown: before answering without a hint of what is right, afterwards marked."""

    question: Question
    given: tuple[str, ...] = ()
    is_right: bool | None = None  # None: not answered yet

    @property
    def choices(self) -> list[dict[str, object]]:
        shown = []
        for place, choice in enumerate(self.question.choices):
            each = {"value": str(place), "text": choice["text"], "chosen": str(place) in self.given}
            if self.is_right is not None:
                each |= {"correct": choice["correct"], "feedback": choice.get("feedback", "")}
            shown.append(each)
        return shown

    @property
    def expected(self) -> str:
        """For texts and numbers, after answering: the first accepted answer."""
        if self.is_right is None or not self.question.answers:
            return ""
        first = self.question.answers[0]
        return f"{first['value']:g}" if isinstance(first, dict) else str(first)


def asked(questions: list[Question], answers: dict[str, dict[str, object]] | None) -> list[Asked]:
    """The questions of a quiz; with the answers of an attempt, marked as they were marked then."""
    if answers is None:
        return [Asked(question) for question in questions]
    shown = []
    for question in questions:
        answer = answers.get(str(question.pk))
        given = tuple(answer["given"]) if answer else ()  # type: ignore[arg-type]
        shown.append(Asked(question, given, bool(answer and answer["correct"])))
    return shown
