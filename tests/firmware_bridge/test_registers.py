"""Control tables against literal values of the e-manual and the SDK's own table."""

from pathlib import Path

import dynamixel_sdk
import pytest

from firmware_bridge.errors import BusError
from firmware_bridge.opencr_table import OPENCR
from firmware_bridge.xm430 import XM430_W350, hardware_error_names

XM430_ROWS = [
    # name, address, bytes, initial (None: measured or not documented)
    ("id", 7, 1, None),
    ("baud_rate", 8, 1, None),
    ("return_delay_time", 9, 1, 250),
    ("drive_mode", 10, 1, None),
    ("operating_mode", 11, 1, None),
    ("homing_offset", 20, 4, None),
    ("temperature_limit", 31, 1, 80),
    ("max_voltage_limit", 32, 2, 160),
    ("min_voltage_limit", 34, 2, 95),
    ("pwm_limit", 36, 2, 885),
    ("current_limit", 38, 2, 1193),
    ("velocity_limit", 44, 4, 350),
    ("max_position_limit", 48, 4, 4095),
    ("min_position_limit", 52, 4, 0),
    ("shutdown", 63, 1, 52),
    ("torque_enable", 64, 1, 0),
    ("led", 65, 1, 0),
    ("status_return_level", 68, 1, 2),
    ("hardware_error_status", 70, 1, None),
    ("velocity_i_gain", 76, 2, 1920),
    ("velocity_p_gain", 78, 2, 100),
    ("position_d_gain", 80, 2, 0),
    ("position_i_gain", 82, 2, 0),
    ("position_p_gain", 84, 2, 800),
    ("feedforward_2nd_gain", 88, 2, None),
    ("feedforward_1st_gain", 90, 2, None),
    ("bus_watchdog", 98, 1, 0),
    ("goal_pwm", 100, 2, None),
    ("goal_current", 102, 2, None),
    ("goal_velocity", 104, 4, None),
    ("profile_acceleration", 108, 4, 0),
    ("profile_velocity", 112, 4, 0),
    ("goal_position", 116, 4, None),
    ("realtime_tick", 120, 2, None),
    ("moving", 122, 1, None),
    ("moving_status", 123, 1, None),
    ("present_pwm", 124, 2, None),
    ("present_current", 126, 2, None),
    ("present_velocity", 128, 4, None),
    ("present_position", 132, 4, None),
    ("velocity_trajectory", 136, 4, None),
    ("position_trajectory", 140, 4, None),
    ("present_input_voltage", 144, 2, None),
    ("present_temperature", 146, 1, None),
    ("indirect_address_1", 168, 2, 224),
    ("indirect_address_28", 222, 2, 251),
    ("indirect_data_1", 224, 1, None),
    ("indirect_data_28", 251, 1, None),
    ("indirect_address_29", 578, 2, 634),
    ("indirect_address_56", 632, 2, 661),
    ("indirect_data_29", 634, 1, None),
    ("indirect_data_56", 661, 1, None),
]

OPENCR_ROWS = [
    ("model_number", 0, 2),
    ("firmware_version", 2, 1),
    ("id", 3, 1),
    ("baud_rate", 4, 1),
    ("return_delay_time", 5, 1),
    ("status_return_level", 16, 1),
    ("roll_offset", 18, 2),
    ("pitch_offset", 20, 2),
    ("yaw_offset", 22, 2),
    ("dynamixel_power", 24, 1),
    ("led", 25, 1),
    ("rgb_led", 26, 2),
    ("buzzer", 28, 2),
    ("buttons", 30, 1),
    ("battery_voltage", 31, 1),
    ("gyro_x", 32, 2),
    ("gyro_y", 34, 2),
    ("gyro_z", 36, 2),
    ("acceleration_x", 38, 2),
    ("acceleration_y", 40, 2),
    ("acceleration_z", 42, 2),
    ("roll", 44, 2),
    ("pitch", 46, 2),
    ("yaw", 48, 2),
    ("imu_control", 50, 1),
]


@pytest.mark.parametrize(("name", "address", "size", "initial"), XM430_ROWS)
def test_xm430_register_is_where_the_manual_says(name, address, size, initial):
    register = XM430_W350[name]
    assert (register.address, register.size) == (address, size)
    if initial is not None:
        assert register.initial == initial


@pytest.mark.parametrize(("name", "address", "size"), OPENCR_ROWS)
def test_opencr_register_is_where_its_firmware_puts_it(name, address, size):
    register = OPENCR[name]
    assert (register.address, register.size) == (address, size)


def test_opencr_table_holds_nothing_else():
    assert [r.name for r in OPENCR.registers] == [row[0] for row in OPENCR_ROWS]


def test_model_numbers_are_those_of_a_ping():
    assert XM430_W350.model_number == XM430_W350["model_number"].initial == 1020
    assert OPENCR.model_number == OPENCR["model_number"].initial == 0x7400


def test_xm430_agrees_with_the_table_the_sdk_ships():
    site = Path(dynamixel_sdk.__file__).parents[1]
    model = site / "dynamixel_easy_sdk" / "control_table" / "xm430_w350.model"
    rows = model.read_text().split("[control table]")[1].strip().splitlines()[1:]
    compared = 0
    for address, size, label in (row.split("\t") for row in rows):
        if label.startswith("Indirect"):
            continue
        name = label.lower().replace("(shadow)", "").replace(" ", "_")
        register = XM430_W350[name]
        assert (register.address, register.size) == (int(address), int(size)), label
        compared += 1
    assert compared == 51


def test_registers_below_64_are_eeprom_and_no_others():
    for register in XM430_W350.registers:
        assert register.eeprom == (register.address < 64), register.name


def test_present_values_are_signed_and_read_only():
    for name in ("present_current", "present_velocity", "present_position"):
        assert XM430_W350[name].signed
        assert XM430_W350[name].access == "R"


def test_unknown_name_lists_the_choices():
    with pytest.raises(BusError, match=r"found 'goal_positon'.*goal_position"):
        XM430_W350["goal_positon"]


def test_read_only_register_cannot_be_chosen_for_writing():
    with pytest.raises(BusError, match="present_position is read-only"):
        XM430_W350.writable("present_position")


def test_negative_value_is_twos_complement():
    # -2 in 16 bits is 0xFFFE.
    register = XM430_W350["present_current"]
    assert register.encode(-2) == b"\xfe\xff"
    assert register.decode(b"\xfe\xff") == -2


def test_value_too_large_for_its_register_is_refused():
    with pytest.raises(BusError, match="expected 0 to 65535, found 65536"):
        XM430_W350["position_p_gain"].encode(65536)


def test_hardware_error_bits_have_names():
    # 0b100101: bits 0, 2 and 5.
    assert hardware_error_names(0b100101) == (
        "input voltage",
        "overheating",
        "overload",
    )
