"""The get-up teacher: from any posture to a target pose, in the end to standing.

After arXiv:2304.13653 (stage "get-up teacher", Tables S2 and S3). Deviations:

| paper | here | reason |
|---|---|---|
| start: lying on the ground | chest, back, left side, right side; a share tilted between standing and lying, a share standing; recorded states on request | a reverse curriculum: from lying alone a trial of this project never stood up |
| targets: key poses of the scripted front and back get-ups, interpolated | any list of motions; the default is one from a crouch to the stand | the scripts belong to the robot; a caller passes them as `motions` |
| target changes at exponential intervals (1.5 s); "standing" once trained | the same until `standing_from_s`, from then on standing, in every episode | every episode then shows whether it stands |
| pose term p, gravity term g; "minus" between them, gravity's zero at pi/2 (table) or pi (formula) | p x g, zero at pi | the paper's return climbs as a positive product would |
| p = (pi - distance)/pi, negative beyond pi | cut at 0 | otherwise a better orientation would cost far from the pose |
| end of an episode: unknown | only the time limit, 10 s | nothing to protect: a get-up may fall and try again |
| actor input 267 + 23 | 245 + 23: proprioception and target; with `game_layout` 267 + 23, all about ball, opponent and goals zero (Table S2 would make 290) | nothing of the game helps to rise; the longer one is for a network shared with the match |
| reward weight 1 | the sum is scaled by the control period, 0.025 s | as in the soccer tasks; returns then stay below 2.5 at discount 0.99 |
"""  # noqa: E501

import math
from dataclasses import dataclass, field
from typing import Any

from robot import rotations
from robot.contracts.policy import ActionSpec, ObservationSpec
from sim.arena import ArenaConfig, RobotPlace
from sim.tasks import tables
from sim.tasks.body_state import BODY_TERMS, EPISODE_TERMS, body_terms, critic_term
from sim.tasks.draws import draw_index
from sim.tasks.getup_starts import GetupStarts, start_getup
from sim.tasks.poses import CROUCH_RAD, JointPose
from sim.tasks.task import Actions, Outcome, Placement, Random
from sim.tasks.view import STAND_RAD, RobotView, WorldView

Array = Any

_JOINTS = len(STAND_RAD)


@dataclass(frozen=True, kw_only=True)
class TargetPose:
    """A posture to reach.

    Attributes:
        name: for the reader.
        joint_rad: twenty angles, canonical order.
        gravity: unit vector of gravity, torso frame.
    """

    name: str
    joint_rad: JointPose
    gravity: tuple[float, float, float] = (0.0, 0.0, -1.0)

    def __post_init__(self) -> None:
        length = math.hypot(*self.gravity)
        if len(self.joint_rad) != _JOINTS or abs(length - 1) > 1e-3:
            raise ValueError(
                f"TargetPose {self.name}: expected {_JOINTS} joint angles and a "
                f"gravity of length 1, found {len(self.joint_rad)} and {length:.3f}"
            )


STANDING = TargetPose(name="standing", joint_rad=STAND_RAD)
CROUCHING = TargetPose(name="crouching", joint_rad=CROUCH_RAD)


@dataclass(frozen=True, kw_only=True)
class GetupMemory:
    """What is asked for now.

    Attributes:
        target_rad: [B, 20] joint angles.
        target_gravity: [B, 3].
        switch_in_s: [B] until the next target is drawn.
    """

    target_rad: Array
    target_gravity: Array
    switch_in_s: Array


