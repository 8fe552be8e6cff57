"""Control table of the ROBOTIS XM430-W350 (protocol 2.0).

Source: ROBOTIS e-manual, xm430-w350, and the .model table of the DynamixelSDK. The bit
names of register 70 are those of the e-manual's "Hardware Error Status".
"""

from firmware_bridge.registers import Access, ControlTable, Register, in_address_order

INDIRECT_COUNT = 28
"""Entries in each of the two indirect areas."""

HARDWARE_ERROR_BITS: dict[int, str] = {
    0: "input voltage",
    2: "overheating",
    3: "motor encoder",
    4: "electrical shock",
    5: "overload",
}
"""Meaning of the bits of `hardware_error_status`."""


def hardware_error_names(bits: int) -> tuple[str, ...]:
    """Names of the set bits; an undocumented bit is shown by its number."""
    return tuple(
        HARDWARE_ERROR_BITS.get(bit, f"undocumented bit {bit}")
        for bit in range(8)
        if bits >> bit & 1
    )


def _eeprom(
    name: str,
    address: int,
    size: int,
    initial: int = 0,
    unit: str = "",
    *,
    signed: bool = False,
    access: Access = "RW",
) -> Register:
    return Register(
        name=name,
        address=address,
        size=size,
        signed=signed,
        access=access,
        eeprom=True,
        initial=initial,
        unit=unit,
    )


def _ram(
    name: str,
    address: int,
    size: int,
    initial: int = 0,
    unit: str = "",
    *,
    signed: bool = False,
) -> Register:
    return Register(
        name=name,
        address=address,
        size=size,
        signed=signed,
        initial=initial,
        unit=unit,
    )


def _present(
    name: str, address: int, size: int, unit: str = "", *, signed: bool = False
) -> Register:
    return Register(
        name=name, address=address, size=size, signed=signed, access="R", unit=unit
    )


_EEPROM = (
    _eeprom("model_number", 0, 2, 1020, access="R"),
    _eeprom("model_information", 2, 4, access="R"),
    _eeprom("firmware_version", 6, 1, access="R"),
    _eeprom("id", 7, 1, 1),
    _eeprom("baud_rate", 8, 1, 1, "code, 4 = 2 Mbit/s"),
    _eeprom("return_delay_time", 9, 1, 250, "2 us"),
    _eeprom("drive_mode", 10, 1, unit="bits: 0 reverse, 2 time profile, 3 auto torque"),
    _eeprom("operating_mode", 11, 1, 3, "code, 3 = position"),
    _eeprom("secondary_id", 12, 1, 255),
    _eeprom("protocol_type", 13, 1, 2),
    _eeprom("homing_offset", 20, 4, unit="tick", signed=True),
    _eeprom("moving_threshold", 24, 4, 10, "0.229 rpm"),
    _eeprom("temperature_limit", 31, 1, 80, "degC"),
    _eeprom("max_voltage_limit", 32, 2, 160, "0.1 V"),
    _eeprom("min_voltage_limit", 34, 2, 95, "0.1 V"),
    _eeprom("pwm_limit", 36, 2, 885, "100 % / 885"),
    _eeprom("current_limit", 38, 2, 1193, "2.69 mA"),
    _eeprom("velocity_limit", 44, 4, 350, "0.229 rpm"),
    _eeprom("max_position_limit", 48, 4, 4095, "tick"),
    _eeprom("min_position_limit", 52, 4, 0, "tick"),
    _eeprom("shutdown", 63, 1, 52, "bits of hardware_error_status"),
)

_CONTROL = (
    _ram("torque_enable", 64, 1),
    _ram("led", 65, 1),
    _ram("status_return_level", 68, 1, 2),
    _present("registered_instruction", 69, 1),
    _present("hardware_error_status", 70, 1, "bits"),
    _ram("velocity_i_gain", 76, 2, 1920),
    _ram("velocity_p_gain", 78, 2, 100),
    _ram("position_d_gain", 80, 2, 0, "1 / 16"),
    _ram("position_i_gain", 82, 2, 0, "1 / 65536"),
    _ram("position_p_gain", 84, 2, 800, "1 / 128"),
    _ram("feedforward_2nd_gain", 88, 2, 0, "1 / 4"),
    _ram("feedforward_1st_gain", 90, 2, 0, "1 / 4"),
    _ram("bus_watchdog", 98, 1, 0, "20 ms, -1 = tripped", signed=True),
    _ram("goal_pwm", 100, 2, 885, "100 % / 885", signed=True),
    _ram("goal_current", 102, 2, 1193, "2.69 mA", signed=True),
    _ram("goal_velocity", 104, 4, 350, "0.229 rpm", signed=True),
    _ram("profile_acceleration", 108, 4, 0, "214.577 rpm^2"),
    _ram("profile_velocity", 112, 4, 0, "0.229 rpm"),
    _ram("goal_position", 116, 4, 2048, "tick", signed=True),
)

_PRESENT = (
    _present("realtime_tick", 120, 2, "ms"),
    _present("moving", 122, 1),
    _present("moving_status", 123, 1),
    _present("present_pwm", 124, 2, "100 % / 885", signed=True),
    _present("present_current", 126, 2, "2.69 mA", signed=True),
    _present("present_velocity", 128, 4, "0.229 rpm", signed=True),
    _present("present_position", 132, 4, "tick", signed=True),
    _present("velocity_trajectory", 136, 4, "0.229 rpm", signed=True),
    _present("position_trajectory", 140, 4, "tick", signed=True),
    _present("present_input_voltage", 144, 2, "0.1 V"),
    _present("present_temperature", 146, 1, "degC"),
)


def _indirect(first: int, address_base: int, data_base: int) -> tuple[Register, ...]:
    """One indirect area; address n points at data n until it is set.

    The second area's addresses start out at 634.. likewise.
    """
    addresses = tuple(
        _ram(f"indirect_address_{first + i}", address_base + 2 * i, 2, data_base + i)
        for i in range(INDIRECT_COUNT)
    )
    data = tuple(
        _ram(f"indirect_data_{first + i}", data_base + i, 1)
        for i in range(INDIRECT_COUNT)
    )
    return addresses + data


XM430_W350 = ControlTable(
    model="XM430-W350",
    model_number=1020,
    registers=in_address_order(
        (
            *_EEPROM,
            *_CONTROL,
            *_PRESENT,
            *_indirect(1, 168, 224),
            *_indirect(1 + INDIRECT_COUNT, 578, 634),
        )
    ),
)
"""The servo of all twenty joints of a standard OP3."""
