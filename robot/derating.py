"""Less torque for warm servos and a tired battery, before either has to stop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_PWM = 885
"""Goal PWM of 100 % (XM430-W350, registers 36 and 100)."""


@dataclass(frozen=True, kw_only=True)
class DeratingConfig:
    """Where torque begins to fall, where it is least, and how far it falls.

    In position control the servo never exceeds its Goal PWM (register 100), which is
    what this changes. All values are the project's choice, below the servo's own limits
    (80 degC, 9.5 V).

    Attributes:
        torque_share: of full PWM, when all is well.
        least_share: what is left at the far end of either range.
        warm_c: above it, torque falls.
        hot_c: from there on it is least.
        sag_v: below it, torque falls: 3.5 V per cell.
        empty_v: from there on it is least.
        average_s: time constant of the voltage, which dips with every step.
        step: torque changes in steps of this share, to spare the bus.
    """

    torque_share: float = 1.0
    least_share: float = 0.5
    warm_c: float = 60.0
    hot_c: float = 72.0
    sag_v: float = 10.5
    empty_v: float = 9.6
    average_s: float = 1.0
    step: float = 0.05

    def __post_init__(self) -> None:
        faults = []
        if not 0 < self.least_share <= self.torque_share <= 1:
            faults.append(
                "expected 0 < least_share <= torque_share <= 1, found "
                f"{self.least_share} and {self.torque_share}"
            )
        if not self.warm_c < self.hot_c:
            faults.append(
                f"expected warm_c < hot_c, found {self.warm_c} and {self.hot_c}"
            )
        if not 0 < self.empty_v < self.sag_v:
            faults.append(
                f"expected 0 < empty_v < sag_v, found {self.empty_v} and {self.sag_v}"
            )
        if not (self.average_s > 0 and 0 < self.step < 1):
            faults.append(
                f"expected average_s > 0 and step in (0, 1), found {self.average_s} "
                f"and {self.step}"
            )
        if faults:
            raise ValueError("DeratingConfig: " + "; ".join(faults))


def averaged(
    config: DeratingConfig, average_v: float, voltage_v: float, dt_s: float
) -> float:
    """The voltage's average `dt_s` later; the first value where there is none (NaN)."""
    if np.isnan(average_v):
        return voltage_v
    return average_v + (voltage_v - average_v) * min(dt_s / config.average_s, 1.0)


def shares(
    config: DeratingConfig, temperature_c: NDArray[np.float64], average_v: float
) -> NDArray[np.float64]:
    """Share [20] of full torque each servo may give; unknown (NaN) counts as well."""
    warmth = (temperature_c - config.warm_c) / (config.hot_c - config.warm_c)
    tiredness = (config.sag_v - average_v) / (config.sag_v - config.empty_v)
    strain = np.maximum(np.nan_to_num(warmth), np.nan_to_num(tiredness))
    lost = np.clip(strain, 0, 1) * (config.torque_share - config.least_share)
    # Rounded up in loss, so that a little too warm already counts.
    steps = np.ceil(lost / config.step - 1e-9)
    return np.maximum(config.torque_share - steps * config.step, config.least_share)


def pwm_of(share: NDArray[np.float64]) -> NDArray[np.int64]:
    """Goal PWM registers [20]."""
    return np.rint(share * FULL_PWM).astype(np.int64)
