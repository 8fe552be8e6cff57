"""The unmodified dynamixel-sdk as client, in memory and over a pseudo-terminal."""

import time

import dynamixel_sdk as sdk
import numpy as np
import pytest

from firmware_bridge.bus_types import BusConfig
from firmware_bridge.emulator import (
    ChainConfig,
    Fault,
    FaultKind,
    KinematicPlant,
    MemoryPort,
    PtyServer,
    ServoChain,
    WallClock,
)
from firmware_bridge.errors import BusError
from firmware_bridge.link import Patience
from firmware_bridge.opencr import OpenCrBoard
from firmware_bridge.port import open_port
from firmware_bridge.servo_bus import ServoBus

OK = sdk.COMM_SUCCESS
IDS = range(1, 21)
LOADED_MACHINE = Patience(first_byte_s=0.2, pause_s=0.1, read_s=0.5)


@pytest.fixture
def chain():
    clock = WallClock()
    plant = KinematicPlant(clock)
    return ServoChain(plant, clock, config=ChainConfig(servo_power=True))


@pytest.fixture
def patient_sdk(monkeypatch):
    """The SDK's timeout is a constant to set per machine; 34 ms are few under load."""
    monkeypatch.setattr(sdk.port_handler, "LATENCY_TIMER", 200)


@pytest.fixture(params=["memory", "pty"])
def port(request, chain, patient_sdk):
    if request.param == "memory":
        yield MemoryPort(chain)
        return
    with PtyServer(chain) as server:
        port = sdk.PortHandler(server.path)
        assert port.setBaudRate(2_000_000)
        yield port
        port.closePort()
        server.check()


@pytest.fixture
def handler():
    return sdk.PacketHandler(2.0)


def sync_read(port, handler, address=126, size=10):
    group = sdk.GroupSyncRead(port, handler, address, size)
    for servo_id in IDS:
        assert group.addParam(servo_id)
    return group


def test_sdk_pings_servo_and_board(port, handler):
    assert handler.ping(port, 1) == (1020, OK, 0)
    assert handler.ping(port, 200) == (0x7400, OK, 0)
    assert handler.ping(port, 99)[1] == sdk.COMM_RX_TIMEOUT


def test_sdk_broadcast_ping_finds_all_21_devices(port, handler):
    found, result = handler.broadcastPing(port)
    assert result == OK
    assert sorted(found) == [*IDS, 200]
    assert found[20] == [1020, 45]


def test_sdk_writes_goals_and_reads_motion_fast_and_plain(port, handler):
    for servo_id in IDS:
        assert handler.write1ByteTxRx(port, servo_id, 64, 1) == (OK, 0)
    write = sdk.GroupSyncWrite(port, handler, 116, 4)
    for servo_id in IDS:
        assert write.addParam(servo_id, list((2048 + servo_id).to_bytes(4, "little")))
    assert write.txPacket() == OK
    time.sleep(0.05)
    group = sync_read(port, handler)
    for read in (group.fastSyncRead, group.txRxPacket):
        assert read() == OK
        found = [group.getData(servo_id, 132, 4) for servo_id in IDS]
        assert found == [2048 + servo_id for servo_id in IDS]


def test_sdk_bulk_reads_servos_and_board_fast_and_plain(port, handler):
    group = sdk.GroupBulkRead(port, handler)
    assert group.addParam(1, 132, 4)
    assert group.addParam(2, 144, 3)
    assert group.addParam(200, 30, 20)
    for read in (group.txRxPacket, group.fastBulkRead):
        assert read() == OK
        assert group.getData(1, 132, 4) == 2048
        assert group.getData(2, 144, 2) == 111
        assert group.getData(200, 31, 1) == 111


def test_sdk_bulk_write_reaches_each_device(port, handler):
    group = sdk.GroupBulkWrite(port, handler)
    assert group.addParam(3, 84, 2, [0x90, 0x01])
    assert group.addParam(200, 25, 1, [5])
    assert group.txPacket() == OK
    assert handler.read2ByteTxRx(port, 3, 84) == (0x190, OK, 0)
    assert handler.read1ByteTxRx(port, 200, 25) == (5, OK, 0)


