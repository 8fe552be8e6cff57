"""Least squares over threaded rollouts: the law that explains a limb's recordings.

Gauss-Newton on angles and currents, each weighted by its noise, with the nominal servo
as a prior: what the motions do not show stays nominal and keeps its wide sigma.

Each servo's readings are fitted by its own numbers. How a servo's numbers change its
neighbours' motion is small and left out of the Jacobian, not of the model: every second
joint of a limb is varied in one rollout, and the residual is that of the whole limb.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.motion_player import Recording
from calibration.servo import parameters
from calibration.servo.limb_model import LimbModel, LimbTrack
from calibration.servo.motions import PERIOD_S, QUIET_S
from firmware_bridge.units import RAD_PER_TICK
from robot.contracts.actuator import ServoCalibration

FloatArray = NDArray[np.float64]
_ZERO = parameters.NAMES.index("zero_rad")
_LONGEST_STEP = 2.0
"""In spreads."""
_APART = 2
"""Joints that are varied in one rollout lie so many apart in their limb."""
_MOST_DAMPING = 100.0
_TRIED = (0.1, 1.0, 10.0, 100.0)
"""Factors on the last damping that are tried side by side."""
_JUMP_RAD = 0.004
_JUMP_ROWS = 4
"""Longer than any delay: 32 ms."""


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How to fit; project's choices.

    Attributes:
        iterations: at most.
        damping: of the first step, as Levenberg and Marquardt damp.
        step: of the finite differences, in spreads.
        current_sigma_a: noise of a current reading, quantization included.
        trust: weight of the readings, as if their noise were 1 / trust times as large:
            what the limb model leaves out is no white noise and must not outvote the
            prior.
        enough: a joint whose cost an iteration lowers by no more is done; 1 is what
            one standard deviation of one number costs. All done end the fit.
        zero_sigma_rad: how well the zeros are known beforehand. 0.03: not at all;
            0.006: from `calibrate zeros`.
        free: names of what is fitted; the rest stays.
    """

    iterations: int = 20
    damping: float = 0.001
    step: float = 0.02
    current_sigma_a: float = 0.015
    trust: float = 0.5
    enough: float = 0.5
    zero_sigma_rad: float = 0.03
    free: tuple[str, ...] = parameters.NAMES

    @property
    def prior(self) -> FloatArray:
        """[COUNT] weight of each scaled number's distance from nominal."""
        ratio = parameters.FITTED[_ZERO].spread / self.zero_sigma_rad
        weights = np.ones(parameters.COUNT)
        weights[_ZERO] = ratio**2
        return weights

    @property
    def steps(self) -> FloatArray:
        """[COUNT] of the finite differences."""
        steps = np.full(parameters.COUNT, self.step)
        # A zero acts through the load alone: less would drown in stick and slip.
        steps[_ZERO] *= 10
        return steps


@dataclass(frozen=True, kw_only=True)
class LimbFit:
    """A limb as fitted. Rows: the limb's joints.

    Attributes:
        joints: the limb's.
        table: [n, COUNT] values, `parameters.NAMES`.
        covariance: [n, COUNT, COUNT] of the scaled values.
        noise_rad: [n] rms noise of the angle readings at rest.
        residual_rad: [n] rms of what is left of the angles.
        fitted: which joints were fitted.
    """

    joints: tuple[str, ...]
    table: FloatArray
    covariance: FloatArray
    noise_rad: FloatArray
    residual_rad: FloatArray
    fitted: tuple[str, ...]


def fit_limb(
    model: LimbModel,
    recordings: Sequence[Recording],
    servos: ServoCalibration,
    joints: tuple[str, ...],
    config: FitConfig | None = None,
    start: FloatArray | None = None,
) -> LimbFit:
    """Fit the servos `joints` of the model's limb; the others stay as they are.

    Args:
        model: the limb.
        recordings: of motions that moved `joints`.
        servos: the prior's centre.
        joints: those of the limb to fit.
        config: see there.
        start: [n, COUNT] values to start from and be drawn to, instead of `servos`.
    """
    config = config or FitConfig()
    problem = _Problem(model, recordings, servos, joints, config, start)
    x = np.zeros_like(problem.base)
    residual = problem.residual([x])[0]
    jacobian = problem.jacobian(x, residual)
    damping = np.full(len(x), config.damping)
    rows = np.arange(len(x))
    for _ in range(config.iterations):
        cost = problem.costs(residual, x)
        # Each joint goes its own way: one that overshot must not hold up the others.
        wanted = np.stack(
            [
                x + _steps(jacobian, residual, x, problem, damping * factor)
                for factor in _TRIED
            ]
        )
        costs = [
            problem.costs(found, tried)
            for found, tried in zip(problem.residual(list(wanted)), wanted, strict=True)
        ]
        best = np.argmin(costs, axis=0)
        better = np.min(costs, axis=0) < cost
        damping = damping * np.where(better, np.array(_TRIED)[best], _TRIED[-1] * 10)
        if not better.any():
            if damping.min() > _MOST_DAMPING:
                break
            continue
        x = np.where(better[:, None], wanted[best, rows], x)
        residual = problem.residual([x])[0]
        lowered = cost - problem.costs(residual, x)
        if np.where(better, lowered < config.enough, damping > _MOST_DAMPING).all():
            break
        jacobian = problem.jacobian(x, residual)
    return problem.result(x, residual, jacobian)


def angle_errors(
    model: LimbModel,
    recordings: Sequence[Recording],
    servos: ServoCalibration,
    table: FloatArray,
) -> tuple[list[LimbTrack], FloatArray]:
    """What the law says of recordings, and [n] its rms error in angle."""
    law = parameters.law_of(table, servos, model.joints)
    tracks = [model.follow([law], recording) for recording in recordings]
    errors = [
        (recording.angle_rad[:, model.columns] - track.angle_rad[0])[judged(recording)]
        for recording, track in zip(recordings, tracks, strict=True)
    ]
    return tracks, np.sqrt((np.concatenate(errors) ** 2).mean(axis=0))


