"""A pitch with robots and a ball, compiled, with an index of everything by name."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import mujoco

from robot.contracts.field import FieldSpec
from sim.model_index import (
    BallIndex,
    RobotColumns,
    RobotIndex,
    index_ball,
    index_robot,
    stack_robots,
)
from sim.pitch import FLOOR, add_ball, add_pitch
from sim.robot_model import TORSO, RobotModelConfig, load_op3

HOME_RGBA = (0.10, 0.35, 0.85, 1.0)
AWAY_RGBA = (0.85, 0.15, 0.12, 1.0)
SELF_COLLISION_EXCLUDED = (
    # Neighbours two links apart whose hulls overlap by design of the hulls.
    ("l_hip_roll_link", "l_knee_link"),
    ("r_hip_roll_link", "r_knee_link"),
)


@dataclass(frozen=True, kw_only=True)
class RobotPlace:
    """A robot in the arena: its name prefix and its build."""

    name: str
    config: RobotModelConfig = field(default_factory=RobotModelConfig)

    @property
    def prefix(self) -> str:
        return f"{self.name}_"


@dataclass(frozen=True, kw_only=True)
class ArenaConfig:
    """What to build.

    Attributes:
        robots: one entry each; names become prefixes of all their MuJoCo names.
        field: pitch geometry; None for an endless plane without lines (walking tasks).
        ball: whether there is one.
        timestep_s: physics step, 5 ms (five per 40 Hz control step).
        offscreen_px: largest width and height a renderer may ask for.
    """

    robots: tuple[RobotPlace, ...]
    field: FieldSpec | None = field(default_factory=FieldSpec)
    ball: bool = True
    timestep_s: float = 0.005
    offscreen_px: tuple[int, int] = (1280, 720)


@dataclass(frozen=True, kw_only=True)
class Arena:
    """A compiled world and where its parts lie in MuJoCo's arrays."""

    config: ArenaConfig
    spec: mujoco.MjSpec
    model: mujoco.MjModel
    robots: tuple[RobotIndex, ...]
    ball: BallIndex | None

    @cached_property
    def columns(self) -> RobotColumns:
        """Of all robots."""
        return stack_robots(self.robots)


def match_arena(
    pitch: FieldSpec | None = None, robot: RobotModelConfig | None = None
) -> Arena:
    """The 1v1 arena: robots `home` (blue) and `away` (red), a ball, full contacts.

    Args:
        pitch: its geometry.
        robot: how both are built, but for their colours.
    """
    robot = robot or RobotModelConfig()
    robots = (
        RobotPlace(name="home", config=replace(robot, colour=HOME_RGBA)),
        RobotPlace(name="away", config=replace(robot, colour=AWAY_RGBA)),
    )
    return build_arena(ArenaConfig(robots=robots, field=pitch or FieldSpec()))


def build_arena(config: ArenaConfig) -> Arena:
    """Compile the world of `config`."""
    spec = mujoco.MjSpec()
    spec.modelname = "op3_soccer"
    _set_options(spec, config)
    if config.field is None:
        _add_plane(spec)
    else:
        add_pitch(spec, config.field)
    for place in config.robots:
        robot = load_op3(place.config)
        _exclude_overlaps(robot)
        frame = spec.worldbody.add_frame()
        spec.attach(robot, prefix=place.prefix, frame=frame)
    if config.ball:
        add_ball(spec, config.field or FieldSpec())
    model = spec.compile()
    return Arena(
        config=config,
        spec=spec,
        model=model,
        robots=tuple(index_robot(model, place.prefix) for place in config.robots),
        ball=index_ball(model) if config.ball else None,
    )


def _set_options(spec: mujoco.MjSpec, config: ArenaConfig) -> None:
    spec.option.timestep = config.timestep_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # Warm-started Newton: 10 iterations stay below 1e-6 of the converged step here.
    spec.option.iterations = 10
    spec.option.ls_iterations = 20
    spec.visual.global_.offwidth, spec.visual.global_.offheight = config.offscreen_px
    # Software OpenGL pays per shadow texel and per sample: 1024 still shows where a
    # foot touches, and a frame without multisampling takes half the time.
    spec.visual.quality.shadowsize = 1024
    spec.visual.quality.offsamples = 0
    spec.visual.headlight.ambient = [0.35, 0.35, 0.35]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.worldbody.add_light(
        pos=[0, 0, 6],
        dir=[0.15, 0.1, -1],
        diffuse=[0.6, 0.6, 0.6],
        castshadow=True,
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
    )
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.55, 0.62, 0.70],
        rgb2=[0.25, 0.28, 0.33],
        width=128,
        height=768,
    )


def _add_plane(spec: mujoco.MjSpec) -> None:
    spec.worldbody.add_geom(
        name=FLOOR,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 1],
        friction=[0.8, 0.005, 0.0001],
        rgba=[0.25, 0.45, 0.28, 1],
    )


def _exclude_overlaps(robot: mujoco.MjSpec) -> None:
    for first, second in SELF_COLLISION_EXCLUDED:
        robot.add_exclude(bodyname1=first, bodyname2=second)


__all__ = [
    "AWAY_RGBA",
    "HOME_RGBA",
    "TORSO",
    "Arena",
    "ArenaConfig",
    "RobotPlace",
    "build_arena",
    "match_arena",
]
