"""A virtual OP3 with faults that nobody is told: what a calibration has to find.

Everything is drawn from a seed. The truth is for whoever compares; a calibration sees
bytes on the bus and pictures.
"""

from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.contracts.camera import CameraModel
from robot.contracts.joints import JOINT_NAMES
from sim.arena import Arena
from sim.imperfect_op3 import Imperfections, ImperfectOp3
from sim.virtual_op3 import MatchWorld, VirtualOp3Config

FloatArray = NDArray[np.float64]
PLATES = ("l_foot", "r_foot", "l_hand", "r_hand")
_NOMINAL_FOCAL_PX = 604.0
_SUPPLY_V = 11.1


@dataclass(frozen=True, kw_only=True)
class HiddenRobot:
    """One robot's truth; displacements are m, then rad, about the displaced frame.

    Attributes:
        seed: it was drawn from.
        zeros_rad: [20] measured minus true joint angle.
        camera: [6] of the camera from its nominal place on the head.
        lens: of the camera.
        plates: name to [6], of each plate from its nominal place on its link.
        jig_rad: [20] what a jig really holds, less what it says.
        faults: the same and the rest, as the body behind the bus has them.
    """

    seed: int
    zeros_rad: FloatArray
    camera: FloatArray
    lens: CameraModel
    plates: dict[str, FloatArray]
    jig_rad: FloatArray
    faults: Imperfections = field(repr=False)


def draw_hidden(seed: int) -> HiddenRobot:
    """Draw one.

    Zeros within 3 degrees (arXiv:2304.13653 randomizes by 2.9); a camera that was
    knocked by up to 6 mm and 3 degrees; a lens as cheap webcams have them; plates and
    jigs as people mount them, sigma 0.3 mm and 0.1 degrees.
    """
    rng = np.random.default_rng([seed, 0])
    zeros = rng.uniform(-1, 1, len(JOINT_NAMES)) * np.radians(3.0)
    camera = np.concatenate(
        [rng.uniform(-0.006, 0.006, 3), rng.uniform(-1, 1, 3) * np.radians(3.0)]
    )
    focal = _NOMINAL_FOCAL_PX * rng.uniform(0.97, 1.03)
    lens = CameraModel(
        width_px=640,
        height_px=480,
        fx_px=focal,
        fy_px=focal * rng.uniform(0.998, 1.002),
        cx_px=319.5 + rng.uniform(-8, 8),
        cy_px=239.5 + rng.uniform(-8, 8),
        distortion="brown_conrady",
        coefficients=(
            rng.uniform(0.02, 0.08),
            rng.uniform(-0.18, -0.08),
            rng.uniform(-1e-3, 1e-3),
            rng.uniform(-1e-3, 1e-3),
        ),
        source=f"hidden robot {seed}",
    )
    mounted = np.repeat([3e-4, np.radians(0.1)], 3)
    plates = {name: mounted * rng.standard_normal(6) for name in PLATES}
    jig = np.radians(0.1) * rng.standard_normal(len(JOINT_NAMES))
    return HiddenRobot(
        seed=seed,
        zeros_rad=zeros,
        camera=camera,
        lens=lens,
        plates=plates,
        jig_rad=jig,
        faults=Imperfections(
            joint_offset_rad=zeros,
            imu_tilt_rad=np.zeros(3),
            supply_v=_SUPPLY_V,
            sensor_delay=0,
            goal_delay=0,
            sensor_jitter=0,
            goal_jitter=0,
            joint_noise_rad=0.0005,
            gyro_noise_rad_s=0.01,
            acceleration_noise_m_s2=0.05,
        ),
    )


class HiddenWorld(MatchWorld):
    """A `MatchWorld` whose robots have one hidden robot's faults."""

    def __init__(self, arena: Arena, hidden: HiddenRobot):
        self.hidden = hidden
        self._rng = np.random.default_rng([hidden.seed, 1])
        self._bodies: list[ImperfectOp3] = []
        super().__init__(arena)

    def advance_to(self, time_s: float) -> int:
        """As `MatchWorld`, with the faults at each physics step."""
        steps = self._steps_to(time_s)
        for _ in range(steps):
            for body in self._bodies:
                body.before_step()
            mujoco.mj_step(self.model, self.data)
            for body in self._bodies:
                body.after_step()
        return steps

    def place(self, name: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        super().place(name, x_m, y_m, yaw_rad)
        self.settled()

    def lift(self, name: str, height_m: float) -> None:
        """Raise a robot that was placed, so that its legs hang free."""
        self.data.qpos[self.robots[name].index.root_qpos[2]] += height_m
        self.settled()

    def settled(self) -> None:
        """Whoever moved bodies by hand says so: sensors show their new places."""
        mujoco.mj_forward(self.model, self.data)
        for body in self._bodies:
            body.moved()

    def _body(self, number: int, config: VirtualOp3Config | None) -> ImperfectOp3:
        index = self.arena.robots[number]
        body = ImperfectOp3(self.model, self.data, index, self.hidden.faults, self._rng)
        self._bodies.append(body)
        return body
