from __future__ import annotations

import pytest

from services.notify.people.template_grammar import Unreadable, parse, unknown_names, unknown_words
from services.notify.people.templates import FOLDER


def fault_of(text):
    with pytest.raises(Unreadable) as refused:
        parse(text)
    return refused.value.fault


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.txt")), ids=lambda path: path.name)
def test_every_wording_of_the_files_is_simple_enough(path):
    assert parse(path.read_text("utf-8")).names


def test_names_are_told_with_their_line_and_whether_they_are_shown():
    parsed = parse(
        '{{ a }}\n{% if b %}{{ "x" if c == "d" else "y" }}{% elif not e or f %}{% endif %}'
    )
    assert [(n.name, n.line, n.printed) for n in parsed.names] == [
        ("a", 1, True), ("b", 2, False), ("c", 2, False), ("e", 2, False), ("f", 2, False),
    ]  # fmt: skip
    assert parsed.used == {"a", "b", "c", "e", "f"}
    assert [(c.name, c.word) for c in parsed.compared] == [("c", "d")]


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in y %}{{ x }}{% endfor %}",
        "{% set a = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{% import 'x' as y %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}a{% endfilter %}",
        "{{ a.b }}",
        "{{ a['b'] }}",
        "{{ a.__class__.__mro__ }}",
        "{{ a() }}",
        "{{ a|upper }}",
        "{{ a is defined }}",
        "{{ a + b }}",
        "{{ a ~ b }}",
        "{{ 'x' * 99999999 }}",
        "{{ 1 }}",
        "{{ true }}",
        "{{ none }}",
        "{{ [a] }}",
        "{{ a == b }}",
        "{{ a and b }}",
        "{{ a if b }}",
        "{% if 1 %}{% endif %}",
        "{% if a < b %}{% endif %}",
        "{% if a == b %}{% endif %}",
        "{% if a == 'x' == 'y' %}{% endif %}",
        "{{ " + "(" * 2000 + "a" + ")" * 2000 + " }}",
        "{% if a %}" * 9 + "{% endif %}" * 9,
        "{% if a %}" * 400 + "{% endif %}" * 400,
        "{% if " + "not " * 9 + "a %}{% endif %}",
        "{{ 'x' if a else " * 9 + "'y'" + " }}",
    ],
)
def test_what_a_sentence_does_not_need_is_refused(text):
    assert fault_of(text).code in {"template_construct", "template_syntax"}


@pytest.mark.parametrize(
    "text",
    ["{{ a", "{% if a %}", "{% endif %}", "{{ }}", "{{ 'a }}", "{% if %}{% endif %}", "{# a"],
)
def test_what_cannot_be_read_is_told_with_its_line(text):
    fault = fault_of(f"one\n\n{text}")
    assert fault.code == "template_syntax"
    assert "3" in fault.message.zh


@pytest.mark.parametrize(
    "text", ["{serial_number}", "${a}", "a } b", "{% raw %}{{ a }}{% endraw %}"]
)
def test_a_single_brace_is_taken_for_a_mistyped_value(text):
    assert fault_of(text).code == "template_brace"


def test_a_value_that_is_not_given_is_told_with_the_one_that_was_meant():
    parsed = parse("{{ serial_number }}\n{{ serialnumber }}\n{% if secret %}{% endif %}")
    faults = list(unknown_names(parsed, {"serial_number", "code"}))
    assert [f.code for f in faults] == ["unknown_variable"] * 2
    assert "serial_number" in faults[0].message.en
    assert "Line 2" in faults[0].message.en
    assert "did you mean" not in faults[1].message.en


def test_a_comparison_with_a_word_that_never_comes_is_told():
    parsed = parse('{{ "a" if party == "agnet" else "b" }}{{ "a" if x == "y" else "b" }}')
    (fault,) = unknown_words(parsed, {"party": ("applicant", "agent")})
    assert fault.code == "unknown_value"
    assert "applicant, agent" in fault.message.en
