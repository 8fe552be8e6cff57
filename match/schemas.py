"""JSON schemas of the record's messages."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_NUMBER: Schema = {"type": "number"}
_INTEGER: Schema = {"type": "integer"}
_STRING: Schema = {"type": "string"}
_BOOLEAN: Schema = {"type": "boolean"}
_MAYBE_INTEGER: Schema = {"type": ["integer", "null"]}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


SCHEMAS: dict[str, Schema] = {
    "/match/setup": _object(
        rules={"type": "object"},
        field={"type": "object"},
        teams=_list({"type": "object"}),
    ),
    "/referee/command": _object(
        look=_INTEGER,
        order=_STRING,
        id=_STRING,
        by=_STRING,
    ),
    "/referee/decision": _object(
        number=_INTEGER,
        kind=_STRING,
        time_s=_NUMBER,
        rule=_STRING,
        team=_MAYBE_INTEGER,
        player=_MAYBE_INTEGER,
        reason=_STRING,
        evidence={"type": "object"},
        cause=_MAYBE_INTEGER,
        command=_STRING,
        placements=_list(
            _object(
                what=_STRING,
                team=_INTEGER,
                player=_INTEGER,
                x_m=_NUMBER,
                y_m=_NUMBER,
                yaw_rad=_NUMBER,
            )
        ),
    ),
    "/referee/state": _object(
        time_s=_NUMBER,
        phase=_STRING,
        period=_STRING,
        clock_s=_NUMBER,
        remaining_s=_NUMBER,
        score=_list(_INTEGER),
        restart=_STRING,
        kicking_team=_MAYBE_INTEGER,
        ball_in_play=_BOOLEAN,
        stopped=_BOOLEAN,
        removed=_list(_object(team=_INTEGER, player=_INTEGER)),
    ),
    "/match/observation": _object(
        look=_INTEGER,
        time_s=_NUMBER,
        ball_xyz_m=_list(_NUMBER),
        robots=_list(
            _object(
                team=_INTEGER,
                player=_INTEGER,
                x_m=_NUMBER,
                y_m=_NUMBER,
                yaw_rad=_NUMBER,
                fallen=_BOOLEAN,
                touching_ball=_BOOLEAN,
                hand_on_ball=_BOOLEAN,
                ball_cover=_NUMBER,
            )
        ),
        contacts={"type": "array"},
    ),
}
"""By topic. Other topics get the schema of their first message."""


def schema_of(message: Mapping[str, Any], *, title: str) -> Schema:
    """The schema that describes `message`: its fields and their types."""
    return {"title": title, **_describe(message)}


def _describe(value: Any) -> Schema:
    if isinstance(value, Mapping):
        return _object(**{key: _describe(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return _list(_describe(value[0])) if value else {"type": "array"}
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, int | float):
        return _NUMBER
    if isinstance(value, str):
        return _STRING
    return {}
