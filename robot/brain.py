"""From what a robot feels and hears to its joint targets: one decision, pure."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from robot import control_loop, game_senses, shot, tactics
from robot.attitude import AttitudeState
from robot.contracts.camera import Image
from robot.contracts.errors import ContractError
from robot.contracts.field import FieldSpec
from robot.contracts.game_control import GameControl, RobotStatus
from robot.contracts.sensors import SensorFrame
from robot.contracts.tracker import TrackerFrame
from robot.control_loop import LoopState
from robot.fall import Posture
from robot.game_senses import Look
from robot.player import Player
from robot.shot import ShotConfig
from robot.skills import SkillConfig, SkillRequest
from robot.tactics import TacticsConfig, TacticsState
from robot.world import BLIND, Game, WorldView, game_of, view_of


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a robot is in the match.

    Attributes:
        team: team number.
        player: jersey number, 1 to 20.
    """

    team: int
    player: int = 1


@dataclass(frozen=True, kw_only=True)
class BrainConfig:
    """Settings of all decisions.

    Attributes:
        tracker_stale_s: age at which a tracker frame no longer counts.
        velocity_s: time over which velocities on the pitch are measured: 5 mm of
            tracker noise on both ends make 0.07 m/s of 0.1 s, but 0.28 m/s of the 25 ms
            that training differences over.
        referee_lost_s: time without a packet about this robot after which no game is
            on; the GameController sends two a second.
    """

    tactics: TacticsConfig = field(default_factory=TacticsConfig)
    shot: ShotConfig = field(default_factory=ShotConfig)
    skills: SkillConfig = field(default_factory=SkillConfig)
    pitch: FieldSpec = field(default_factory=FieldSpec)
    tracker_stale_s: float = 0.5
    velocity_s: float = 0.1
    referee_lost_s: float = 2.0


@dataclass(frozen=True, kw_only=True)
class BrainState:
    """What a robot remembers between two decisions.

    Attributes:
        game: last heard from the referee.
        game_s: clock time of that.
        view: of the world, from the last fresh tracker frame.
        view_s: clock time that frame came in.
        looks: the last tracker frames, oldest first, as far as velocities need them.
        ball_s: clock time the ball was last seen; None if never.
        request: the tactics' last wish.
        blocked: another robot stood in the way to the ball at the last decision.
        kicks: the tactics had the last steps to a kick then.
        free: nobody else was after the ball then.
    """

    loop: LoopState
    tactics: TacticsState = field(default_factory=TacticsState)
    game: Game = field(default_factory=Game)
    game_s: float = float("-inf")
    view: WorldView = BLIND
    view_s: float = float("-inf")
    looks: tuple[Look, ...] = ()
    ball_s: float | None = None
    request: SkillRequest = field(default_factory=SkillRequest)
    blocked: bool = False
    kicks: bool = False
    free: bool = False


def start(player: Player, targets_rad: NDArray[np.float64]) -> BrainState:
    """A robot that stands, holds `targets_rad` [20] and has heard nothing."""
    return BrainState(loop=control_loop.start(player, targets_rad))


def hear(
    config: BrainConfig,
    identity: Identity,
    state: BrainState,
    control: GameControl | None,
    frame: TrackerFrame | None,
    now_s: float,
) -> BrainState:
    """The state after messages that came in (None: nothing new).

    Packets about other teams are ignored; an old view and an old game are forgotten.
    """
    side = state.game.attacks_positive_x
    state = _with_game(config, identity, state, control, now_s)
    if state.game.attacks_positive_x != side:
        # The frames before were seen from the other side.
        state = replace(state, looks=())
    if frame is not None:
        view = view_of(
            frame,
            team=identity.team,
            player=identity.player,
            attacks_positive_x=state.game.attacks_positive_x,
        )
        ball_s = state.ball_s if view.ball is None else now_s
        look = Look(time_s=frame.time_s, view=view)
        looks = game_senses.looked(state.looks, look, config.velocity_s)
        return replace(state, view=view, view_s=now_s, looks=looks, ball_s=ball_s)
    if now_s - state.view_s > config.tracker_stale_s and state.view is not BLIND:
        return replace(state, view=BLIND, looks=())
    return state


def _with_game(
    config: BrainConfig,
    identity: Identity,
    state: BrainState,
    control: GameControl | None,
    now_s: float,
) -> BrainState:
    if control is not None:
        try:
            game = game_of(control, team=identity.team, player=identity.player)
            return replace(state, game=game, game_s=now_s)
        except ContractError:
            pass
    lost = now_s - state.game_s > config.referee_lost_s
    if lost and state.game.phase != "initial":
        # The side of the pitch stays known; all else waits for the referee.
        game = Game(attacks_positive_x=state.game.attacks_positive_x)
        return replace(state, game=game)
    return state