def judged(recording: Recording) -> slice:
    """Rows after the rest at the start, where friction may hold a joint anywhere."""
    return slice(round(QUIET_S / PERIOD_S), len(recording.read_s))


def angle_noise(recordings: Sequence[Recording], columns: NDArray) -> FloatArray:
    """[n] rms noise of angle readings, from the rests the motions begin with."""
    rest = slice(0, round(QUIET_S / PERIOD_S))
    spread = [r.angle_rad[rest][:, columns].var(axis=0) for r in recordings]
    return np.sqrt(np.maximum(np.mean(spread, axis=0), RAD_PER_TICK**2 / 12))


class _Problem:
    """Residuals [n, R] of n joints, and their derivatives by own numbers."""

    def __init__(
        self,
        model: LimbModel,
        recordings: Sequence[Recording],
        servos: ServoCalibration,
        joints: tuple[str, ...],
        config: FitConfig,
        start: FloatArray | None,
    ):
        self.base = parameters.nominal(servos, model.joints) if start is None else start
        self.free = np.array(
            [
                [joint in joints and name in config.free for name in parameters.NAMES]
                for joint in model.joints
            ]
        )
        self.prior = config.prior
        self._fitted = joints
        self._model, self._servos, self._config = model, servos, config
        self._recordings = recordings
        self.noise_rad = angle_noise(recordings, model.columns)

    def residual(self, xs: list[FloatArray]) -> FloatArray:
        """[B, n, R] weighted residuals under B sets of scaled values."""
        laws = [
            parameters.law_of(
                parameters.values(self.base, x), self._servos, self._model.joints
            )
            for x in xs
        ]
        trust = self._config.trust
        angle_sigma = self.noise_rad / trust
        current_sigma = self._config.current_sigma_a / trust
        parts = []
        for recording in self._recordings:
            track, rows = self._model.follow(laws, recording), judged(recording)
            angle = recording.angle_rad[:, self._model.columns] - track.angle_rad
            current = recording.current_a[:, self._model.columns] - track.current_a
            parts.append((angle / angle_sigma)[:, rows])
            calm = _calm(recording.goal_rad[:, self._model.columns])
            parts.append((calm * current / current_sigma)[:, rows])
        return np.concatenate(parts, axis=1).transpose(0, 2, 1)

    def jacobian(self, x: FloatArray, residual: FloatArray) -> FloatArray:
        """[n, R, COUNT] forward differences."""
        varied = []
        for first in range(_APART):
            for column in range(parameters.COUNT):
                moved = x.copy()
                moved[first::_APART, column] += self._config.steps[column]
                varied.append(moved)
        changed = self.residual(varied)
        found = np.empty((*residual.shape, parameters.COUNT))
        for first in range(_APART):
            block = changed[first * parameters.COUNT :][: parameters.COUNT]
            change = block[:, first::_APART] - residual[first::_APART]
            found[first::_APART] = change.transpose(1, 2, 0) / self._config.steps
        return found

    def costs(self, residual: FloatArray, x: FloatArray) -> FloatArray:
        """[n] of each joint, prior included."""
        return (residual**2).sum(axis=1) + (self.prior * x**2).sum(axis=1)

    def result(
        self, x: FloatArray, residual: FloatArray, jacobian: FloatArray
    ) -> LimbFit:
        """Values and uncertainties at x."""
        count = parameters.COUNT
        covariance = np.zeros((len(x), count, count))
        for row, free in enumerate(self.free):
            if not free.any():
                continue
            by = jacobian[row][:, free]
            # Residuals above the noise mean that the law falls short: sigmas grow.
            scale = max(1.0, float((residual[row] ** 2).mean()))
            inverse = np.linalg.inv(by.T @ by / scale + np.diag(self.prior[free]))
            covariance[row][np.ix_(free, free)] = inverse
        table = parameters.values(self.base, x)
        _, errors = angle_errors(self._model, self._recordings, self._servos, table)
        return LimbFit(
            joints=self._model.joints,
            table=table,
            covariance=covariance,
            noise_rad=self.noise_rad,
            residual_rad=errors,
            fitted=self._fitted,
        )


def _calm(goal_rad: FloatArray) -> NDArray[np.bool_]:
    """[T, n] where the current tells something: no change of the goal is on its way.

    A current reading is from before the jump or from after it: as a function of the
    delay the residual would be a staircase, which no Gauss-Newton step climbs.
    """
    jump = np.abs(np.diff(goal_rad, axis=0, prepend=goal_rad[:1])) > _JUMP_RAD
    calm = np.ones(goal_rad.shape, bool)
    for later in range(_JUMP_ROWS):
        calm[later:] &= ~jump[: len(jump) - later]
    return calm


def _steps(
    jacobian: FloatArray,
    residual: FloatArray,
    x: FloatArray,
    problem: _Problem,
    damping: FloatArray,
) -> FloatArray:
    """[n, COUNT] Levenberg-Marquardt step of each joint, prior included."""
    step = np.zeros_like(x)
    for row, which in enumerate(problem.free):
        if not which.any():
            continue
        by, prior = jacobian[row][:, which], problem.prior[which]
        normal = by.T @ by + np.diag(prior)
        normal += damping[row] * np.diag(np.diag(normal))
        slope = by.T @ residual[row] + prior * x[row, which]
        wanted = -np.linalg.solve(normal, slope)
        step[row, which] = wanted / max(1.0, np.abs(wanted).max() / _LONGEST_STEP)
    return step
