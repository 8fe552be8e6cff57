"""The ports that tests take for a robot's, a monitor's and a leader's."""

from tests.fakes.ports import free_ports


def test_no_socket_bound_to_any_port_can_take_a_free_port_before_its_use():
    """One did: a leader's port 0 became the port kept for its monitor."""
    rows = [free_ports(count) for count in (1, 3, 3, 1)]
    for row in rows:
        assert row == tuple(range(row[0], row[0] + len(row)))
        assert row[-1] < 32768  # where Linux's own choice begins
    assert len({port for row in rows for port in row}) == 1 + 3 + 3 + 1
