"""The panel's text as HTML. All that comes from outside is escaped."""

from collections.abc import Iterable
from html import escape

from match.decisions import Decision
from match.page.colours import JERSEYS, css, ink_on
from match.page.view import PageView, RobotHealth, ServoHealth
from match.teams import Team
from robot.contracts.game_control import (
    GameControl,
    GamePhase,
    GameState,
    Penalty,
    PlayerInfo,
    SetPlay,
)

WARM_C = 60.0
HOT_C = 72.0
"""Where a temperature is marked: `robot.derating` takes torque away between the two."""
LOW_V = 10.5
"""Below it a voltage is marked: there `robot.derating` begins (3.5 V per cell)."""

_DECISIONS_SHOWN = 30
_STYLE = """<style>
.op3 { padding: .1rem .8rem .5rem; font: 14px/1.4 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
.op3 .board { display: flex; align-items: stretch; gap: .5rem; }
.op3 .team { flex: 1; min-width: 0; border-radius: 8px; padding: .35rem .6rem;
  font-weight: 600; display: flex; align-items: center; overflow-wrap: anywhere;
  line-height: 1.2; }
.op3 .team:last-child { justify-content: flex-end; text-align: right; }
.op3 .score { font-size: 2rem; font-weight: 700; line-height: 1.25;
  white-space: nowrap; }
.op3 .phase { display: flex; justify-content: space-between; gap: .6rem;
  margin-top: .45rem; }
.op3 .clock { font-weight: 700; }
.op3 .soft { opacity: .65; }
.op3 .small { font-size: 12px; }
.op3 ol { list-style: none; margin: 0; padding: 0; }
.op3 li { border-left: 4px solid #8885; padding: .15rem 0 .25rem .6rem;
  margin-bottom: .3rem; }
.op3 li b { margin-right: .4rem; }
.op3 li div { overflow-wrap: anywhere; }
.op3 li.undone { text-decoration: line-through; opacity: .55; }
.op3 table { border-collapse: collapse; width: 100%; margin-bottom: .6rem; }
.op3 th, .op3 td { text-align: right; padding: .12rem .35rem;
  border-bottom: 1px solid #8883; font-weight: 400; }
.op3 th:first-child, .op3 td:first-child { text-align: left; padding-left: 0; }
.op3 th { opacity: .65; }
.op3 h4 { margin: .4rem 0 .2rem; font-size: 14px; }
.op3 .warm { color: #c77700; font-weight: 700; }
.op3 .hot { color: #e03131; font-weight: 700; }
@media (max-width: 640px) {
  /* The library's bottom sheet: as wide as the phone, the pitch above it. */
  div[style*="position: fixed"][style*="bottom: 0"],
  div[style*="position: fixed"][style*="bottom: 0"] div[style*="width: 20em"] {
    width: 100% !important; }
  div[style*="position: fixed"][style*="bottom: 0"] { max-height: 55% !important; }
}
@media (pointer: coarse) {
  .mantine-Button-root { min-height: 2.6em; font-size: 15px; }
}
</style>"""


def _page(body: str) -> str:
    return f'{_STYLE}<div class="op3">{body}</div>'


WAITING = _page('<div class="soft">Waiting for the match.</div>')


def score_board(view: PageView) -> str:
    """Teams, score, clock, phase, and who is out."""
    home, away = view.teams
    goals = view.score
    return _page(
        f'<div class="board">{_plate(home)}'
        f'<div class="score" data-op3="score">{goals[0]} : {goals[1]}</div>'
        f"{_plate(away)}</div>"
        f'<div class="phase"><span data-op3="phase">{escape(phase_text(view))}</span>'
        f'<span class="clock">{_clock(view.control.secs_remaining)}</span></div>'
        f"{_absent(view)}"
    )


def phase_text(view: PageView) -> str:
    """What is being played, in words."""
    control = view.control
    words = [_state_words(control)]
    if control.set_play is not SetPlay.NONE:
        words.append(control.set_play.name.lower().replace("_", " "))
    elif control.kicking_team is not None and control.state is not GameState.FINISHED:
        words.append("kick-off")
    if control.kicking_team is not None and control.state is not GameState.FINISHED:
        words[-1] += f" {view.team_name(control.kicking_team)}"
    if control.secondary_time > 0:
        words.append(f"{control.secondary_time} s")
    return " · ".join(words)


def penalty_text(info: PlayerInfo) -> str:
    """A penalty and the time it still lasts, where it has an end."""
    left_s = info.secs_till_unpenalised
    return info.penalty.value + (f" {left_s} s" if left_s else "")


