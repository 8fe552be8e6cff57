"""Draws a finished match as `match.mp4`."""

from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from cli.match_insets import MujocoInsets, SceneInsets
from cli.match_log import MatchLog
from match.state import Decision, DecisionKind, Teams
from match.video import Caption, Team, VideoWriter, compose
from robot.contracts.game_control import GameState
from sim.arena import Arena
from sim.renderer import ArenaRenderer

FRAMES_PER_S = 25
BANNER_S = 2.0
COLOURS = ((36, 92, 214), (208, 48, 40))
_BANNERS = {
    DecisionKind.GOAL: "GOAL for {team}!",
    DecisionKind.PLAYING: "play",
    DecisionKind.BALL_STUCK: "ball stuck: dropped ball",
    DecisionKind.BALL_OUT: "ball out: dropped ball",
    DecisionKind.INCAPABLE: "{team}: incapable robot",
    DecisionKind.NO_GOAL: "no goal",
    DecisionKind.PUSHING: "{team}: pushing",
    DecisionKind.THROW_IN: "throw-in {team}",
    DecisionKind.GOAL_KICK: "goal kick {team}",
    DecisionKind.CORNER_KICK: "corner kick {team}",
    DecisionKind.DIRECT_FREE_KICK: "free kick {team}",
    DecisionKind.INDIRECT_FREE_KICK: "free kick {team}",
    DecisionKind.PENALTY_KICK: "penalty kick {team}",
    DecisionKind.OVERRULED: "overruled",
    DecisionKind.FINISHED: "full time",
}
_LABELS = {
    GameState.INITIAL: "initial",
    GameState.READY: "ready",
    GameState.SET: "set",
    GameState.PLAYING: "playing",
    GameState.FINISHED: "finished",
}


def write_video(
    path: Path, arena: Arena, log: MatchLog, teams: Teams, scene: Path | None = None
) -> None:
    """Render every frame; a progress bar runs along. Ctrl-C keeps what is written.

    Args:
        scene: where the robots' own pictures are drawn; None for MuJoCo's.

    Raises:
        SceneError: see `SceneInsets`.
    """
    shown = tuple(
        Team(name=team.name, colour=colour)
        for team, colour in zip(teams, COLOURS, strict=True)
    )
    with ArenaRenderer(arena) as renderer, VideoWriter(path, FRAMES_PER_S) as writer:
        own = SceneInsets(arena, scene) if scene else MujocoInsets(renderer)
        for frame in track(log.frames, "drawing"):
            renderer.pose(frame.qpos)
            caption = Caption(
                clock_s=frame.state.clock_s,
                score=frame.state.score,
                state=_LABELS[frame.state.phase],
                banner=_banner(frame.time_s, log.decisions, teams),
            )
            picture = compose(
                renderer.broadcast(),
                own(frame.qpos),
                (shown[0], shown[1]),
                caption,
            )
            writer.add(picture)


def _banner(time_s: float, decisions: Sequence[Decision], teams: Teams) -> str:
    names = {team.number: team.name for team in teams}
    for decision in reversed(decisions):
        if decision.time_s > time_s or decision.kind not in _BANNERS:
            continue
        if time_s - decision.time_s > BANNER_S:
            return ""
        team = names.get(decision.team, "") if decision.team is not None else ""
        return _BANNERS[decision.kind].format(team=team)
    return ""
