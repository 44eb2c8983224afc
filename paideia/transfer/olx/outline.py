"""The tree of an OLX course: chapters, sequentials, verticals and the components in them, still unread.

An element is either written out where it stands or is a pointer, `<vertical url_name="x"/>`, to
`vertical/x.xml`. Older exports keep some attributes in `policies/<run>/policy.json`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from ..archive import Tree
from ..errors import MissingFile, UnknownLayout, UnreadableFile
from ..markup import parsed

CONTAINERS = {
    "course",
    "library",
    "chapter",
    "sequential",
    "vertical",
    "wrapper",
    "randomize",
    "split_test",
    "conditional",
    "library_content",
    "itembank",
    "problemset",
    "videosequence",
    "section",
}
STRUCTURE = {"course", "library", "chapter", "sequential", "vertical"}
NODES_MAX = 100_000
DEPTH_MAX = 20


@dataclass
class Node:
    """One element. `element` is its definition; None where a component's own file is missing or damaged."""

    tag: str
    id: str
    attributes: dict[str, str]
    element: Element | None
    trouble: str = ""
    children: list["Node"] = field(default_factory=list)

    @property
    def title(self) -> str:
        return " ".join(self.attributes.get("display_name", "").split())

    @property
    def is_staff_only(self) -> bool:
        return self.attributes.get("visible_to_staff_only", "").lower() == "true"

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def roots(tree: Tree) -> list[tuple[Tree, str]]:
    """Each course and library of an export: its part of the tree, and `course` or `library`.

    A run may itself be called "course", so a root inside a root is none.
    """
    found: list[str] = []
    for path in sorted(tree, key=lambda path: (path.count("/"), path)):
        name = PurePosixPath(path).name
        folder = path.removesuffix(name).rstrip("/")
        inside = any(
            folder == f or folder.startswith(f"{f}/") or f == ""
            for f in (p.rpartition("/")[0] for p in found)
        )
        if name in ("course.xml", "library.xml") and not inside:
            found.append(path)
    if not found:
        raise UnknownLayout(_("This is not an OLX export: it has neither course.xml nor library.xml."))
    return [(tree.below(path.rpartition("/")[0]), PurePosixPath(path).stem) for path in found]


class Outline:
    """Reads the node tree of one course or library. Structure that is missing or damaged is refused; a
    component that is becomes a node with `trouble`."""

    def __init__(self, tree: Tree, kind: str) -> None:
        self.tree, self.count = tree, 0
        self.policies: dict[str, Any] = {}
        root = parsed(tree.read(f"{kind}.xml"), where=f"{kind}.xml")
        if root.tag != kind:
            raise UnknownLayout(
                _("The file begins with <%(tag)s>.") % {"tag": root.tag[:60]}, where=f"{kind}.xml"
            )
        self.org, self.name, self.run = (root.get(key) or "" for key in ("org", kind, "url_name"))
        self.policies = self.json(f"policies/{self.run}/policy.json") or self.json("policy.json")
        self.root = self._node(root, place=self.run or kind, depth=0)

    @property
    def external_id(self) -> str:
        return "/".join(filter(None, (self.org, self.name, self.run)))[:180] or "course"

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object of the export; empty where there is none."""
        if name not in self.tree:
            return {}
        try:
            value = json.loads(self.tree.text(name))
        except (ValueError, RecursionError) as error:
            raise UnreadableFile(
                _("The JSON is damaged (%(error)s).") % {"error": error}, where=name
            ) from error
        return value if isinstance(value, dict) else {}

    def _node(self, element: Element, *, place: str, depth: int) -> Node:
        self.count += 1
        if self.count > NODES_MAX or depth > DEPTH_MAX:
            raise UnreadableFile(
                _("The course's outline does not end: something in it contains itself."), where=place
            )
        tag, name = element.tag, element.get("url_name") or ""
        node = Node(tag, name or place, dict(element.attrib), element)
        self._follow(node, element, name)
        policy = self.policies.get(f"{tag}/{name}")
        if isinstance(policy, dict):
            node.attributes |= {
                key: str(value) for key, value in policy.items() if isinstance(value, (str, int, float))
            }
        if node.element is not None and tag in CONTAINERS:
            for number, child in enumerate(node.element):
                if isinstance(child.tag, str):
                    node.children.append(self._node(child, place=f"{node.id}/{number}", depth=depth + 1))
        return node

    def _follow(self, node: Node, element: Element, name: str) -> None:
        """Take the definition from the file that a pointer names."""
        if not name or len(element) or (element.text or "").strip():
            return
        path = f"{node.tag}/{name.replace(':', '/')}.xml"
        if path not in self.tree:
            if set(element.keys()) <= {"url_name", "org", "course", "library"}:
                self._miss(node, path)
            return
        try:
            node.element = parsed(self.tree.read(path), where=path)
        except UnreadableFile as error:
            if node.tag in STRUCTURE:
                raise
            node.element, node.trouble = None, error.what
            return
        node.attributes = {**node.attributes, **node.element.attrib}

    @staticmethod
    def _miss(node: Node, path: str) -> None:
        if node.tag in STRUCTURE:
            raise MissingFile(_("The course names this file, but it is missing."), where=path)
        node.element, node.trouble = None, _("The file %(path)s is missing.") % {"path": path}


_BLOCK_ID = re.compile(r"(?:@|/)([\w.-]+)/?$")


def block_id(address: str) -> str:
    """The last id of `block-v1:…+type@vertical+block@abc` or `i4x://org/course/vertical/abc`."""
    match = _BLOCK_ID.search(address)
    return match[1] if match else address