def think(
    config: BrainConfig,
    identity: Identity,
    player: Player,
    state: BrainState,
    sensors: SensorFrame,
    attitude: AttitudeState,
    posture: Posture,
    order: SkillRequest | None = None,
    image: Image | None = None,
) -> tuple[BrainState, NDArray[np.float64]]:
    """One policy step; the next one is due after `control_loop.period_s`.

    Args:
        order: overrules what the tactics wish; None lets them decide.
        image: as the player's camera takes it; None if there is no new one.

    Returns:
        The next state and the joint targets [20] in rad, canonical order.
    """
    tactics_config = _tactics_for(config.tactics, player)
    tactics_state, request = tactics.decide(
        tactics_config,
        config.pitch,
        state.tactics,
        state.view,
        state.game,
        posture,
        player=identity.player,
        dt_s=control_loop.period_s(player, state.loop),
    )
    game = None
    blocked = tactics.is_blocked(config.tactics, state.view, already=state.blocked)
    # A policy that is symmetric by construction has no side to pass on: the tactics
    # lead round whoever stands in the way.
    passes = blocked and posture == "upright"
    kicks = _leads_to_kick(config, player, tactics_state, state)
    free = tactics.is_free(config.tactics, config.pitch, state.view, already=state.free)
    walks_up = free and tactics_state.plan != "dribble" and _may_lead(player)
    careful = kicks or walks_up
    if order is not None:
        request = order
    elif _shoots(config, player, state, posture):
        request = replace(request, kind="kick")
    elif not (passes or careful) and game_senses.plays(
        player.score, state.game, state.looks, posture
    ):
        request = SkillRequest(kind="score")
        game = game_senses.terms(config.pitch, state.looks)
    if order is None:
        aside = (
            shot.direction(config.shot, config.pitch, state.view)
            if player.kick_aims
            else tactics.direction(config.tactics, config.pitch, state.view)
        )
        request = replace(request, kick_direction_rad=aside)
    pose, ball = state.view.pose, state.view.ball
    seen = None if pose is None or ball is None else pose.to_torso(ball)
    loop, targets = control_loop.tick(
        player,
        config.skills,
        state.loop,
        sensors,
        attitude,
        posture,
        request,
        seen,
        image,
        game,
    )
    following = replace(
        state,
        loop=loop,
        tactics=tactics_state,
        request=request,
        blocked=blocked,
        kicks=kicks,
        free=free,
    )
    return following, targets


def _tactics_for(config: TacticsConfig, player: Player) -> TacticsConfig:
    """For the skills of this player."""
    walk, kick = player.walk.spec.command, player.kick.spec.kick
    return tactics.fitted(config, walk.least, kick)


def _shoots(
    config: BrainConfig, player: Player, state: BrainState, posture: Posture
) -> bool:
    """A kick that aims begins now, whoever else plays the ball."""
    able = player.kick_aims and posture == "upright" and state.game.may_play
    return able and shot.may_begin(config.shot, config.pitch, state.view)


def _may_lead(player: Player) -> bool:
    """The tactics may walk to a kick; not for a policy that plays whole games, nor to a
    kick that begins in mid-stride."""
    whole = player.score is not None and player.score.spec.gets_up
    return not whole and not player.kick_aims


def _leads_to_kick(
    config: BrainConfig, player: Player, now: TacticsState, state: BrainState
) -> bool:
    """The tactics have the robot's last steps to a kick."""
    return _may_lead(player) and tactics.leads_to_kick(
        config.tactics, config.pitch, now, state.view, already=state.kicks
    )


def status_of(
    identity: Identity, state: BrainState, posture: Posture, now_s: float
) -> RobotStatus:
    """What the robot tells the referee; the pitch's centre if it knows no place."""
    pose, ball = state.view.pose, state.view.ball
    place, ahead, left = (0.0, 0.0, 0.0), 0.0, 0.0
    if pose is not None:
        place = (1000 * pose.x_m, 1000 * pose.y_m, pose.yaw_rad)
        if ball is not None:
            ahead, left = pose.to_torso(ball)
    return RobotStatus(
        player=identity.player,
        team=identity.team,
        fallen=posture != "upright",
        pose_mm_rad=place,
        ball_age_s=-1.0 if state.ball_s is None else now_s - state.ball_s,
        ball_mm=(1000 * ahead, 1000 * left),
    )
