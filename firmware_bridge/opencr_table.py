"""Control table of the OP3's OpenCR sensor board.

Source: ROBOTIS-GIT/OpenCR dxl_node_op3.h and the OP3's OPEN-CR.device.
"""

from firmware_bridge.registers import Access, ControlTable, Register


def _register(
    name: str,
    address: int,
    size: int,
    *,
    access: Access = "RW",
    signed: bool = False,
    initial: int = 0,
    unit: str = "",
) -> Register:
    return Register(
        name=name,
        address=address,
        size=size,
        access=access,
        signed=signed,
        initial=initial,
        unit=unit,
    )


def _measured(
    name: str, address: int, size: int = 2, unit: str = "", signed: bool = True
) -> Register:
    return _register(name, address, size, access="R", signed=signed, unit=unit)


_GYRO_UNIT = "2000 / 32800 deg/s"
_ACCELERATION_UNIT = "2 / 32768 g"

OPENCR = ControlTable(
    model="OpenCR",
    model_number=0x7400,
    registers=(
        _register("model_number", 0, 2, access="R", initial=0x7400),
        _register("firmware_version", 2, 1, access="R"),
        _register("id", 3, 1, initial=200),
        _register("baud_rate", 4, 1, initial=4, unit="code, 4 = 2 Mbit/s"),
        _register("return_delay_time", 5, 1, unit="2 us"),
        _register("status_return_level", 16, 1, initial=2),
        _register("roll_offset", 18, 2, signed=True),
        _register("pitch_offset", 20, 2, signed=True),
        _register("yaw_offset", 22, 2, signed=True),
        _register("dynamixel_power", 24, 1, unit="1 = servo power on"),
        _register("led", 25, 1, unit="bits 0-2"),
        _register("rgb_led", 26, 2, unit="bits 0-4 R, 5-9 G, 10-14 B"),
        _register("buzzer", 28, 2, unit="Hz"),
        _measured("buttons", 30, 1, "bits: 0 mode, 1 start, 2 user, 3 S4", False),
        _measured("battery_voltage", 31, 1, "0.1 V", False),
        _measured("gyro_x", 32, 2, _GYRO_UNIT),
        _measured("gyro_y", 34, 2, _GYRO_UNIT),
        _measured("gyro_z", 36, 2, _GYRO_UNIT),
        _measured("acceleration_x", 38, 2, _ACCELERATION_UNIT),
        _measured("acceleration_y", 40, 2, _ACCELERATION_UNIT),
        _measured("acceleration_z", 42, 2, _ACCELERATION_UNIT),
        _measured("roll", 44),
        _measured("pitch", 46),
        _measured("yaw", 48),
        _register("imu_control", 50, 1, unit="bits 0-2 calibrate offsets"),
    ),
)
"""The board with id 200: servo power, LEDs, buttons, battery and IMU."""
