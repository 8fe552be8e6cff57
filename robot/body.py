"""How the robot's body is: which way is down, lying or upright, held or standing."""

from robot import attitude, lift
from robot.attitude import AttitudeState
from robot.contracts.sensors import SensorFrame
from robot.fall import Posture, posture_after
from robot.lift import Activity
from robot.runtime_config import RuntimeConfig


class Body:
    """Estimates that remember.

    Attributes:
        posture: upright or lying on a side.
    """

    def __init__(self, config: RuntimeConfig):
        self.posture: Posture = "upright"
        self._config = config
        self._attitude: AttitudeState | None = None
        self._lift = lift.LiftState()

    @property
    def lifted(self) -> bool:
        """Somebody holds the robot in the air."""
        return self._lift.lifted

    def feel(
        self, sensors: SensorFrame, dt_s: float, *, settled: bool
    ) -> AttitudeState:
        """Attitude and posture one cycle later.

        Args:
            sensors: of this cycle.
            dt_s: time since the last one.
            settled: the robot's devices have all answered; before that the estimate
                starts over.
        """
        if self._attitude is None or not settled:
            self._attitude = attitude.start(sensors.acceleration_m_s2)
        else:
            self._attitude = attitude.update(
                self._config.attitude,
                self._attitude,
                sensors.gyro_rad_s,
                sensors.acceleration_m_s2,
                dt_s,
            )
        self.posture = posture_after(
            self._config.fall, self.posture, self._attitude.gravity
        )
        return self._attitude

    def weigh(
        self, sensors: SensorFrame, activity: Activity | None, dt_s: float
    ) -> None:
        """Update whether it is lifted.

        Args:
            sensors: of this cycle.
            activity: what the policy does; None for all but standing and walking.
            dt_s: time since the last cycle.
        """
        if self.posture != "upright":
            activity = None
        elif self.lifted:
            activity = "stand"
        self._lift = lift.update(
            self._config.lift,
            self._lift,
            sensors.current_a,
            sensors.acceleration_m_s2,
            activity,
            dt_s,
        )
