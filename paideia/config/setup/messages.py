"""Translations: `python -m paideia.config.setup.messages extract|check|compile`.

extract   bring each catalogue up to date with the strings in the code; what is gone is removed
check     fail, naming them, on strings that are missing, unclear or lose a placeholder in translation
compile   make the .mo files that Django reads
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from os import PathLike
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from paideia.config.trouble import Trouble

PACKAGE = Path(__file__).resolve().parents[2]
LOCALE = PACKAGE / "locale"
LANGUAGES = ("zh_Hans",)
METHODS = [
    ("**/tests/**", "ignore"),
    ("**/static/**", "ignore"),
    ("**.py", "python"),
    ("**/templates/**", "jinja2"),
]
JINJA = {  # as in paideia.lib.jinja, else the strings would not be the ones looked up
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "trimmed": "true",
    "silent": "false",
}
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "gettext_noop": None,
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|(?<!\{)\{(\w+)\}(?!\})")


def main(arguments: list[str]) -> int:
    actions = {"extract": extract, "check": check, "compile": compile_all}
    if len(arguments) != 1 or arguments[0] not in actions:
        print(__doc__)
        return 2
    return actions[arguments[0]]()


def extract() -> int:
    template = in_code()
    for path in catalogues():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        write(path, catalogue)
        print(f"{path.relative_to(PACKAGE)}: {sum(1 for _ in untranslated(catalogue))} to translate")
    return 0


def check() -> int:
    template, found = in_code(), 0
    for path in catalogues():
        for problem in problems(template, read(path)):
            print(f"{path.relative_to(PACKAGE)}: {problem}")
            found += 1
    if found:
        print(f"{found} translations need a hand: python -m {__spec__.name} extract, then fill in.")
    return 1 if found else 0


def compile_all() -> int:
    for path in filter(Path.exists, catalogues()):
        half = path.with_suffix(".mo.new")
        with half.open("wb") as file:
            write_mo(file, read(path))
        half.replace(path.with_suffix(".mo"))
    return 0


def catalogues() -> list[Path]:
    return [LOCALE / language / "LC_MESSAGES" / "django.po" for language in LANGUAGES]


def in_code() -> Catalog:
    """Every string that the code and the templates ask to be translated, in the order of files."""
    catalogue = Catalog(project="Paideia", charset="utf-8")
    found = extract_from_dir(
        PACKAGE,
        method_map=METHODS,
        options_map={"**/templates/**": JINJA},
        keywords=KEYWORDS,
        comment_tags=("Translators:",),
        directory_filter=is_searched,
    )
    for file, _line, message, comments, context in found:
        # Files without line numbers: a catalogue changes when words do, not when lines move.
        catalogue.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return catalogue


def is_searched(folder: str | PathLike[str]) -> bool:
    """Not caches. Babel alone would pass over our shared parts of pages too: `_parts`, `_shell`."""
    return not Path(folder).name.startswith((".", "__"))


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(
            locale=path.parts[-3],
            domain=path.stem,
            project="Paideia",
            version="1",
            header_comment=f"# {path.parts[-3]} words of Paideia.",
            last_translator="the authors of Paideia",
            language_team=path.parts[-3],
            msgid_bugs_address="",
            fuzzy=False,
        )
    with path.open("rb") as file:
        try:
            return read_po(file, locale=path.parts[-3], domain=path.stem, abort_invalid=True)
        except Exception as error:
            raise Trouble(f"{path} cannot be read: {error}") from error


def write(path: Path, catalogue: Catalog) -> None:
    text = BytesIO()
    write_po(text, catalogue, width=100, omit_header=False, include_lineno=False, sort_output=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue())


def problems(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    """What keeps a catalogue from being complete and safe to show, one line each."""
    for wanted in template:
        if wanted.id:
            message = catalogue.get(wanted.id, wanted.context)
            if message is None or not is_filled(message):
                yield f"not translated: {first(wanted.id)!r}"
            elif message.fuzzy:
                yield f"marked as unclear: {first(wanted.id)!r}"
            elif lost := misplaced(message):
                yield f"placeholders differ ({', '.join(sorted(lost))}): {first(wanted.id)!r}"


def untranslated(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id and not is_filled(message))


def is_filled(message: Message) -> bool:
    parts = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(parts) and bool(parts)


def misplaced(message: Message) -> set[str]:
    """Placeholders of the translation that the code does not fill, or the other way round.

    A plural form may leave out a number that its words say ("one comment"): there only invented ones count.
    """
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    known = set().union(*(names(text) for text in ids))
    invented = set().union(*(names(text) for text in strings)) - known
    return invented | (known - names(strings[0]) if len(ids) == 1 else set())


def names(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def first(ids: str | tuple[str, ...] | list[str]) -> str:
    return ids if isinstance(ids, str) else ids[0]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"paideia: {trouble}")
