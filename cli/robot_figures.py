"""Pictures of one robot's log: tracking, temperatures, voltage, timing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from robot.record.log_reader import Log
from robot.record.schemas import CYCLE_TOPIC, LOG_TOPIC, POLICY_TOPIC, SERVO_TOPIC
from robot.record.schemas import ERROR as ERROR_LEVEL

FloatArray = NDArray[np.float64]
_MEASURED, _WANTED, _BAD = "#1f6fb4", "#d9822b", "#b3261e"
_QUIET = "#8a8f98"
_MODE_SHADES = {
    "ready": "#eef1f5",
    "armed": "#fdf1d8",
    "playing": "#e4f3e6",
    "damped": "#efe5f7",
    "fault": "#fbdcd9",
}
_PIXELS_PER_LINE = 4000
"""More points than this along one line are thinned: no picture is that wide."""


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """The bus cycles of a log as columns; time starts at its first cycle.

    Attributes:
        start_s: clock time of the first cycle.
        time_s: [T].
        modes: [T].
        position_rad: [T, 20].
        target_rad: [T, 20]; NaN while torque was off.
    """

    start_s: float
    time_s: FloatArray
    modes: NDArray[np.str_]
    position_rad: FloatArray
    target_rad: FloatArray


def cycles_of(log: Log) -> Cycles:
    """The columns most pictures need."""
    time_s = log.column(CYCLE_TOPIC, "time_s")
    position = log.column(CYCLE_TOPIC, "position_rad")
    target = log.column(CYCLE_TOPIC, "target_rad")
    return Cycles(
        start_s=float(time_s[0]),
        time_s=time_s - time_s[0],
        modes=log.column(CYCLE_TOPIC, "mode"),
        position_rad=position,
        # No cycle had torque on: the columns are empty.
        target_rad=target if target.size else np.full_like(position, np.nan),
    )


def write_figures(log: Log, folder: Path) -> tuple[Path, ...]:
    """Draw all pictures as PNG into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    cycles = cycles_of(log)
    drawers: dict[str, Callable[[Log, Cycles], Figure]] = {
        "tracking": draw_tracking,
        "temperatures": draw_temperatures,
        "voltage": draw_voltage,
        "timing": draw_timing,
    }
    paths = []
    for name, draw in drawers.items():
        path = folder / f"{name}.png"
        figure = draw(log, cycles)
        _explain_shades(figure, cycles)
        figure.savefig(path, dpi=110)
        paths.append(path)
    return tuple(paths)


def tracking_error_rad(cycles: Cycles) -> FloatArray:
    """[20] root mean square of target minus position while torque was on."""
    error = cycles.target_rad - cycles.position_rad
    driven = np.isfinite(error).all(axis=1)
    if not driven.any():
        return np.full(error.shape[1], np.nan)
    return np.sqrt(np.mean(error[driven] ** 2, axis=0))


def draw_tracking(log: Log, cycles: Cycles) -> Figure:
    """Target and measured angle of every joint."""
    figure = Figure(figsize=(16, 11), layout="constrained")
    axes = figure.subplots(5, 4, sharex=True).ravel()
    errors = tracking_error_rad(cycles)
    thin = _thinned(len(cycles.time_s))
    for index, (name, ax) in enumerate(zip(log.joints, axes, strict=True)):
        _shade_modes(ax, cycles)
        for label, values, colour in (
            ("target", cycles.target_rad, _WANTED),
            ("measured", cycles.position_rad, _MEASURED),
        ):
            ax.plot(
                cycles.time_s[thin], values[thin, index], color=colour, lw=0.9,
                label=label,
            )  # fmt: skip
        ax.set_title(f"{name}   rms {np.degrees(errors[index]):.2f} deg", fontsize=9)
        ax.tick_params(labelsize=8)
        ax.margins(x=0)
    for ax in axes[-4:]:
        ax.set_xlabel("s")
    for ax in axes[::4]:
        ax.set_ylabel("rad")
    axes[0].legend(fontsize=8, loc="upper right")
    figure.suptitle("Joint targets and measured angles")
    return figure


def draw_temperatures(log: Log, cycles: Cycles) -> Figure:
    """Every servo's temperature, the warmest named."""
    figure = Figure(figsize=(11, 6), layout="constrained")
    ax = figure.subplots()
    _shade_modes(ax, cycles)
    lines = _temperatures(log, cycles.start_s)
    for line in lines.values():
        ax.plot(*line.T, lw=1.0, color=_QUIET, alpha=0.6)
    warmest = sorted(lines, key=lambda name: -lines[name][-1, 1])[:3]
    for name, colour in zip(warmest, (_BAD, _WANTED, _MEASURED), strict=False):
        label = f"{name} {lines[name][-1, 1]:.0f}"
        ax.plot(*lines[name].T, lw=1.6, color=colour, label=label)
    if lines:
        ax.legend(title="warmest at the end, °C", fontsize=9)
    else:
        ax.text(
            0.5, 0.5, "no temperatures in this log", transform=ax.transAxes, ha="center"
        )
    ax.set(xlabel="s", ylabel="°C", title=f"Temperatures of {len(lines)} servos")
    ax.margins(x=0)
    return figure