def _state_words(control: GameControl) -> str:
    if control.game_phase is GamePhase.TIMEOUT:
        return "time-out"
    words = control.state.name.lower()
    if control.game_phase is GamePhase.PENALTY_SHOOT_OUT:
        words = f"shoot-out, {words}"
    elif control.game_phase is GamePhase.EXTRA_TIME:
        words = f"extra time, {words}"
    return f"{words}, STOPPED" if control.stopped else words


def decision_list(view: PageView) -> str:
    """Latest first."""
    if not view.decisions:
        return _page('<div class="soft">No decisions yet.</div>')
    undone = {ruling.number for ruling in view.rulings if ruling.undone_by}
    rows = [
        _decision(view, decision, undone=decision.number in undone)
        for decision in reversed(view.decisions[-_DECISIONS_SHOWN:])
    ]
    return _page(f'<ol data-op3="decisions">{"".join(rows)}</ol>')


def health_tables(health: Iterable[RobotHealth], view: PageView) -> str:
    """One table per robot."""
    parts = []
    for robot in health:
        name = f"{view.team_name(robot.team)} {robot.player}"
        rows = "".join(_servo(servo) for servo in robot.servos)
        parts.append(
            f"<h4>{escape(name)}</h4><table><tr><th>joint</th><th>°C</th><th>V</th>"
            f"<th>A</th></tr>{rows}</table>"
        )
    return _page(
        "".join(parts) or '<div class="soft">No robot has reported its servos.</div>'
    )


def _plate(team: Team) -> str:
    colour = JERSEYS[team.colour]
    style = f"background:{css(colour)};color:{ink_on(colour)}"
    return f'<div class="team" style="{style}">{escape(team.name)}</div>'


def _absent(view: PageView) -> str:
    rows = []
    for team in view.teams:
        for player, info in enumerate(view.control.team(team.number).players, 1):
            words = []
            if info.penalty not in (Penalty.NONE, Penalty.SUBSTITUTE):
                words.append(penalty_text(info))
            if info.cautions:
                words.append(f"{info.cautions} caution{'s' * (info.cautions > 1)}")
            if words:
                rows.append(f"{team.name} {player}: {', '.join(words)}")
    lines = "".join(f"<div>{escape(row)}</div>" for row in rows)
    return f'<div class="soft" data-op3="absent">{lines}</div>' if rows else ""


def _decision(view: PageView, decision: Decision, *, undone: bool) -> str:
    colour, who = "#8885", ""
    for team in view.teams:
        if team.number == decision.team:
            colour, who = css(JERSEYS[team.colour]), team.name
    if decision.player is not None:
        who += f" {decision.player}"
    mark = ' class="undone"' if undone else ""
    return (
        f'<li{mark} style="border-color:{colour}"><b>{escape(decision.kind.value)}</b>'
        f'{escape(who)} <span class="soft">{decision.time_s:.1f} s · '
        f"#{decision.number}</span><div>{escape(decision.reason)}</div>"
        f"{_grounds(decision)}</li>"
    )


def _grounds(decision: Decision) -> str:
    """Rule and evidence, small."""
    facts = [f"{name} {value:.4g}" for name, value in decision.evidence]
    words = " · ".join([decision.rule, *facts] if decision.rule else facts)
    return f'<div class="soft small">{escape(words)}</div>' if words else ""


def _servo(servo: ServoHealth) -> str:
    errors = f'<div class="hot">{escape(", ".join(servo.errors))}</div>'
    return (
        f"<tr><td>{escape(servo.joint)}{errors if servo.errors else ''}</td>"
        f"<td{_warmth(servo.temperature_c)}>{_number(servo.temperature_c, '.0f')}</td>"
        f"<td{_charge(servo.voltage_v)}>{_number(servo.voltage_v, '.1f')}</td>"
        f"<td>{_number(servo.current_a, '+.2f')}</td></tr>"
    )


def _warmth(temperature_c: float | None) -> str:
    if temperature_c is None or temperature_c < WARM_C:
        return ""
    return f' class="{"hot" if temperature_c >= HOT_C else "warm"}"'


def _charge(voltage_v: float | None) -> str:
    return ' class="hot"' if voltage_v is not None and voltage_v < LOW_V else ""


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _clock(seconds: int) -> str:
    sign = "-" if seconds < 0 else ""
    return f"{sign}{abs(seconds) // 60}:{abs(seconds) % 60:02d}"
