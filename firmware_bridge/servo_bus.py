"""The servos of one bus, in physical units, over the unmodified dynamixel-sdk."""

from collections.abc import Sequence

import numpy as np

from firmware_bridge import units
from firmware_bridge.bus_types import (
    BusConfig,
    BusStatistics,
    FloatArray,
    JointReadings,
    ServoHealth,
    ServoIdentity,
)
from firmware_bridge.errors import BusError, raise_if_any
from firmware_bridge.group_read import GroupAnswer, GroupReader
from firmware_bridge.joint_reader import JointReader
from firmware_bridge.link import Link, Patience
from firmware_bridge.packet import (
    BROADCAST_ID,
    Instruction,
    encode,
)
from firmware_bridge.port import BusPort
from firmware_bridge.registers import ControlTable, Register
from firmware_bridge.single_device import SingleDevice
from firmware_bridge.xm430 import XM430_W350, hardware_error_names

_GOAL = "goal_position"
_CHECK_POWER = (
    "check the servo power (OpenCR dynamixel_power), the cable behind the previous "
    "servo, id and baud rate"
)


class ServoBus:
    """Servos in a fixed order; arrays are [n] in the order of `servo_ids`.

    Single reads, writes, pings and reboots go through the SDK's packet handler; group
    frames are built here, because the SDK's group classes lose error bytes and servos
    (and its Python version discards the byte stuffing it has computed).
    """

    def __init__(
        self,
        port: BusPort,
        servo_ids: Sequence[int],
        config: BusConfig | None = None,
        table: ControlTable = XM430_W350,
    ):
        """Nothing is sent yet.

        Args:
            port: an open port: `open_port(...)`, the SDK's own or the emulator's.
            servo_ids: the servos, each once.
            config: how to deal with silence.
            table: control table of the servos.
        """
        if not servo_ids or len(set(servo_ids)) != len(servo_ids):
            raise BusError(
                "servo bus", [f"expected distinct servo ids, found {list(servo_ids)}"]
            )
        self.servo_ids = tuple(servo_ids)
        self._config = config or BusConfig()
        self._table = table
        self._port = port
        self._link = Link(port, self._config.patience)
        self._device = SingleDevice(self._link, self._config.attempts)
        self._handler = self._device.handler
        self._joints = JointReader(self._link, self.servo_ids, self._config)
        self._goals = np.zeros(
            len(self.servo_ids), np.dtype([("id", "u1"), ("ticks", "<i4")])
        )
        self._goals["id"] = self.servo_ids
        self._goal_range = _sync_range(table[_GOAL])

    def ping_all(self) -> dict[int, ServoIdentity]:
        """Identity of every servo, by id.

        Raises:
            BusError: lists every servo that did not answer.
        """
        found, missing = {}, []
        for servo_id in self.servo_ids:
            try:
                model = self._device.perform(
                    f"ping servo {servo_id}",
                    lambda i=servo_id: self._handler.ping(self._port, i),
                )
                firmware = self.read(servo_id, "firmware_version")
            except BusError:
                missing.append(servo_id)
                continue
            found[servo_id] = ServoIdentity(
                servo_id=servo_id, model_number=model, firmware_version=firmware
            )
        if missing:
            raise BusError(
                f"servos on {self._port.getPortName()}",
                [
                    f"expected servo {servo_id} to answer, found silence; "
                    f"{_CHECK_POWER}"
                    for servo_id in missing
                ],
            )
        return found

    def read_joints(self) -> JointReadings:
        """Angle, speed and current of all servos; one call per cycle.

        A fast sync read; what it misses is asked again by a plain sync read at once.
        After repeated failures plain reads take over until a later try of the fast one
        works. Servos that stay silent are left out and tried now and then.

        Raises:
            BusError: the port itself failed. Silent servos do not raise.
        """
        return self._joints.read()

    def write_goals(self, position_rad: FloatArray) -> FloatArray:
        """Send goal angles [n] to all servos at once.

        Returns:
            [n] the angles really sent: rounded to ticks, limited to one turn. Servos do
            not acknowledge this write.

        Raises:
            BusError: wrong shape or not finite (nothing is sent), or the port failed.
        """
        goals = np.asarray(position_rad, np.float64)
        if goals.shape != (len(self.servo_ids),) or not np.isfinite(goals).all():
            raise BusError("writing goals", self._goal_faults(goals))
        ticks = units.limit_ticks(units.rad_to_ticks(goals))
        self._goals["ticks"] = ticks
        self._send_sync_write("writing goals", self._goal_range, self._goals.tobytes())
        return units.ticks_to_rad(ticks)

    def write(self, servo_id: int, register_name: str, value: int) -> None:
        """Write one register, acknowledged.

        Raises:
            BusError: unknown or read-only register, value out of range, no answer, or
                the servo refused.
        """
        register = self._table.writable(register_name)
        data = list(register.encode(value))
        self._device.perform(
            f"write {register_name} = {value} to servo {servo_id}",
            lambda: (
                None,
                *self._handler.writeTxRx(
                    self._port, servo_id, register.address, register.size, data
                ),
            ),
        )

    def write_all(self, register_name: str, value: int) -> None:
        """Write one register of all servos in one frame; not acknowledged."""
        self.write_each(register_name, [value] * len(self.servo_ids))

    def write_each(self, register_name: str, values: Sequence[int]) -> None:
        """Write one register of all servos, [n] values, in one frame; like write_all.

        Raises:
            BusError: unknown or read-only register, a value out of range or missing
                (nothing is sent), or the port failed.
        """
        register = self._table.writable(register_name)
        if len(values) != len(self.servo_ids):
            raise BusError(
                f"write {register_name} of all servos",
                [f"expected {len(self.servo_ids)} values, found {len(values)}"],
            )
        payload = b"".join(
            bytes((servo_id,)) + register.encode(value)
            for servo_id, value in zip(self.servo_ids, values, strict=True)
        )
        self._send_sync_write(
            f"write {register_name} of all servos", _sync_range(register), payload
        )

    def read(self, servo_id: int, register_name: str) -> int:
        """Raw value of one register.

        Raises:
            BusError: unknown register, no answer, or the servo refused.
        """
        register = self._table[register_name]
        data = self._read_bytes(servo_id, register.address, register.size)
        return register.decode(data)

    def read_all(self, register_name: str) -> dict[int, int]:
        """Raw value of one register by servo id; silent servos are left out."""
        register = self._table[register_name]
        answer = GroupAnswer()
        GroupReader(self._link, register.address, register.size).plain(
            f"read {register_name} of all servos", self.servo_ids, answer
        )
        return {i: register.decode(data) for i, data in answer.data.items()}

    def set_torque(self, on: bool) -> None:
        """Switch all motors, and read back that they obeyed.

        Raises:
            BusError: lists every servo that is silent or did not switch.
        """
        value = int(on)
        found: dict[int, int] = {}
        for _ in range(self._config.attempts):
            self.write_all("torque_enable", value)
            found = self.read_all("torque_enable")
            if all(found.get(i) == value for i in self.servo_ids):
                return
        raise_if_any(
            f"torque {'on' if on else 'off'}",
            [
                f"servo {i}: expected torque_enable {value}, found "
                f"{found.get(i, 'silence')}; "
                + ("read its health, reboot it" if i in found else _CHECK_POWER)
                for i in self.servo_ids
                if found.get(i) != value
            ],
        )

    def read_health(self, servo_id: int) -> ServoHealth:
        """Voltage, temperature and recorded hardware errors of one servo."""
        voltage = self._table["present_input_voltage"]
        temperature = self._table["present_temperature"]
        start = voltage.address
        data = self._read_bytes(servo_id, start, temperature.end - start)
        errors = self.read(servo_id, "hardware_error_status")
        return ServoHealth(
            voltage_v=voltage.decode(data[: voltage.size]) * units.V_PER_COUNT,
            temperature_c=temperature.decode(data[temperature.address - start :]),
            hardware_error=hardware_error_names(errors),
        )

    def reboot(self, servo_id: int) -> None:
        """Restart one servo: torque off, RAM registers as delivered, errors cleared."""

        def reboot() -> tuple[None, int, int]:
            result, error = self._handler.reboot(self._port, servo_id)
            return None, result, error

        self._device.perform(f"reboot servo {servo_id}", reboot)

    @property
    def patience(self) -> Patience:
        """How long the exchanges of a cycle may take."""
        return self._config.patience

    @property
    def statistics(self) -> BusStatistics:
        """Counters of `read_joints`."""
        return self._joints.statistics()

    def _read_bytes(self, servo_id: int, address: int, size: int) -> bytes:
        data = self._device.perform(
            f"read address {address} of servo {servo_id}",
            lambda: self._handler.readTxRx(self._port, servo_id, address, size),
        )
        return bytes(data)

    def _send_sync_write(self, subject: str, span: bytes, payload: bytes) -> None:
        frame = encode(BROADCAST_ID, Instruction.SYNC_WRITE, span + payload)
        self._link.send(subject, frame)

    def _goal_faults(self, goals: FloatArray) -> list[str]:
        if goals.shape != (len(self.servo_ids),):
            return [f"expected shape ({len(self.servo_ids)},), found {goals.shape}"]
        return [
            f"servo {servo_id}: expected a finite angle, found {angle}; nothing sent"
            for servo_id, angle in zip(self.servo_ids, goals.tolist(), strict=True)
            if not np.isfinite(angle)
        ]


def _sync_range(register: Register) -> bytes:
    return register.address.to_bytes(2, "little") + register.size.to_bytes(2, "little")