def _temperatures(log: Log, start_s: float) -> dict[str, FloatArray]:
    """[n, 2] seconds and degrees, by joint."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for message in log.topic(SERVO_TOPIC):
        row = (message.time_s - start_s, message.temperature_c)
        rows.setdefault(message.joint, []).append(row)
    return {joint: np.array(pairs) for joint, pairs in rows.items()}


def draw_voltage(log: Log, cycles: Cycles) -> Figure:
    """Battery voltage, and the motors' summed current."""
    figure = Figure(figsize=(11, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    thin = _thinned(len(cycles.time_s))
    time_s = cycles.time_s[thin]
    upper.plot(
        time_s, log.column(CYCLE_TOPIC, "voltage_v")[thin], color=_MEASURED, lw=1
    )
    servos = log.topic(SERVO_TOPIC)
    if servos:
        upper.plot(
            [m.time_s - cycles.start_s for m in servos],
            [m.voltage_v for m in servos],
            ".", ms=2, color=_QUIET, label="at the servos",
        )  # fmt: skip
        upper.legend(fontsize=9)
    upper.set(ylabel="V", title="Battery voltage")
    current = np.abs(log.column(CYCLE_TOPIC, "current_a")).sum(axis=1)
    lower.plot(time_s, current[thin], color=_WANTED, lw=0.8)
    lower.set(xlabel="s", ylabel="A", title="Sum of the motors' currents, magnitudes")
    for ax in (upper, lower):
        _shade_modes(ax, cycles)
        ax.margins(x=0)
    return figure


def draw_timing(log: Log, cycles: Cycles) -> Figure:
    """How late cycles start and how long they, their parts and the policy take."""
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplot_mosaic([["time", "time"], ["parts", "policy"]])
    upper = axes["time"]
    _shade_modes(upper, cycles)
    thin = _thinned(len(cycles.time_s))
    for name, colour in (("late_s", _BAD), ("total_s", _MEASURED)):
        values = 1e3 * log.column(CYCLE_TOPIC, name)[thin]
        upper.plot(
            cycles.time_s[thin], values, ".", ms=2, color=colour, label=name[:-2]
        )
    missed = log.column(CYCLE_TOPIC, "missed")
    upper.set(xlabel="s", ylabel="ms")
    upper.set_title(
        f"{len(cycles.time_s)} cycles, {int(missed.max())} deadlines missed"
    )
    upper.legend(fontsize=9, loc="upper right")
    upper.margins(x=0)
    for time_s in _errors(log, cycles.start_s):
        upper.axvline(time_s, color=_BAD, lw=1)
    _histogram(axes["parts"], _cycle_parts(log), "parts of a cycle")
    late = log.column(CYCLE_TOPIC, "late_s")
    asked = {"policy": log.column(POLICY_TOPIC, "took_s"), "late": late}
    _histogram(axes["policy"], asked, "policy, and lateness of a cycle")
    return figure


def _cycle_parts(log: Log) -> dict[str, FloatArray]:
    names = ("read", "decide", "write", "total")
    return {name: log.column(CYCLE_TOPIC, f"{name}_s") for name in names}


def _histogram(ax: Axes, parts: dict[str, FloatArray], title: str) -> None:
    drawn = False
    for (name, values), colour in zip(
        parts.items(), (_MEASURED, _WANTED, _QUIET, "black"), strict=False
    ):
        known = 1e3 * values[np.isfinite(values)] if values.size else values
        if not known.size:
            continue
        drawn = True
        p99 = np.percentile(known, 99)
        ax.hist(
            known, bins=80, histtype="step", color=colour, log=True,
            label=f"{name}: p99 {p99:.2f}, max {known.max():.2f} ms",
        )  # fmt: skip
    if drawn:
        ax.legend(fontsize=8)
    else:
        ax.text(0.5, 0.5, "not measured", transform=ax.transAxes, ha="center")
    ax.set(xlabel="ms", ylabel="count", title=title)


def _errors(log: Log, start_s: float) -> Iterator[float]:
    for message in log.topic(LOG_TOPIC):
        if message.level == ERROR_LEVEL:
            yield message.timestamp.seconds + message.timestamp.nanos * 1e-9 - start_s


def _shade_modes(ax: Axes, cycles: Cycles) -> None:
    """Colour the background by mode."""
    changes = np.flatnonzero(cycles.modes[1:] != cycles.modes[:-1]) + 1
    edges = [0, *changes.tolist(), len(cycles.modes) - 1]
    for first, last in pairwise(edges):
        shade = _MODE_SHADES.get(str(cycles.modes[first]))
        if shade is not None:
            ax.axvspan(cycles.time_s[first], cycles.time_s[last], color=shade, lw=0)


def _explain_shades(figure: Figure, cycles: Cycles) -> None:
    """One legend entry per mode that occurs, below the picture."""
    modes = [mode for mode in _MODE_SHADES if (cycles.modes == mode).any()]
    patches = [Patch(facecolor=_MODE_SHADES[mode], label=mode) for mode in modes]
    if patches:
        figure.legend(handles=patches, loc="outside lower center", ncols=len(patches))


def _thinned(count: int) -> slice:
    return slice(None, None, max(1, count // _PIXELS_PER_LINE))
