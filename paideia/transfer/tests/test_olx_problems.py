# ruff: noqa: E501 (lines of XML and YAML read better whole)
"""Open edX problems become questions where our questions can hold them, and say why where not."""

import pytest

from paideia.transfer.course import Choice, Number, Question
from paideia.transfer.markup import parsed
from paideia.transfer.olx.numbers import interval, number, tolerance
from paideia.transfer.olx.problems import read_problem


class Heard:
    def __init__(self):
        self.said: list[tuple] = []

    def converted(self, what, how, **values):
        self.said.append((what, how, values))

    left_out = converted


def problem(inner: str, **attributes):
    heard = Heard()
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    element = parsed(f"<problem{written}>{inner}</problem>".encode(), where="p")
    found = read_problem(element, lambda address: address, heard)
    return found, [(how, values) for _what, how, values in heard.said]


def one(inner: str, **attributes) -> Question:
    found, heard = problem(inner, **attributes)
    assert heard == []
    (question,) = found.questions
    return question


CHOICES = (
    "<choice correct='{}'>a<choicehint>no!</choicehint></choice><choice correct='true'>b &lt; c</choice>"
)


def test_one_right_choice_keeps_its_prompt_feedback_and_explanation():
    question = one(f"""<p>Look.</p><multiplechoiceresponse><label>Which?</label><description>Just one.</description>
        <choicegroup>{CHOICES.format("false")}</choicegroup>
        <solution><div class="detailed-solution"><p>Explanation</p><p>Because.</p></div></solution>
        </multiplechoiceresponse>""")
    assert question == Question(
        "one",
        "<p>Look.</p><p>Which?</p><p>Just one.</p>",
        choices=(Choice("a", False, "no!"), Choice("b &lt; c", True)),
        explanation_html="<div><p>Because.</p></div>",
    )


def test_several_right_choices():
    question = one(
        f"<choiceresponse><checkboxgroup>{CHOICES.format('true')}</checkboxgroup></choiceresponse>"
    )
    assert (question.kind, [choice.correct for choice in question.choices]) == ("many", [True, True])


@pytest.mark.parametrize(
    "field",
    [
        "<optioninput options=\"('x','it\\'s')\" correct=\"it's\"/>",
        "<optioninput><option correct='False'>x</option><option correct='True'>it's<optionhint>h</optionhint></option></optioninput>",
    ],
)
def test_a_dropdown_is_one_right_choice(field):
    question = one(f"<optionresponse>{field}</optionresponse>")
    assert (question.kind, question.choices) == ("one", (Choice("x", False), Choice("it's", True)))


def test_dropdowns_in_a_table_are_asked_with_their_row_and_column():
    field = "<optionresponse><optioninput options=\"('x','y')\" correct='{}'/></optionresponse>"
    found, _heard = problem(f"""<p>Match.</p><table><tr><th>Law</th><th>Who</th><th>Where</th></tr>
        <tr><td>Gravity</td><td>{field.format("x")}</td><td>{field.format("y")}</td></tr></table>""")
    assert [question.prompt_html for question in found.questions] == [
        "<p>Match.</p><p>Gravity: Who</p>",
        "<p>Gravity: Where</p>",
    ]


@pytest.mark.parametrize(
    ("attributes", "margin", "numbers"),
    [
        ("answer='600'", "5", (Number(600, 5),)),
        ("answer='-1/3'", "", (Number(-1 / 3),)),
        ("answer='2*10^3'", "1%", (Number(2000, 20),)),
        ("answer='[5, 7)'", "", (Number(6, 1),)),
    ],
)
def test_numbers_keep_their_tolerance(attributes, margin, numbers):
    parameter = f"<responseparam type='tolerance' default='{margin}'/>" if margin else ""
    assert one(f"<numericalresponse {attributes}>{parameter}</numericalresponse>").numbers == numbers


def test_short_texts_keep_all_their_answers():
    found, heard = problem(
        "<stringresponse answer='Doc'><additional_answer answer='Happy'/></stringresponse>"
    )
    assert found.questions[0].texts == ("Doc", "Happy")
    assert heard == [("case_ignored", {})]


def test_hints_are_kept():
    found, heard = problem(
        "<p>?</p><numericalresponse answer='1'/><demandhint><hint>Think.</hint></demandhint>"
    )
    assert (found.questions[0].hints_html, heard) == (("Think.",), [("hints_moved", {})])


def test_an_annotation_is_asked_as_a_choice():
    found, heard = problem("""<annotationresponse><annotationinput><comment>C</comment><text>T</text>
        <tag_prompt>Where?</tag_prompt><options><option choice="incorrect">x</option>
        <option choice="correct">y</option></options></annotationinput></annotationresponse>""")
    assert found.questions[0].prompt_html == "<p>T</p><p>Where?</p>"
    assert heard == [("open_comment_dropped", {})]


