"""The log's messages as Protocol Buffers, described in the file itself.

Foxglove decodes any protobuf message whose descriptor the file carries, and gives its
own panels to messages named as its published schemas: `foxglove.JointStates`,
`foxglove.CompressedImage` and `foxglove.Log` (names, fields and field numbers from
foxglove-sdk, schemas/proto). The others are this project's, in the package `op3`.
Protobuf instead of JSON: float32 arrays stay exact, which a replay needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.timestamp_pb2 import DESCRIPTOR as TIMESTAMP_FILE

CYCLE_TOPIC = "/robot/cycle"
POLICY_TOPIC = "/robot/policy"
SERVO_TOPIC = "/robot/servo"
JOINTS_TOPIC = "/robot/joints"
LOG_TOPIC = "/robot/log"
CAMERA_TOPIC = "/robot/camera"
PACKET_TOPIC = "/robot/packet"

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "double": _Field.TYPE_DOUBLE,
    "float": _Field.TYPE_FLOAT,
    "uint32": _Field.TYPE_UINT32,
    "int32": _Field.TYPE_INT32,
    "fixed32": _Field.TYPE_FIXED32,
    "bool": _Field.TYPE_BOOL,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}

_MESSAGES: dict[str, dict[int, tuple[str, str]]] = {
    # Joint arrays [20] in the order of robot.contracts.joints.JOINT_NAMES; the file's
    # metadata repeats that order.
    "op3.Cycle": {
        1: ("double", "time_s"),
        2: ("string", "mode"),
        3: ("string", "posture"),
        4: ("string", "skill"),
        5: ("repeated float", "position_rad"),
        6: ("repeated float", "velocity_rad_s"),
        7: ("repeated float", "current_a"),
        8: ("repeated float", "target_rad"),  # empty while torque is off
        9: ("repeated uint32", "silent"),  # indices of joints without an answer
        10: ("repeated uint32", "position_clamped"),  # indices
        11: ("repeated uint32", "velocity_clamped"),  # indices
        12: ("repeated float", "gyro_rad_s"),
        13: ("repeated float", "acceleration_m_s2"),
        14: ("repeated float", "gravity"),
        15: ("float", "voltage_v"),
        16: ("uint32", "buttons"),
        17: ("bool", "policy_step"),
        18: ("float", "late_s"),
        19: ("float", "read_s"),
        20: ("float", "decide_s"),
        21: ("float", "write_s"),
        22: ("float", "total_s"),
        23: ("uint32", "missed"),
        24: ("string", "request"),
        25: ("string", "fault"),
    },
    "op3.PolicyStep": {
        1: ("double", "time_s"),
        2: ("string", "skill"),
        3: ("uint32", "step"),
        4: ("repeated float", "observation"),
        5: ("repeated float", "action"),
        6: ("repeated float", "state"),  # before the step, flat; now and then
        7: ("bool", "has_state"),
        8: ("repeated float", "command"),
        9: ("float", "took_s"),
        10: ("bytes", "image"),  # RGB, row by row; empty for a policy that is blind
    },
    "op3.Servo": {
        1: ("double", "time_s"),
        2: ("string", "joint"),
        3: ("float", "voltage_v"),
        4: ("float", "temperature_c"),
        5: ("repeated string", "hardware_error"),
    },
    "op3.Packet": {
        1: ("double", "time_s"),
        2: ("string", "direction"),  # sent or received
        3: ("bytes", "data"),
    },
    "foxglove.JointState": {
        1: ("string", "name"),
        2: ("optional double", "position"),
        3: ("optional double", "velocity"),
        4: ("optional double", "acceleration"),
        5: ("optional double", "effort"),
    },
    "foxglove.JointStates": {
        1: ("time", "timestamp"),
        2: ("repeated foxglove.JointState", "joints"),
    },
    "foxglove.CompressedImage": {
        1: ("time", "timestamp"),
        2: ("bytes", "data"),
        3: ("string", "format"),
        4: ("string", "frame_id"),
    },
    "foxglove.Log": {
        1: ("time", "timestamp"),
        2: ("foxglove.Log.Level", "level"),
        3: ("string", "message"),
        4: ("string", "name"),
        5: ("string", "file"),
        6: ("fixed32", "line"),
    },
}
_LOG_LEVELS = ("UNKNOWN", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL")
INFO, WARNING, ERROR = 2, 3, 4
"""Values of foxglove.Log.Level."""

TOPICS: Mapping[str, str] = {
    CYCLE_TOPIC: "op3.Cycle",
    POLICY_TOPIC: "op3.PolicyStep",
    SERVO_TOPIC: "op3.Servo",
    JOINTS_TOPIC: "foxglove.JointStates",
    LOG_TOPIC: "foxglove.Log",
    CAMERA_TOPIC: "foxglove.CompressedImage",
    PACKET_TOPIC: "op3.Packet",
}
"""Message name by topic."""


@dataclass(frozen=True)
class Vocabulary:
    """Message classes and what a file says about them.

    Attributes:
        classes: generated class by message name.
        descriptor_set: serialized FileDescriptorSet that describes all of them.
    """

    classes: Mapping[str, Any]
    descriptor_set: bytes


def vocabulary() -> Vocabulary:
    """Build the messages of this module."""
    files = [_file(package) for package in ("foxglove", "op3")]
    described = descriptor_pb2.FileDescriptorSet()
    TIMESTAMP_FILE.CopyToProto(described.file.add())
    described.file.extend(files)
    serialized = described.SerializeToString(deterministic=True)
    return Vocabulary(
        classes=classes_of(serialized, _MESSAGES), descriptor_set=serialized
    )


def classes_of(descriptor_set: bytes, names: Any) -> dict[str, Any]:
    """Message classes by name, from a serialized FileDescriptorSet.

    Raises:
        google.protobuf.message.DecodeError: not a FileDescriptorSet.
        KeyError: a message that it does not describe.
        TypeError: descriptors that contradict each other.
    """
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        for name in names
    }


def _file(package: str) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto",
        package=package,
        syntax="proto3",
        dependency=[TIMESTAMP_FILE.name],
    )
    for full_name, fields in _MESSAGES.items():
        owner, _, name = full_name.partition(".")
        if owner != package:
            continue
        message = file.message_type.add(name=name)
        for number, (kind, field_name) in fields.items():
            _add_field(message, number, kind, field_name)
        if full_name == "foxglove.Log":
            level = message.enum_type.add(name="Level")
            for value, label in enumerate(_LOG_LEVELS):
                level.value.add(name=label, number=value)
    return file


def _add_field(
    message: descriptor_pb2.DescriptorProto, number: int, kind: str, name: str
) -> None:
    label, _, rest = kind.rpartition(" ")
    field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
    if label == "repeated":
        field.label = _Field.LABEL_REPEATED
    if label == "optional":  # proto3 keeps presence in a one-member oneof
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    if rest in _SCALARS:
        field.type = _SCALARS[rest]
    elif rest == "time":
        field.type = _Field.TYPE_MESSAGE
        field.type_name = ".google.protobuf.Timestamp"
    else:
        is_enum = rest.endswith(".Level")
        field.type = _Field.TYPE_ENUM if is_enum else _Field.TYPE_MESSAGE
        field.type_name = f".{rest}"
