"""The components of a lesson: words, videos, problems. What has no counterpart here is reported."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, tostring

from ..archive import Tree
from ..course import Block, Quiz, Text, Video
from ..errors import BadImport
from ..html import Cleaned, cleaned
from ..report import Report
from .addresses import Addresses
from .outline import Node
from .problems import read_problem
from .transcripts import spoken

NO_COUNTERPART = {
    "discussion": "own_comments",
    "done": "own_completion",
    "drag-and-drop-v2": "dragging",
    "lti": "lti",
    "edx_sga": "assignment",
    "lti_consumer": "lti",
    "openassessment": "assignment",
    "poll": "poll",
    "poll_question": "poll",
    "scorm": "package",
    "scormxblock": "package",
    "staffgradedxblock": "assignment",
    "survey": "poll",
    "word_cloud": "poll",
}
WRAPPERS = {
    "conditional": "condition",
    "randomize": "random_part",
    "split_test": "random_part",
    "vertical": "",
    "wrapper": "",
    "problemset": "",
    "videosequence": "",
    "section": "",
}


@dataclass(frozen=True)
class Remarking:
    """Writes to the report under the name of one component."""

    report: Report
    where: str

    def converted(self, what: str, how: str, **values: str) -> None:
        self.report.converted.add(what, self.where, how, **values)

    def left_out(self, what: str, reason: str, **values: str) -> None:
        self.report.left_out.add(what, self.where, reason, **values)


class Components:
    """Turns nodes into blocks."""

    def __init__(self, tree: Tree, addresses: Addresses, report: Report) -> None:
        self.tree, self.addresses, self.report = tree, addresses, report

    def blocks(self, node: Node, *, lesson: str) -> list[Block]:
        """The blocks of a component, none where it could not be kept."""
        remarks = Remarking(self.report, f"{lesson} › {node.title or node.tag}")
        if "group_access" in node.attributes:
            remarks.converted(node.tag, "content_group")
        if node.tag in NO_COUNTERPART:
            launch = node.attributes.get("launch_url", "")
            remarks.left_out(node.tag, NO_COUNTERPART[node.tag], **({"url": launch[:200]} if launch else {}))
        elif node.element is None:
            remarks.left_out(node.tag, "unreadable", error=node.trouble)
        elif node.tag in WRAPPERS:
            if how := WRAPPERS[node.tag]:
                remarks.converted(node.tag, how)
            return [block for child in node.children for block in self.blocks(child, lesson=lesson)]
        elif node.tag in ("library_content", "itembank"):
            return self._bank(node, remarks, lesson)
        elif node.tag == "html":
            return self._html(node, remarks)
        elif node.tag == "annotatable":
            return self._annotated(node, node.element, remarks)
        elif node.tag == "video":
            return self._video(node, node.element, remarks)
        elif node.tag == "problem":
            return self._problem(node, node.element, remarks)
        else:
            remarks.left_out(node.tag, "unknown_component")
        return []

    def clean(self, html: str, remarks: Remarking) -> Cleaned:
        return cleaned(html, lambda address: self.addresses.resolve(address, remarks))

    def _html(self, node: Node, remarks: Remarking) -> list[Block]:
        try:
            words = self.clean(self._html_source(node), remarks)
        except BadImport as error:
            remarks.left_out("html", "unreadable", error=error.what)
            return []
        if words.is_only_controls:
            remarks.left_out("html", "only_controls")
        elif not words.shows:
            remarks.left_out("html", "only_scripts" if words.dropped else "empty")
        else:
            for element in sorted(
                words.dropped & {"script", "table", "form", "object", "embed", "canvas", "iframe"}
            ):
                remarks.converted("html", "element_dropped", element=element)
            return [Text(node.id, re.sub(r"%%[A-Z_]+%%", "", words.html).strip())]
        return []

    def _html_source(self, node: Node) -> str:
        assert node.element is not None
        if filename := node.attributes.get("filename"):
            return self.tree.text(f"html/{filename}.html")
        return _inner(node.element)

    def _annotated(self, node: Node, element: Element, remarks: Remarking) -> list[Block]:
        remarks.converted("annotatable", "annotations_as_notes")
        try:
            return [Text(node.id, self.clean(_inner(element), remarks).html)]
        except BadImport as error:
            remarks.left_out("annotatable", "unreadable", error=error.what)
            return []

    def _video(self, node: Node, element: Element, remarks: Remarking) -> list[Block]:
        url = self._video_url(node.attributes, element, remarks)
        if url is None:
            remarks.left_out("video", "no_source")
            return []
        if node.attributes.get("end_time", "00:00:00") not in ("", "00:00:00"):
            remarks.converted("video", "end_time_dropped")
        spoken_by_language = tuple(self._transcripts(node.attributes, element, remarks))
        if spoken_by_language:
            remarks.converted("video", "transcript_as_text")
        return [Video(node.id, node.title, url, spoken_by_language, tuple(self._downloads(node, remarks)))]

    def _video_url(self, attributes: dict[str, str], element: Element, remarks: Remarking) -> str | None:
        youtube = attributes.get("youtube_id_1_0") or _youtube_at_normal_speed(attributes.get("youtube", ""))
        if youtube and re.fullmatch(r"[\w-]{6,20}", youtube):
            start = _seconds(attributes.get("start_time", ""))
            return f"https://www.youtube.com/watch?v={youtube}" + (f"&t={start}s" if start else "")
        listed = [source.get("src") or "" for source in element.findall("source")]
        listed += _json_list(attributes.get("html5_sources", ""))
        for source in filter(None, map(str.strip, listed)):
            if found := self.addresses.resolve(source, remarks):
                return found
        return None

    def _transcripts(
        self, attributes: dict[str, str], element: Element, remarks: Remarking
    ) -> Iterator[tuple[str, str]]:
        named = _json_object(attributes.get("transcripts", ""))
        named |= {each.get("language") or "": each.get("src") or "" for each in element.findall("transcript")}
        if sub := attributes.get("sub"):
            named.setdefault("", f"subs_{sub}.srt.sjson")
        for language, name in named.items():
            path = self.addresses.file(name)
            if path is None:
                remarks.left_out("transcript", "file_missing", name=name[:120])
            elif words := spoken(self.tree.text(path), path):
                yield language[:10], words

    def _downloads(self, node: Node, remarks: Remarking) -> Iterator[tuple[str, str]]:
        for attribute in ("handout", "track"):
            address = node.attributes.get(attribute)
            if address and (target := self.addresses.resolve(address, remarks)):
                yield re.sub(r"^.*[/@]", "", address), target

    def _problem(self, node: Node, element: Element, remarks: Remarking) -> list[Block]:
        try:
            found = read_problem(element, lambda address: self.addresses.resolve(address, remarks), remarks)
        except BadImport as error:
            remarks.left_out("problem", "unreadable", error=error.what)
            return []
        blocks: list[Block] = [Text(f"{node.id}/text", found.text_html)] if found.text_html else []
        return blocks + ([Quiz(node.id, node.title, found.questions)] if found.questions else [])

    def _bank(self, node: Node, remarks: Remarking, lesson: str) -> list[Block]:
        """Problems of which the old system drew some by chance: all of them are asked."""
        blocks = [block for child in node.children for block in self.blocks(child, lesson=lesson)]
        if blocks:
            drawn, of = node.attributes.get("max_count", "1"), str(len(blocks))
            remarks.converted("library_content", "draw_dropped", drawn=drawn, of=of)
        else:
            remarks.left_out("library_content", "empty")
        return blocks


def _inner(element: Element) -> str:
    return (element.text or "") + "".join(tostring(e, encoding="unicode", method="html") for e in element)


def _youtube_at_normal_speed(text: str) -> str:
    """`0.75:abc,1.00:def` lists a recording for each speed."""
    speeds = dict(part.split(":", 1) for part in text.split(",") if ":" in part)
    return next((name for speed, name in speeds.items() if speed.strip().startswith("1.0")), "")


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?", text.strip())
    return (
        sum(int(part or 0) * size for part, size in zip(match.groups(), (3600, 60, 1), strict=True))
        if match
        else 0
    )


def _json_list(text: str) -> list[str]:
    value = _json(text)
    return [str(each) for each in value] if isinstance(value, list) else []


def _json_object(text: str) -> dict[str, str]:
    value = _json(text)
    return {str(key): str(each) for key, each in value.items()} if isinstance(value, dict) else {}


def _json(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
