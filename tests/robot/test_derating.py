"""Less torque for warm servos and a tired battery."""

import numpy as np
import pytest

from robot.derating import DeratingConfig, averaged, pwm_of, shares

CONFIG = DeratingConfig()
COOL = np.full(20, 40.0)


def knee_at(temperature_c):
    temperatures = COOL.copy()
    temperatures[13] = temperature_c
    return temperatures


@pytest.mark.parametrize(
    ("temperature_c", "share"),
    [
        (60.0, 1.0),
        # A tenth of the way from 60 to 72 degC loses a tenth of 0.5, one step of 0.05.
        (61.2, 0.95),
        # Half way: half of 0.5.
        (66.0, 0.75),
        (66.1, 0.70),
        (72.0, 0.5),
        (90.0, 0.5),
        (np.nan, 1.0),
    ],
)
def test_a_warm_servo_gives_less_and_the_others_all(temperature_c, share):
    found = shares(CONFIG, knee_at(temperature_c), 11.1)
    assert found[13] == pytest.approx(share)
    assert np.delete(found, 13) == pytest.approx(np.ones(19))


@pytest.mark.parametrize(
    ("voltage_v", "share"),
    # From 10.5 to 9.6 V; 10.05 V is half way.
    [(10.5, 1.0), (10.05, 0.75), (9.6, 0.5), (8.0, 0.5), (float("nan"), 1.0)],
)
def test_a_tired_battery_spares_all_servos(voltage_v, share):
    assert shares(CONFIG, COOL, voltage_v) == pytest.approx(np.full(20, share))


def test_the_registers_hold_the_share_of_885():
    # 0.75 * 885 = 663.75
    assert pwm_of(np.array([1.0, 0.75, 0.5])).tolist() == [885, 664, 442]


def test_the_voltage_is_averaged_over_its_time_constant():
    assert averaged(CONFIG, float("nan"), 11.0, 0.2) == 11.0
    # A fifth of the way in a fifth of the time constant.
    assert averaged(CONFIG, 11.0, 10.0, 0.2) == pytest.approx(10.8)


def test_impossible_settings_are_all_told():
    with pytest.raises(ValueError, match=r"least_share(.|\n)*warm_c < hot_c"):
        DeratingConfig(least_share=0.0, warm_c=80.0)
