"""The USB adapter's latency timer, on files like the system's."""

import pytest

from firmware_bridge.errors import BusError
from firmware_bridge.port import latency_timer_ms, set_latency_timer


@pytest.fixture
def devices(tmp_path):
    folder = tmp_path / "devices" / "ttyUSB0"
    folder.mkdir(parents=True)
    (folder / "latency_timer").write_text("16\n")
    return folder.parent


def test_the_latency_timer_is_read_and_set(devices):
    assert latency_timer_ms("/dev/ttyUSB0", devices) == 16
    set_latency_timer("/dev/ttyUSB0", 1, devices)
    assert latency_timer_ms("/dev/ttyUSB0", devices) == 1


def test_a_link_to_the_adapter_is_followed(devices, tmp_path):
    (tmp_path / "ttyUSB0").touch()
    link = tmp_path / "op3"
    link.symlink_to(tmp_path / "ttyUSB0")
    assert latency_timer_ms(link, devices) == 16


def test_a_device_that_is_no_usb_adapter_has_none(devices):
    assert latency_timer_ms("/dev/pts/3", devices) is None
    with pytest.raises(BusError, match="expected a USB serial adapter"):
        set_latency_timer("/dev/pts/3", 1, devices)
