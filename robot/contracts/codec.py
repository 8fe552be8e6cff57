"""Frozen dataclasses to plain JSON values and back, strictly."""

import types
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from robot.contracts.errors import raise_if_any

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dataclasses to dicts and tuples to lists, recursively."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: type[T], plain: Any, *, subject: str) -> T:
    """Build `kind` from JSON values.

    Raises:
        ContractError: unknown, missing or ill-typed fields; lists them all.
    """
    faults: list[str] = []
    value = _build(kind, plain, "", faults)
    raise_if_any(subject, faults)
    return value


def _build(kind: Any, plain: Any, where: str, faults: list[str]) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _build_dataclass(kind, plain, where, faults)
    if origin is tuple:
        return _build_tuple(kind, plain, where, faults)
    if origin in (Union, types.UnionType):
        if plain is None:
            return None
        (inner,) = (arg for arg in get_args(kind) if arg is not type(None))
        return _build(inner, plain, where, faults)
    if origin is dict:
        if not isinstance(plain, dict):
            faults.append(f"{where}: expected an object, found {plain!r}")
            return {}
        item_kind = get_args(kind)[1]
        return {
            key: _build(item_kind, item, f"{where}.{key}", faults)
            for key, item in plain.items()
        }
    if origin is Literal:
        if plain not in get_args(kind):
            choices = ", ".join(map(repr, get_args(kind)))
            faults.append(f"{where}: expected one of {choices}, found {plain!r}")
        return plain
    return _build_scalar(kind, plain, where, faults)


def _build_dataclass(kind: Any, plain: Any, where: str, faults: list[str]) -> Any:
    if not isinstance(plain, dict):
        faults.append(f"{where or kind.__name__}: expected an object, found {plain!r}")
        return None
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    prefix = f"{where}." if where else ""
    faults += [f"{prefix}{name}: unknown field" for name in plain if name not in known]
    count = len(faults)
    values = {}
    for name, field in known.items():
        if name in plain:
            values[name] = _build(hints[name], plain[name], prefix + name, faults)
        elif field.default is MISSING and field.default_factory is MISSING:
            faults.append(f"{prefix}{name}: expected a value, found none")
    if len(faults) > count:
        return None
    try:
        return kind(**values)
    except ValueError as error:
        faults.append(f"{where or kind.__name__}: {error}")
        return None


def _build_tuple(kind: Any, plain: Any, where: str, faults: list[str]) -> Any:
    if not isinstance(plain, list | tuple):
        faults.append(f"{where}: expected a list, found {plain!r}")
        return ()
    args = get_args(kind)
    if len(args) == 2 and args[1] is Ellipsis:
        kinds = (args[0],) * len(plain)
    elif len(args) == len(plain):
        kinds = args
    else:
        faults.append(f"{where}: expected {len(args)} items, found {len(plain)}")
        return ()
    return tuple(
        _build(item_kind, item, f"{where}[{index}]", faults)
        for index, (item_kind, item) in enumerate(zip(kinds, plain, strict=True))
    )


def _build_scalar(kind: Any, plain: Any, where: str, faults: list[str]) -> Any:
    accepted = (int, float) if kind is float else kind
    wrong_bool = isinstance(plain, bool) and kind is not bool
    if wrong_bool or not isinstance(plain, accepted):
        faults.append(f"{where}: expected {kind.__name__}, found {plain!r}")
        return plain
    return float(plain) if kind is float else plain
