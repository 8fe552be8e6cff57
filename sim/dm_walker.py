"""The OP3 as a dm_control locomotion walker, and in dm_control's own walking task.

The walker is `sim.robot_model`'s robot written to XML and read by PyMJCF: joint
ranges, servo law, torque limit, IMU and touch sensors are the same numbers, not a
second copy.
Needs the extra `dm` (dm_control).

To look at it: `dm_control.viewer.launch(walk_environment)`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import mujoco
import numpy as np
from dm_control import composer, mjcf
from dm_control.composer.observation import observable
from dm_control.composer.variation import distributions
from dm_control.locomotion.arenas import floors
from dm_control.locomotion.tasks import go_to_target
from dm_control.locomotion.walkers import base, legacy_base
from numpy.typing import NDArray

from robot.action import filtered_targets
from robot.contracts.field import FieldSpec
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from robot.contracts.policy import ActionSpec
from sim.arena import SELF_COLLISION_EXCLUDED, Arena, ArenaConfig, build_arena
from sim.pitch import FLOOR
from sim.robot_model import CAMERA, TORSO, RobotModelConfig, asset_dir, load_op3

HANDS = ("r_el_link", "l_el_link")
FOOT_BODIES = ("r_ank_roll_link", "l_ank_roll_link")
CONTROL_PERIOD_S = 0.025
PAPER_FILTER_KEEP = 0.8
_CAMERA_PX = (40, 30)
# The groups dm_control draws unasked are 0 to 2; walkers' bodies are in 2.
_WALKER_GROUP = 2
_TOP_CAMERA_M = 8.0
_STAND_RAD = {joint.name: joint.stand_rad for joint in OP3_JOINTS}
# One body length: close enough to touch, in place of the task's 1 m for tall humanoids.
_TARGET_TOLERANCE_M = 0.5


class Op3Walker(legacy_base.Walker):
    """The OP3. Its egocentric frame is the torso: x forward, y left, z up.

    An action is 20 joint targets in rad, in servo-id order; the bounds of `action_spec`
    are Table S1 of arXiv:2304.13653. Targets are clipped and filtered by
    `robot.action`, as on the robot; `prev_action` is what was really sent.
    """

    def _build(
        self,
        initializer: Any = None,
        *,
        name: str = "walker",
        marker_rgba: Sequence[float] | None = None,
        model: RobotModelConfig | None = None,
        filter_keep: float = PAPER_FILTER_KEEP,
    ) -> None:
        """Build the walker.

        Args:
            initializer: dm_control's pose initializer; None for `upright_pose`.
            name: of the MJCF model.
            marker_rgba: colour of the torso, to tell teams apart.
            model: how the robot is built; convex hulls are drawn in any case.
            filter_keep: of the action filter; 0 sends each action unfiltered.
        """
        super()._build(initializer=initializer)
        self._action = joint_target_action(filter_keep)
        spec = _walker_spec(model or RobotModelConfig(), marker_rgba)
        self._standing_height_m = _standing_height_m(spec)
        self._mjcf_root = mjcf.from_xml_string(
            spec.to_xml(), model_dir=str(asset_dir())
        )
        self._mjcf_root.model = name
        self._joints = self._named("joint", JOINT_NAMES)
        self._actuators = self._named("actuator", [f"{j}_act" for j in JOINT_NAMES])
        self._targets_rad = np.array([_STAND_RAD[name] for name in JOINT_NAMES])

    def _named(self, kind: str, names: Sequence[str]) -> tuple[Any, ...]:
        return tuple(self._mjcf_root.find(kind, name) for name in names)

    def _build_observables(self) -> "Op3Observables":
        return Op3Observables(self)

    @property
    def mjcf_model(self) -> Any:
        return self._mjcf_root

    @property
    def upright_pose(self) -> base.WalkerPose:
        """The bent-knee stand, lowest sole edge on the floor; qpos in model order."""
        joints = self._mjcf_root.find_all("joint", exclude_attachments=True)
        return base.WalkerPose(
            qpos=[_STAND_RAD[joint.name] for joint in joints],
            xpos=(0.0, 0.0, self._standing_height_m),
        )

    @property
    def actuators(self) -> tuple[Any, ...]:
        return self._actuators

    @property
    def observable_joints(self) -> tuple[Any, ...]:
        return self._joints

    @property
    def mocap_joints(self) -> tuple[Any, ...]:
        return self._joints

    @property
    def root_body(self) -> Any:
        return self._mjcf_root.find("body", TORSO)

    @property
    def end_effectors(self) -> tuple[Any, ...]:
        """Forearms, then feet, right before left."""
        return self._named("body", (*HANDS, *FOOT_BODIES))

    @property
    def ground_contact_geoms(self) -> tuple[Any, ...]:
        """The boxes of both soles."""
        return tuple(
            geom for foot in self._named("body", FOOT_BODIES) for geom in foot.geom
        )

    @property
    def marker_geoms(self) -> tuple[Any, ...]:
        return tuple(self.root_body.geom)

    @property
    def egocentric_camera(self) -> Any:
        return self._mjcf_root.find("camera", CAMERA)

    @property
    def prev_action(self) -> NDArray[np.float64]:
        """[20] joint targets sent in the previous step, after clip and filter, rad."""
        return self._targets_rad.copy()

    def aliveness(self, physics: Any) -> float:
        """0 upright, -1 upside down: half of (up_z - 1)."""
        return float((physics.bind(self.root_body).xmat[8] - 1.0) / 2.0)

    def initialize_episode(self, physics: Any, random_state: Any) -> None:
        super().initialize_episode(physics, random_state)
        self._hold(physics)

    def configure_joints(self, physics: Any, position: Any) -> None:
        """Put the joints at `position` (model order) and the servos' targets there."""
        super().configure_joints(physics, position)
        self._hold(physics)

    def apply_action(self, physics: Any, action: Any, random_state: Any) -> None:
        """Send joint targets [20] in rad, clipped to Table S1 and filtered."""
        wanted = np.asarray(action, dtype=np.float64)
        self._targets_rad = filtered_targets(self._action, wanted, self._targets_rad)
        physics.bind(self._actuators).ctrl = self._targets_rad

    def _hold(self, physics: Any) -> None:
        """Start the action filter from where the joints are."""
        qpos = np.asarray(physics.bind(self._joints).qpos)
        self._targets_rad = np.clip(qpos, self._action.min_rad, self._action.max_rad)
        physics.bind(self._actuators).ctrl = self._targets_rad


