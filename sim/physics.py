"""CPU physics: many environments stepped on all cores by `mujoco.rollout`."""

import copy
import os
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_SPEC = int(mujoco.mjtState.mjSTATE_FULLPHYSICS)


@dataclass(frozen=True, kw_only=True)
class PhysicsStep:
    """What one control step left behind, per physics step.

    Attributes:
        qpos: [B, S, nq] positions after each physics step.
        qvel: [B, S, nv] velocities after each physics step.
        sensors: [B, S, nsensordata], taken just before each physics step.
    """

    qpos: FloatArray
    qvel: FloatArray
    sensors: FloatArray


class CpuPhysics:
    """One model per environment, so that each can be randomized on its own.

    The models share nothing but their sizes: write to `models[i]` between steps, then
    call `refresh(i)` where masses changed.
    """

    def __init__(
        self, model: mujoco.MjModel, num_envs: int, num_threads: int | None = None
    ):
        """Copy `model` once per environment; threads default to all cores."""
        threads = num_threads or os.cpu_count() or 1
        self.models = [copy.copy(model) for _ in range(num_envs)]
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._pool = rollout.Rollout(nthread=threads)
        self._nq, self._nv = model.nq, model.nv
        self._state = np.zeros((num_envs, mujoco.mj_stateSize(model, _SPEC)))
        self._qpos_at = slice(1, 1 + self._nq)
        self._qvel_at = slice(1 + self._nq, 1 + self._nq + self._nv)

    @property
    def qpos(self) -> FloatArray:
        """[B, nq] current positions; writable."""
        return self._state[:, self._qpos_at]

    @property
    def qvel(self) -> FloatArray:
        """[B, nv] current velocities; writable."""
        return self._state[:, self._qvel_at]

    def refresh(self, env: int) -> None:
        """Recompute what MuJoCo derives from masses and inertias of one model."""
        mujoco.mj_setConst(self.models[env], self._data[0])

    def step(self, control: FloatArray) -> PhysicsStep:
        """Advance all environments.

        Args:
            control: [B, S, nu] actuator inputs for each of S physics steps.
        """
        states, sensors = self._pool.rollout(
            self.models,
            self._data,
            self._state,
            control,
            nstep=control.shape[1],
            skip_checks=False,
        )
        self._state[:] = states[:, -1]
        return PhysicsStep(
            qpos=states[..., self._qpos_at],
            qvel=states[..., self._qvel_at],
            sensors=sensors,
        )

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()
