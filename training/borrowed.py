"""An actor that begins as the policy of a bundle, and learns on from there."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from robot.contracts.policy import ActionSpec, ObservationSpec, ObservationTerm
from training.bundle_network import read_network
from training.corrected_kick import read_correction
from training.run_folder import RunError


def actor_of_bundle(
    bundle: str, observation: ObservationSpec, action: ActionSpec, actor: Any
) -> Any:
    """`actor`'s parameters with the network of a bundle; its spread stays.

    What the bundle's policy does not observe counts for nothing at first, and what only
    that policy observes is 0 to it: a walk without its command stands.

    Args:
        bundle: of a learned policy, shipped (by its name) or in a folder.
        observation, action: of the actor.
        actor: its parameters, as `training.networks.GaussianActor` has them.

    Raises:
        RunError: no such policy, or its joints, its scales of a common term or its
            layers are others.
    """
    network = read_network(bundle)
    spec = network.spec
    if spec.action != action:
        raise RunError(
            f"{bundle}: expected a policy with the action of this task, found "
            f"{spec.action}"
        )
    (first, bias), *others = network.layers
    weights = _rows(bundle, np.asarray(first), spec.observation, observation)
    return _with_layers(bundle, actor, [(weights, bias), *others])


def actor_of_correction(bundle: str, observation: ObservationSpec, actor: Any) -> Any:
    """`actor`'s parameters with the network that corrects the kick of a bundle; its
    spread stays.

    What the bundle's correction does not observe counts for nothing at first.

    Args:
        bundle: shipped (by its name) or in a folder.
        observation: of the kick that is corrected now.
        actor: its parameters, as `training.networks.GaussianActor` has them.

    Raises:
        RunError: no such kick, or its scales of a common term or its layers are others.
    """
    spec, ((first, bias), *others) = read_correction(bundle)
    split = spec.observation.size
    seen, times = np.split(np.asarray(first), [split])
    seen = _rows(bundle, seen, spec.observation, observation)
    weights = np.concatenate([seen, times])
    return _with_layers(bundle, actor, [(weights, bias), *others])


def _with_layers(bundle: str, actor: Any, layers: Sequence[tuple[Any, Any]]) -> Any:
    inner = actor["params"]
    ((name, dense),) = [item for item in inner.items() if item[0] != "log_std"]
    mine = sorted(dense, key=lambda layer: int(layer.rsplit("_", 1)[1]))
    found = [np.shape(kernel) for kernel, _ in layers]
    wanted = [dense[layer]["kernel"].shape for layer in mine]
    if found != wanted:
        raise RunError(f"{bundle}: expected layers {wanted}, found {found}")
    taken = {
        layer: {"kernel": np.asarray(kernel), "bias": np.asarray(bias)}
        for layer, (kernel, bias) in zip(mine, layers, strict=True)
    }
    taken = jax.tree.map(lambda new, old: new.astype(old.dtype), taken, dense)
    return actor | {"params": inner | {name: taken}}


def _rows(
    bundle: str, weights: NDArray, theirs: ObservationSpec, mine: ObservationSpec
) -> NDArray:
    """First-layer weights by this observation's numbers instead of the bundle's."""
    known: dict[str, tuple[ObservationTerm, NDArray]] = {}
    offset = 0
    for term in theirs.terms:
        size = term.size * term.history
        known[term.name] = term, weights[offset : offset + size]
        offset += size
    parts = []
    for term in mine.terms:
        if term.name not in known:
            parts.append(np.zeros((term.size * term.history, weights.shape[1])))
            continue
        other, rows = known[term.name]
        if other != term:
            raise RunError(f"{bundle}: expected {term}, found {other}")
        parts.append(rows)
    return np.concatenate(parts)
