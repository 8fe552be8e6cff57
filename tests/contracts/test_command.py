"""What a policy's command says of itself."""

import pytest

from robot.contracts.policy import CommandSpec


@pytest.mark.parametrize(
    ("least", "fault"),
    [((), ""), ((0.1, 0.1), ""), ((0.1,), "none or 2 numbers, found 1"),
     ((0.1, -0.1), "expected numbers >= 0")],
)  # fmt: skip
def test_a_command_answers_from_its_least_on(least, fault):
    command = CommandSpec(names=("a", "b"), low=(-1, -1), high=(1, 1), least=least)
    found = " ".join(command.faults())
    assert fault in found
    assert bool(found) == bool(fault)
