"""Arguments of every command: refused with what was expected and what was found."""

import argparse

import pytest

from cli.arguments import at_least_one, from_zero, positive_number, positive_seconds
from cli.main import main


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (positive_seconds, "0.5", 0.5),
        (positive_seconds, "1e2", 100.0),
        (positive_number, "0.4", 0.4),
        (at_least_one, "1", 1),
        (from_zero, "0", 0),
    ],
)
def test_a_sound_argument_becomes_its_number(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "abc", ""])
def test_seconds_are_finite_and_above_zero(text):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        positive_seconds(text)
    assert str(refused.value) == f"expected seconds > 0, found {text}"


@pytest.mark.parametrize(
    ("kind", "lowest", "text"),
    [
        (at_least_one, 1, "0"),
        (at_least_one, 1, "two"),
        (from_zero, 0, "-1"),
        (from_zero, 0, "1.5"),
        (from_zero, 0, "9" * 5000),
    ],
)
def test_counts_and_seeds_are_whole_and_not_too_small(kind, lowest, text):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        kind(text)
    expected = f"expected a whole number from {lowest} up, found {text}"
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["virtual", "--seconds", "abc"], "expected seconds > 0, found abc"),
        (["tune", "walk", "--trials", "0"], "a whole number from 1 up, found 0"),
        (["tune", "walk", "--seed", "-1"], "a whole number from 0 up, found -1"),
        (["tune", "walk", "--spread", "0"], "expected a number > 0, found 0"),
        (["train", "walk", "--seed", "-1"], "a whole number from 0 up, found -1"),
        (["randomization", "--seed", "-1"], "a whole number from 0 up, found -1"),
    ],
)
def test_every_command_refuses_what_makes_no_sense(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_help_of_tune_explains_the_skill_and_shows_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["tune", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "SKILL walk, getup or kick" in shown
    assert "--candidates N scripts tried per generation (24)" in shown
    assert "--spread X factor on the first spread (0.4)" in shown


def test_help_of_play_shows_the_default_seed(capsys):
    with pytest.raises(SystemExit):
        main(["play", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--seed S of places, floor and tracker noise (1)" in shown
