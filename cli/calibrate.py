"""`op3-soccer calibrate STEP`: measure one robot. One module per step."""

from cli.commands import Command, CommandGroup


def _step(name: str, summary: str) -> Command:
    return Command(module=f"cli.calibrate_{name}", extra="match", summary=summary)


CALIBRATE = CommandGroup(
    summary="measure one robot: camera, joint zeros, servos, sensor board, delays",
    description=(
        "Each step guides you, can be cut off and started again without losing a "
        "measurement, leaves a report and writes its part of calibration.json. With "
        "--virtual a simulated OP3 with hidden faults is measured instead."
    ),
    commands={
        "board": _step("board", "boards as PDF, to print"),
        "servo": _step("servo", "gain, torque limit, friction, inertia, delay"),
        "camera": _step("camera", "intrinsics and distortion, from views of a board"),
        "head": _step("head", "the camera's pose on the head, pan and tilt zeros"),
        "zeros": _step("zeros", "all joint zeros, from plates on feet and hands"),
        "imu": _step("imu", "bias, mounting and noise of the sensor board"),
        "latency": _step("latency", "delays of bus, camera and gyro"),
        "check": _step("check", "has the robot changed since? what to do again"),
        "show": _step("show", "what a calibration file holds"),
    },
)