def test_sdk_registered_write_and_action(port, handler):
    data = list((2300).to_bytes(4, "little"))
    assert handler.regWriteTxRx(port, 4, 116, 4, data) == (OK, 0)
    assert handler.read4ByteTxRx(port, 4, 116)[0] == 2048
    assert handler.action(port, 4) == OK
    port.is_using = False
    # The SDK does not wait for the answer to an action, so it would read it next.
    deadline_s = time.monotonic() + 5
    while port.getBytesAvailable() < 11 and time.monotonic() < deadline_s:
        time.sleep(0.001)
    port.clearPort()
    assert handler.read4ByteTxRx(port, 4, 116)[0] == 2300


def test_sdk_reboot_clears_a_hardware_error(port, handler, chain):
    chain.inject(Fault(kind=FaultKind.HARDWARE_ERROR, device_id=2, bits=32))
    assert handler.read1ByteTxRx(port, 2, 70) == (32, OK, sdk.ERRBIT_ALERT)
    assert handler.reboot(port, 2)[0] == OK
    assert handler.read1ByteTxRx(port, 2, 70) == (0, OK, 0)


def test_sdk_sees_the_eeprom_lock(port, handler):
    assert handler.write1ByteTxRx(port, 5, 64, 1) == (OK, 0)
    assert handler.write1ByteTxRx(port, 5, 9, 0) == (OK, sdk.ERRNUM_ACCESS)


def test_unknown_instruction_is_refused(port, handler):
    _, error = handler.factoryReset(port, 1, 0xFF)
    assert error == sdk.ERRNUM_INSTRUCTION


@pytest.fixture
def line(chain):
    with PtyServer(chain) as server:
        port = open_port(server.path, packet_margin_s=0.2)
        yield port
        port.closePort()
        server.check()


def test_our_bus_works_over_a_pseudo_terminal(line):
    config = BusConfig(patience=LOADED_MACHINE)
    bus = ServoBus(line, IDS, config)
    board = OpenCrBoard(line, patience=LOADED_MACHINE)
    assert len(bus.ping_all()) == 20
    bus.set_torque(True)
    bus.write_goals(np.full(20, 0.2))
    time.sleep(0.1)
    found = bus.read_joints()
    assert found.answered.all()
    np.testing.assert_allclose(found.position_rad, 0.2, atol=0.00077)
    assert board.read().acceleration_m_s2[2] == pytest.approx(9.81, abs=0.001)


def test_client_that_goes_away_leaves_the_server_alive(chain):
    with PtyServer(chain) as server:
        for _ in range(2):
            port = open_port(server.path, packet_margin_s=0.2)
            assert ServoBus(port, [1]).read(1, "id") == 1
            port.closePort()
        server.check()


def test_missing_port_is_one_clear_error(tmp_path):
    with pytest.raises(BusError, match="found none under this path"):
        open_port(tmp_path / "ttyUSB7")


def test_taken_port_is_one_clear_error(chain):
    with PtyServer(chain) as server:
        first = open_port(server.path)
        with pytest.raises(BusError, match="taken by another program"):
            open_port(server.path)
        first.closePort()


def test_file_that_is_no_serial_device_is_one_clear_error(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(BusError, match="expected a serial device"):
        open_port(path)


def test_unknown_baud_rate_is_one_clear_error(tmp_path):
    with pytest.raises(BusError, match="found 12345"):
        open_port(tmp_path / "x", baud=12345)


def test_port_that_vanishes_is_a_bus_error(chain):
    with PtyServer(chain) as server:
        port = open_port(server.path)
        bus = ServoBus(port, IDS)
        bus.read_joints()
    with pytest.raises(BusError, match="check the cable"):
        bus.read_joints()
