"""A chat template is a program of somebody else's: one that loops or grows without an end is refused in a line."""

import time
from datetime import date

import pytest

from chat_personas.engines.llama import template_bounds
from chat_personas.engines.llama.template import CHATML, _compiled
from chat_personas.engines.llama.template_bounds import EndlessTemplateError, rendered

FOR_EVER = "{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}"
ENDLESS = {
    "nested ranges": FOR_EVER.replace("in r", "in range(99999)"),
    "nested lists": "{% set r = range(99999)|list %}" + FOR_EVER,
    "calls that branch": "{% macro f(n) %}{{ f(n + 1) if n < 40 }}{{ f(n + 1) if n < 40 }}{% endmacro %}{{ f(0) }}",
    "doubling by +": '{% set ns = namespace(x="aa") %}{% for a in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    "doubling by ~": '{% set ns = namespace(x="aa") %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
    "growing lists": "{% set ns = namespace(x=[1]) %}{% for a in range(60)%}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "a product": '{{ "a" * 9999999999 }}',
    "a power": "{{ 9 ** 99999999 }}",
    "a width": '{{ "%9999999999d"|format(1) }}',
    "a width by %": '{{ "%9999999999d" % 1 }}',
    "a width by arguments": '{{ "%*d" % (999999999, 1) }}',
    "a width by a method": '{{ "{:>9999999999}".format(1) }}',
    "a width by a nested field": '{{ "{:{}}".format(1, "9999999999") }}',
    "a centre": '{{ "a"|center(9999999999) }}',
    "a method": '{{ "a".ljust(9999999999) }}',
    "replacing": '{% set x = "a" * 9999999 %}{{ x.replace("a", x) }}',
    "replacing by a filter": '{% set x = "a" * 9999999 %}{{ x|replace("a", x) }}',
    "much output": '{% set x = "a" * 9999999 %}{% for a in range(9999) %}{{ x }}{% endfor %}',
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_template_without_an_end_is_refused_in_time(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_bounds, "MOST_SECONDS", 0.1)
    made = _compiled(source, date(2026, 11, 29))
    began = time.thread_time()
    with pytest.raises(EndlessTemplateError, match=r"the model's chat template (does not come|makes a text)"):
        rendered(made, messages=[])
    assert time.thread_time() - began < 2


def test_loops_of_a_bounded_template_know_their_place_and_their_length() -> None:
    source = "{% for m in messages %}{{ loop.index }}/{{ loop.length }}{{ '!' if loop.last }}{{ m ~ 1 }} {% endfor %}"
    assert rendered(_compiled(source, date(2026, 11, 29)), messages=["a", "b"]) == "1/2a1 2/2!b1 "
    recursive = "{% for m in tree recursive %}{{ m.n }}{{ loop(m.sub) if m.sub }}{% endfor %}"
    tree = [{"n": 1, "sub": [{"n": 2}]}, {"n": 3}]
    assert rendered(_compiled(recursive, date(2026, 11, 29)), tree=tree) == "123"
    assert rendered(_compiled("{% for m in nothing %}x{% else %}none{% endfor %}", date(2026, 11, 29))) == "none"


def test_a_long_conversation_is_not_too_much_for_a_template() -> None:
    messages = [{"role": "user" if n % 2 == 0 else "assistant", "content": "word " * 50} for n in range(4000)]
    assert rendered(_compiled(CHATML, date(2026, 11, 29)), messages=messages).count("<|im_start|>") >= 4000
