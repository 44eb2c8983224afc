"""A report stays small, reads in both languages, and comes back from its JSON unchanged."""

import json

from django.utils.translation import override

from paideia.transfer.report import PLACES_MAX, Report
from paideia.transfer.wording import KINDS, REASONS, kind, reason


def made() -> Report:
    report = Report()
    report.imported["lesson"] += 3
    report.unchanged["course"] += 1
    for number in range(PLACES_MAX + 50):
        report.left_out.add("vote", f"row {number}", "post_absent")
    report.left_out.add("lti", "Unit 1", "lti", url="https://tool.example")
    report.converted.add("problem", "Unit 2", "hints_moved")
    return report


def test_equal_entries_are_counted_and_only_the_first_places_kept():
    votes, tool = made().left_out
    assert (votes.count, len(votes.places), votes.places[0]) == (PLACES_MAX + 50, PLACES_MAX, "row 0")
    assert (tool.count, tool.places, tool.values) == (1, ["Unit 1"], {"url": "https://tool.example"})


def test_json_gives_the_same_report_again():
    stored = json.loads(json.dumps(made().as_json()))
    assert Report.from_json(stored).as_json() == stored == made().as_json()


def test_the_text_says_what_came_over_what_changed_and_what_did_not():
    assert (
        made().text()
        == """\
Imported:
  lesson: 3
Already here and unchanged:
  course: 1
Converted:
  problem (1): hints stand in the explanation
    Unit 2
Left out:
  vote (150): belongs to a post that is not in the dump, or was left out
    row 0; row 1; row 2; row 3; row 4; row 5; row 6; row 7; row 8; row 9; and 140 more
  outside tool (LTI) (1): outside tools are not connected; the old address was https://tool.example
    Unit 1"""
    )


def test_every_code_has_a_sentence_in_every_language():
    names = [name for name, _text in KINDS.items()]
    for language in ("en", "zh-hans"):
        with override(language):
            assert all(kind(name) for name in names)
            for code, sentence in REASONS.items():
                assert reason(code, _percent_values(str(sentence)))


def test_what_another_system_calls_a_thing_is_shown_as_it_is():
    assert kind("quantum-xblock") == "quantum-xblock"


def _percent_values(sentence: str) -> dict[str, str]:
    return {part.split(")")[0]: "1" for part in sentence.split("%(")[1:]}
