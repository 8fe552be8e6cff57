"""Plan files: what is in them, and what is wrong with them."""

import pytest

from match.errors import MatchError
from match.rules import LAB_1V1
from match.session_plan import TeamEntry, load_plan, rules_of
from robot.contracts.errors import ContractError

PLAN = """
name = "walks"
match_s = 60
repeats = 2

[rules]
ready_duration_s = 3.0
mercy_goals = 5

[[teams]]
name = "learned"
bundle = "policies"

[[teams]]
name = "scripted"
bundle = "policies/scripted"
"""


def write(folder, text, name="plan.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plan_in_toml_and_json(tmp_path):
    plan = load_plan(write(tmp_path, PLAN))
    assert plan.teams == (
        TeamEntry(name="learned", bundle="policies"),
        TeamEntry(name="scripted", bundle="policies/scripted"),
    )
    assert (plan.match_s, plan.repeats, plan.swap_sides) == (60.0, 2, True)
    assert plan.numbers == {"learned": 1, "scripted": 2}
    rules = rules_of(plan)
    assert (rules.ready_duration_s, rules.mercy_goals) == (3.0, 5)
    assert rules.set_duration_s == LAB_1V1.set_duration_s
    text = (
        '{"name": "walks", "match_s": 60, "repeats": 2, '
        '"rules": {"ready_duration_s": 3, "mercy_goals": 5}, "teams": ['
        '{"name": "learned", "bundle": "policies"}, '
        '{"name": "scripted", "bundle": "policies/scripted"}]}'
    )
    assert load_plan(write(tmp_path, text, "plan.json")) == plan


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"scripted"', '"learned"', r"expected different names, found \['learned'\]"),
        ("match_s = 60", "match_s = 0", "match_s: expected seconds > 0, found 0.0"),
        ("repeats = 2", "repeats = 0", "repeats: expected 1 or more, found 0"),
        ("repeats = 2", "repeat = 2", "repeat: unknown field"),
        ('bundle = "policies"', 'bundle = " "', "bundle: expected a word, found none"),
        ("mercy_goals = 5", "mercy_goals = 1.5", "expected a whole number, found 1.5"),
        ("mercy_goals = 5", "mercy = 5", "expected some of .*; found mercy"),
        ("ready_duration_s = 3.0", "ready_duration_s = -1", "expected more than 0"),
        ('"walks"', '"walks"\nrule_book = "fifa"', "expected one of lab 1v1, "),
        ("repeats = 2", "repeats =", "expected TOML, found"),
        ('"policies"', '"policies"\nnumber = 255', "number: expected 1 to 254"),
        ('"policies"', '"policies"\nnumber = 2', "different numbers, found .2, 2."),
    ],
)
def test_what_is_wrong_is_said(tmp_path, old, new, message):
    path = write(tmp_path, PLAN.replace(old, new, 1))
    with pytest.raises((MatchError, ContractError), match=message):
        load_plan(path)


def test_no_plan(tmp_path):
    with pytest.raises(MatchError, match="check the path"):
        load_plan(tmp_path / "none.toml")
    with pytest.raises(MatchError, match=r"expected a \.toml or \.json file"):
        load_plan(write(tmp_path, PLAN, "plan.yaml"))