def test_a_question_that_takes_any_answer_is_kept_as_a_thought():
    found, heard = problem(
        "<stringresponse answer='.*.' type='ci regexp'><label>What do you think?</label></stringresponse>"
    )
    assert (found.questions, found.text_html) == ((), "<p>What do you think?</p>")
    assert heard == [("reflection", {})]


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<customresponse cfn='f'><textline/></customresponse>", "graded_by_code"),
        ("<schematicresponse/>", "graded_by_code"),
        ("<formularesponse answer='x^2'/>", "graded_by_formula"),
        ("<imageresponse/>", "image_map"),
        ("<quantumresponse/>", "unknown_response"),
        ("<stringresponse answer='..bble' type='ci regexp'/>", "pattern"),
        ("<stringresponse answer=' '/>", "no_answer"),
        ("<numericalresponse answer='$x'/>", "no_number"),
        ("<numericalresponse answer='9**9**9**9'/>", "no_number"),
        ("<script>x = 1</script><p>What is $x?</p><numericalresponse answer='1'/>", "script_variables"),
        ("<multiplechoiceresponse><choice correct='true'>a</choice></multiplechoiceresponse>", "no_choices"),
        (
            "<multiplechoiceresponse><choice>a</choice><choice>b</choice></multiplechoiceresponse>",
            "no_right_choice",
        ),
        (
            f"<multiplechoiceresponse>{CHOICES.format('true')}</multiplechoiceresponse>",
            "several_alternatives",
        ),
        ("<optionresponse><optioninput options='(a,b)' correct='c'/></optionresponse>", "no_right_choice"),
    ],
)
def test_what_cannot_be_graded_the_same_way_is_left_out_with_its_reason(inner, reason):
    found, heard = problem(f"<p>Words.</p>{inner}")
    assert (found.questions, found.text_html, [how for how, _values in heard]) == ((), "", [reason])


def test_what_else_stands_in_the_problem_is_still_asked():
    found, heard = problem("<p>A</p><imageresponse/><p>B</p><numericalresponse answer='1'/><p>C</p>")
    assert [question.prompt_html for question in found.questions] == ["<p>B</p>"]
    assert [how for how, _values in heard] == ["image_map"]


def test_scripts_and_styles_never_get_into_a_question():
    question = one("""<p onclick="x()">A<script type="text/javascript">x()</script><style>p{}</style></p>
        <multiplechoiceresponse><choice correct="true"><img src="x.png" onerror="x()"/></choice>
        <choice correct="false"><a href="javascript:x()">b</a></choice></multiplechoiceresponse>""")
    assert question.prompt_html == "<p>A</p>"
    assert [choice.html for choice in question.choices] == ['<img src="x.png">', "<a>b</a>"]


def test_the_editors_short_notation_is_read_where_there_is_nothing_else():
    found, _heard = problem(
        "",
        markdown="&gt;&gt;Q1||One.&lt;&lt;&#10;( ) a {{no}}&#10;(x) b&#10;||hint||&#10;---&#10;"
        "&gt;&gt;Q2&lt;&lt;&#10;[ ] a&#10;[x] b {{selected: yes}, {unselected: oh}}&#10;---&#10;"
        "&gt;&gt;Q3&lt;&lt;&#10;[[&#10;a&#10;(b)&#10;]]&#10;---&#10;Q4&#10;= 5 +- 10%&#10;or= 7&#10;---&#10;Q5&#10;= Doc&#10;or= Happy&#10;"
        "[explanation]&#10;Because.&#10;[explanation]",
    )
    assert [(q.kind, q.prompt_html) for q in found.questions] == [
        ("one", "<p>Q1</p><p>One.</p>"),
        ("many", "<p>Q2</p>"),
        ("one", "<p>Q3</p>"),
        ("number", "<p>Q4</p>"),
        ("text", "<p>Q5</p>"),
    ]
    first, second, third, fourth, fifth = found.questions
    assert (first.choices, first.hints_html) == ((Choice("a", False, "no"), Choice("b", True)), ("hint",))
    assert second.choices[1] == Choice("b", True, "yes")
    assert third.choices == (Choice("a", False), Choice("b", True))
    assert fourth.numbers == (Number(5, 0.5), Number(7, 0.7000000000000001))
    assert (fifth.texts, fifth.explanation_html) == (("Doc", "Happy"), "<p>Because.</p>")


@pytest.mark.parametrize(
    "text",
    ["", "x", "1+", "__import__('os')", "1j", "1e999", "9**9**9", "(" * 300, "True", "'1'", "(-8)^0.5"],
)
def test_what_is_no_constant_is_no_number(text):
    with pytest.raises(ValueError):
        number(text)


def test_numbers_as_authors_write_them():
    assert [number(t) for t in ("1/4", "2^3", "-sqrt(4)", "1.5e3", "3*pi/pi")] == [0.25, 8, -2, 1500, 3]
    assert (interval("(1,3]"), interval("12"), tolerance("2%", of=-50)) == ((1, 3), None, 1)
