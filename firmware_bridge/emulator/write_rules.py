"""Which values the emulated XM430 takes, beyond what the bytes can hold.

Source: value ranges of the XM430-W350 e-manual. What is not emulated is refused with a
data range error instead of being accepted without effect: operating modes other than
position control, drive modes and motion profiles.
"""

RANGES: dict[str, tuple[int, int]] = {
    "id": (0, 252),
    "baud_rate": (0, 7),
    "return_delay_time": (0, 254),
    "drive_mode": (0, 0),
    "operating_mode": (3, 3),
    "homing_offset": (-1_044_479, 1_044_479),
    "max_position_limit": (0, 4095),
    "min_position_limit": (0, 4095),
    "pwm_limit": (0, 885),
    "current_limit": (0, 1193),
    "velocity_limit": (0, 1023),
    "torque_enable": (0, 1),
    "led": (0, 1),
    "status_return_level": (0, 2),
    "velocity_i_gain": (0, 16383),
    "velocity_p_gain": (0, 16383),
    "position_d_gain": (0, 16383),
    "position_i_gain": (0, 16383),
    "position_p_gain": (0, 16383),
    "bus_watchdog": (0, 127),
    "profile_acceleration": (0, 0),
    "profile_velocity": (0, 0),
}
"""Register name to lowest and highest accepted value."""

SYMMETRIC_LIMITS: dict[str, str] = {
    "goal_pwm": "pwm_limit",
    "goal_current": "current_limit",
    "goal_velocity": "velocity_limit",
}
"""Goal register to the register that bounds its absolute value."""
