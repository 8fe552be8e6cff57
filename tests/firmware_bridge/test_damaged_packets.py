"""A line that garbles answers: nothing wrong comes through, and it recovers at once."""

import pytest

from tests.fakes.garbled_line import DAMAGES, try_damage


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_wrong_value_is_accepted_and_the_next_good_packet_is_read(damage):
    result = try_damage(damage, 400, seed=1)
    assert result.wrong_values == 0
    assert result.unread_good == 0
    assert result.tried == 400
