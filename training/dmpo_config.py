"""Hyper-parameters of the distributional MPO learner."""

from dataclasses import dataclass, field

import jax.numpy as jnp

from training.mpo_losses import MpoConfig

_DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


@dataclass(frozen=True, kw_only=True)
class DmpoConfig:
    """Hyper-parameters; defaults of Table S4 of arXiv:2304.13653, the rest acme's.

    Attributes:
        mpo: bounds of the policy step.
        samples: actions per state, for the E-step and the bootstrap value alike.
        n_step, discount: of the value target.
        value_low, value_high, atoms: support of the return's distribution.
        learning_rate, dual_learning_rate: Adam's, for networks and for duals.
        grad_norm: global clip of the networks' gradient.
        actor_period, critic_period: updates between copies to the targets.
        actor_hidden, critic_hidden: widths.
        init_std, min_std: of the actions.
        lstm: width of actor's and critic's memory; 0: feed-forward.
        burn_in: first rows of each trajectory that only fill the memory.
        dtype: of trunks and memories, float32 or bfloat16; parameters are float32.
        shard: split batches over all devices.
    """

    mpo: MpoConfig = field(default_factory=MpoConfig)
    samples: int = 20
    n_step: int = 5
    discount: float = 0.99
    value_low: float = -150.0
    value_high: float = 150.0
    atoms: int = 51
    learning_rate: float = 1e-4
    dual_learning_rate: float = 1e-2
    grad_norm: float = 40.0
    actor_period: int = 25
    critic_period: int = 100
    actor_hidden: tuple[int, ...] = (256, 256, 128)
    critic_hidden: tuple[int, ...] = (400, 400, 400, 300)
    init_std: float = 0.7
    min_std: float = 1e-3
    lstm: int = 0
    burn_in: int = 0
    dtype: str = "float32"
    shard: bool = False

    def __post_init__(self):
        faults = []
        if self.dtype not in _DTYPES:
            faults.append(f"dtype: expected one of {list(_DTYPES)}, got {self.dtype!r}")
        if self.burn_in and not self.lstm:
            faults.append(
                f"burn_in: expected 0 without an LSTM, found {self.burn_in}; "
                "it would only drop rows"
            )
        if not self.value_low < self.value_high or self.atoms < 2:
            faults.append(
                "support: expected value_low < value_high and 2 atoms or more, found "
                f"{self.value_low}, {self.value_high}, {self.atoms}"
            )
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def compute_dtype(self) -> type:
        """The type behind the name `dtype`."""
        return _DTYPES[self.dtype]
