"""`op3-soccer robot ACTION`: the commands of the robot's own computer."""

from cli.commands import Command, CommandGroup

ROBOT = CommandGroup(
    summary="check, set up, run and stop a robot, real or virtual",
    description=(
        "For the robot's own computer; `pip install '.[robot]'` is enough. With "
        "--virtual a simulated OP3 answers on a pseudo-terminal instead; that needs "
        "the match extra."
    ),
    commands={
        "check": Command(
            module="cli.robot_check",
            extra="robot",
            summary="everything that must be right before torque goes on: a table",
        ),
        "setup": Command(
            module="cli.robot_setup",
            extra="robot",
            summary="write the servos' EEPROM settings, with dump and restore",
        ),
        "run": Command(
            module="cli.robot_run", extra="robot", summary="run a policy on the robot"
        ),
        "stop": Command(
            module="cli.robot_stop",
            extra="robot",
            summary="stop a running robot, or switch torque off over the bus",
        ),
        "pose": Command(
            module="cli.robot_pose",
            extra="robot",
            summary="move slowly to a pose, hold it, go limp",
        ),
        "replay": Command(
            module="cli.robot_replay",
            extra="robot",
            summary="a log through the same policy: where actions differ",
        ),
        "plot": Command(
            module="cli.robot_plot",
            extra="match",
            summary="a log as pictures: joints, temperatures, timing",
        ),
        "parity": Command(
            module="cli.robot_parity",
            extra="match",
            summary="one bundle in the training environment and in the runtime",
        ),
    },
)