@dataclass(frozen=True, kw_only=True)
class GetupTask:
    """One robot on an endless floor.

    Attributes:
        starts: postures an episode begins in.
        motions: key poses in the order of a movement; a target is drawn between two
            neighbours of one of them.
        standing_share: targets that are `standing` (the rest come from `motions`).
        switch_mean_s: mean time between two targets, exponential (paper: 1.5 s).
        standing_from_s: from this time on the target is `standing`; 0 for always.
        target_pose: weight of the reward (Table S3, column get-up).
        game_layout: observe the game's numbers too: all zeros, but for the own velocity
            (the torso's true one).
        control_period_s: 25 ms (paper).
        episode_s: time limit (chosen).
    """

    starts: GetupStarts = field(default_factory=GetupStarts)
    motions: tuple[tuple[TargetPose, ...], ...] = ((CROUCHING, STANDING),)
    standing_share: float = 0.5
    switch_mean_s: float = 1.5
    standing_from_s: float = 6.0
    target_pose: float = 1.0
    game_layout: bool = False
    control_period_s: float = 0.025
    episode_s: float = 10.0

    def __post_init__(self) -> None:
        if not self.motions or not all(self.motions):
            raise ValueError(
                "GetupTask.motions: expected one or more, each with one pose or more, "
                f"found {len(self.motions)} of lengths "
                f"{[len(motion) for motion in self.motions]}"
            )

    @property
    def name(self) -> str:
        return "getup"

    @property
    def arena(self) -> ArenaConfig:
        return ArenaConfig(robots=(RobotPlace(name="op3"),), field=None, ball=False)

    @property
    def agents(self) -> tuple[int, ...]:
        return (0,)

    @property
    def observation(self) -> ObservationSpec:
        """268 numbers; 290 with `game_layout`."""
        game = tables.game_state() if self.game_layout else ()
        return ObservationSpec(terms=tables.proprioception() + game + tables.target())

    @property
    def privileged(self) -> ObservationSpec:
        """True body state, both clocks, and this episode's randomization."""
        clocks = (
            critic_term("switch_in", 1, "s", "none", 1.5),
            critic_term("time_left", 1, "1", "none"),
        )
        return ObservationSpec(terms=BODY_TERMS + clocks + EPISODE_TERMS)

    @property
    def action(self) -> ActionSpec:
        return tables.full_action()

    def begin(self, random: Random, count: int) -> tuple[Placement, GetupMemory]:
        placement = start_getup(random, count, self.starts)
        drawn = self._drawn(random, count)
        time_s = 0 * drawn.switch_in_s
        return placement, self._settled(drawn, time_s)

    def first(
        self, memory: GetupMemory, view: WorldView
    ) -> dict[str, dict[str, Array]]:
        """Terms of the first observation."""
        return {
            "terms": self._terms(memory, view.robots),
            "privileged": self._privileged(memory, 0 * memory.switch_in_s, view),
        }

    def advance(
        self,
        random: Random,
        memory: GetupMemory,
        time_s: Array,
        view: WorldView,
        actions: Actions,
    ) -> Outcome:
        """Judge one step by the target it was made for, then draw the next one."""
        xp = time_s.__array_namespace__()
        reached = pose_reward(memory, view.robots)
        following = self._switched(random, memory, time_s)
        return Outcome(
            memory=following,
            rewards={"target_pose": self.target_pose * reached},
            scale=self.control_period_s,
            terminated=xp.zeros(time_s.shape, dtype=xp.bool),
            terms=self._terms(following, view.robots),
            privileged=self._privileged(following, time_s, view),
        )

    def _switched(
        self, random: Random, memory: GetupMemory, time_s: Array
    ) -> GetupMemory:
        xp = time_s.__array_namespace__()
        left = memory.switch_in_s - self.control_period_s
        # Half a step of slack against rounding of summed steps.
        now = left < self.control_period_s / 2
        drawn = self._drawn(random, time_s.shape[0])
        column = now[:, None]
        mixed = GetupMemory(
            target_rad=xp.where(column, drawn.target_rad, memory.target_rad),
            target_gravity=xp.where(
                column, drawn.target_gravity, memory.target_gravity
            ),
            switch_in_s=xp.where(now, drawn.switch_in_s, left),
        )
        return self._settled(mixed, time_s)

    def _settled(self, memory: GetupMemory, time_s: Array) -> GetupMemory:
        """Standing as the target where the time has come."""
        xp = time_s.__array_namespace__()
        late = time_s >= self.standing_from_s - self.control_period_s / 2
        dtype = memory.target_rad.dtype
        stand = xp.asarray(STANDING.joint_rad, dtype=dtype)
        up = xp.asarray(STANDING.gravity, dtype=dtype)
        return GetupMemory(
            target_rad=xp.where(late[:, None], stand, memory.target_rad),
            target_gravity=xp.where(late[:, None], up, memory.target_gravity),
            switch_in_s=xp.where(late, self.episode_s, memory.switch_in_s),
        )

    def _drawn(self, random: Random, count: int) -> GetupMemory:
        """Targets: standing, or a point between two key poses of a motion."""
        draw = random.uniform((count, 4))
        xp = draw.__array_namespace__()

        def table(rows: list[Any]) -> Array:
            return xp.asarray(rows, dtype=draw.dtype)

        keys = [pose for motion in self.motions for pose in motion]
        lengths = [len(motion) for motion in self.motions]
        begins = xp.asarray([sum(lengths[:m]) for m in range(len(lengths))])
        motion = draw_index(draw[:, 1], len(lengths))
        last = xp.asarray(lengths)[motion] - 1
        along = draw[:, 2] * last
        lower = xp.floor(along).astype(last.dtype)
        share = (along - lower)[:, None]
        low = begins[motion] + lower
        high = begins[motion] + xp.minimum(lower + 1, last)
        pose = table([key.joint_rad for key in keys])
        gravity = table([key.gravity for key in keys])
        mixed = (1 - share) * gravity[low] + share * gravity[high]
        length = xp.sqrt(xp.sum(mixed * mixed, axis=-1, keepdims=True))
        stands = (draw[:, 0] < self.standing_share)[:, None]
        return GetupMemory(
            target_rad=xp.where(
                stands,
                table(list(STANDING.joint_rad)),
                (1 - share) * pose[low] + share * pose[high],
            ),
            target_gravity=xp.where(
                stands,
                table(list(STANDING.gravity)),
                mixed / xp.clip(length, 1e-6, None),
            ),
            switch_in_s=-self.switch_mean_s * xp.log(1 - draw[:, 3]),
        )

    def _terms(self, memory: GetupMemory, robots: RobotView) -> dict[str, Array]:
        terms = {
            "target_pose": memory.target_rad[:, None, :],
            "target_gravity": memory.target_gravity[:, None, :],
        }
        if self.game_layout:
            zero = 0 * robots.position_m[..., :2]
            terms |= {term.name: zero for term in tables.game_state()}
            terms["own_velocity"] = rotations.into_heading(
                robots.velocity_m_s[..., :2], robots.heading_rad
            )
        return terms

    def _privileged(
        self, memory: GetupMemory, time_s: Array, view: WorldView
    ) -> dict[str, Array]:
        left = 1 - time_s / self.episode_s
        return body_terms(view.robots) | {
            "switch_in": memory.switch_in_s[:, None, None],
            "time_left": left[:, None, None],
        }


def pose_reward(target: GetupMemory, robots: RobotView) -> Array:
    """[B, R] in 0..1: closeness of the joints times closeness of the orientation.

    p = max(0, (pi - |q_target - q|) / pi) over all twenty joints (Euclidean norm, rad),
    g = (pi - angle between both gravity vectors) / pi.
    """
    xp = robots.joint_rad.__array_namespace__()
    offset = robots.joint_rad - target.target_rad[:, None, :]
    distance = xp.sqrt(xp.sum(offset * offset, axis=-1))
    cosine = xp.sum(robots.gravity * target.target_gravity[:, None, :], axis=-1)
    angle = xp.acos(xp.clip(cosine, -1.0, 1.0))
    pose = xp.clip((math.pi - distance) / math.pi, 0.0, 1.0)
    return pose * (math.pi - angle) / math.pi