class Op3Observables(legacy_base.WalkerObservables):
    """What the OP3 has: no force, torque or range sensors; the papers' small camera."""

    @composer.observable
    def egocentric_camera(self) -> Any:
        width, height = _CAMERA_PX
        return observable.MJCFCamera(
            self._entity.egocentric_camera, width=width, height=height
        )

    @property
    def dynamic_sensors(self) -> list[Any]:
        return [self.sensors_touch, *self._collect_from_attachments("dynamic_sensors")]


def joint_target_action(filter_keep: float = PAPER_FILTER_KEEP) -> ActionSpec:
    """Actions that are joint targets in rad, all 20 joints in servo-id order.

    Raises:
        ValueError: a filter outside [0, 1).
    """
    spec = ActionSpec(
        joints=JOINT_NAMES,
        default_rad=(0.0,) * len(JOINT_NAMES),
        scale_rad=(1.0,) * len(JOINT_NAMES),
        min_rad=tuple(joint.min_rad for joint in OP3_JOINTS),
        max_rad=tuple(joint.max_rad for joint in OP3_JOINTS),
        filter_keep=filter_keep,
    )
    if faults := spec.faults():
        raise ValueError("; ".join(faults))
    return spec


def walk_environment(
    *,
    field: FieldSpec | None = None,
    time_limit_s: float = 30.0,
    random_state: int | np.random.RandomState | None = None,
) -> composer.Environment:
    """dm_control's GoToTarget with the OP3, on a floor as large as the pitch.

    The episode ends when anything but the soles touches the floor; reward 1 in each
    step within 0.5 m of the target.
    """
    field = field or FieldSpec()
    arena = floors.Floor(
        size=(field.half_length_m, field.half_width_m),
        top_camera_distance=_TOP_CAMERA_M,
    )
    physics = reference_arena(None)
    share_physics(arena.mjcf_model, arena.ground_geoms[0], physics)
    task = go_to_target.GoToTarget(
        walker=Op3Walker(),
        arena=arena,
        distance_tolerance=_TARGET_TOLERANCE_M,
        walker_spawn_rotation=distributions.Uniform(-np.pi, np.pi),
        physics_timestep=physics.model.opt.timestep,
        control_timestep=CONTROL_PERIOD_S,
    )
    return composer.Environment(
        task=task, time_limit=time_limit_s, random_state=random_state
    )


def reference_arena(field: FieldSpec | None) -> Arena:
    """Our own world without robots: where floor, ball and solver numbers come from."""
    config = ArenaConfig(robots=(), field=field, ball=field is not None)
    return build_arena(config)


def share_physics(mjcf_model: Any, floor: Any, reference: Arena) -> None:
    """Give a dm_control arena the solver and floor friction of `reference`.

    dm_control's arenas ask for elliptic cones and no-slip iterations, which would make
    the same robot slide and the same ball roll differently.
    """
    option = reference.model.opt
    integrator = mujoco.mjtIntegrator(option.integrator).name
    cone = mujoco.mjtCone(option.cone).name
    mjcf_model.option.integrator = integrator.removeprefix("mjINT_").lower()
    mjcf_model.option.cone = cone.removeprefix("mjCONE_").lower()
    mjcf_model.option.iterations = option.iterations
    mjcf_model.option.ls_iterations = option.ls_iterations
    mjcf_model.option.noslip_iterations = option.noslip_iterations
    floor.friction = reference.model.geom(FLOOR).friction


def _walker_spec(
    model: RobotModelConfig, marker_rgba: Sequence[float] | None
) -> mujoco.MjSpec:
    """Our robot without its free joint: tasks decide how a walker is attached."""
    if marker_rgba is not None:
        red, green, blue, alpha = marker_rgba
        model = replace(model, colour=(red, green, blue, alpha))
    spec = load_op3(replace(model, visuals="hulls"))
    torso = spec.body(TORSO)
    for joint in list(torso.joints):
        spec.delete(joint)
    torso.pos = [0.0, 0.0, 0.0]
    for geom in spec.geoms:
        geom.group = _WALKER_GROUP
    for first, second in SELF_COLLISION_EXCLUDED:
        spec.add_exclude(bodyname1=first, bodyname2=second)
    return spec


def _standing_height_m(spec: mujoco.MjSpec) -> float:
    """Torso height at which the lowest sole corner touches the floor, standing."""
    model = spec.compile()
    data = mujoco.MjData(model)
    for name, angle_rad in _STAND_RAD.items():
        data.joint(name).qpos = angle_rad
    mujoco.mj_kinematics(model, data)
    lowest = np.inf
    for body in FOOT_BODIES:
        for geom in spec.body(body).geoms:
            axes_z = data.geom(geom.name).xmat.reshape(3, 3)[2]
            reach = np.abs(axes_z) @ model.geom(geom.name).size
            lowest = min(lowest, data.geom(geom.name).xpos[2] - reach)
    return -float(lowest)
