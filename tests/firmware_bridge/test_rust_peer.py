"""rustypot, a Dynamixel library in Rust with packet code of its own, as client.

It has no XM430, but the XL430's registers used here lie at the same addresses.
"""

import pytest
import rustypot

from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    KinematicPlant,
    PtyServer,
    ServoChain,
    WallClock,
)

XM430_W350 = 1020
IDS = list(range(1, 21))
MIDDLE_TICKS = 2048


@pytest.fixture
def chain():
    clock = WallClock()
    return ServoChain(
        KinematicPlant(clock), clock, config=ChainConfig(servo_power=True)
    )


@pytest.fixture
def servos(chain):
    with PtyServer(chain) as server:
        client = rustypot.Xl430PyController(server.path, 2_000_000, 0.5)
        yield client
        client.close()
        server.check()


def test_finds_the_servos_and_their_model(servos):
    assert servos.ping(7)
    assert not servos.ping(99)
    assert servos.broadcast_scan(IDS) == dict.fromkeys(IDS, XM430_W350)


def test_writes_one_goal_and_reads_it(servos):
    servos.write_torque_enable(3, True)
    servos.write_goal_position(3, 2300)
    assert servos.read_goal_position(3) == [2300]


def test_writes_and_reads_all_20_at_once(servos):
    goals = [MIDDLE_TICKS + servo_id for servo_id in IDS]
    servos.sync_write_torque_enable(IDS, [True] * len(IDS))
    servos.sync_write_goal_position(IDS, goals)
    assert servos.sync_read_goal_position(IDS) == goals


def test_reads_where_a_servo_stands(servos):
    assert servos.read_present_position(5) == [MIDDLE_TICKS]


def test_reboot_clears_a_hardware_error(servos, chain):
    chain.inject(Fault(kind=FaultKind.HARDWARE_ERROR, device_id=2, bits=32))
    assert servos.read_hardware_error_status(2) == [32]
    servos.reboot(2)
    assert servos.read_hardware_error_status(2) == [0]


def test_silent_servo_is_an_error_for_the_client(servos):
    with pytest.raises(RuntimeError):
        servos.read_present_position(99)
