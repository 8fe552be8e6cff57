"""Is the policy fast enough? One slow step may happen; several, or a stuck one, not."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LatenessConfig:
    """When policy steps count as too slow (project's choices).

    Attributes:
        slow_s: a step that takes longer is late: one control period.
        stuck_s: a step that takes longer is one too many: the servos' watchdog trips
            after 100 ms.
        allowed: late steps within `window_s` that are survived.
        window_s: see `allowed`.
    """

    slow_s: float = 0.025
    stuck_s: float = 0.08
    allowed: int = 2
    window_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class LatenessState:
    """Clock times of the late steps within the window."""

    late_s: tuple[float, ...] = ()


def update(
    config: LatenessConfig, state: LatenessState, now_s: float, took_s: float
) -> tuple[LatenessState, bool]:
    """The state after a step that took `took_s`, and whether it is too much."""
    kept = tuple(t for t in state.late_s if now_s - t < config.window_s)
    if took_s > config.slow_s:
        kept = (*kept, now_s)
    too_late = took_s > config.stuck_s or len(kept) > config.allowed
    return LatenessState(late_s=kept), too_late
