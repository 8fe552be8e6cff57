"""CPU physics: many environments stepped on all cores by `mujoco.rollout`."""

import copy
import os

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from sim.env_senses import Frames

FloatArray = NDArray[np.float64]
STATE_SPEC = int(mujoco.mjtState.mjSTATE_FULLPHYSICS)
CONTROL_SPEC = int(mujoco.mjtState.mjSTATE_CTRL | mujoco.mjtState.mjSTATE_XFRC_APPLIED)


class CpuPhysics:
    """One model per environment, so that each can be randomized on its own.

    The models share nothing but their sizes: write to `models[i]` between steps, then
    `place` row i, which recomputes what MuJoCo derives from masses and sizes.

    MuJoCo's own reset of a diverged state is switched off: such a row stays as it is,
    for a guard to find.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        num_envs: int,
        num_threads: int | None = None,
        *,
        pushed_bodies: tuple[int, ...] = (),
    ):
        """Copy `model` once per environment; threads default to all cores.

        Args:
            model: compiled.
            num_envs: B.
            num_threads: of physics.
            pushed_bodies: ids of bodies that `step` takes wrenches for.
        """
        threads = num_threads or os.cpu_count() or 1
        self.models = [copy.copy(model) for _ in range(num_envs)]
        for each in self.models:
            each.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._pool = rollout.Rollout(nthread=threads)
        self._qpos_at = slice(1, 1 + model.nq)
        self._qvel_at = slice(1 + model.nq, 1 + model.nq + model.nv)
        self._fresh = np.zeros(mujoco.mj_stateSize(model, STATE_SPEC))
        mujoco.mj_getState(model, self._data[0], self._fresh, STATE_SPEC)
        self._state = np.tile(self._fresh, (num_envs, 1))
        self._nsensordata = model.nsensordata
        self.control_spec = CONTROL_SPEC if pushed_bodies else CONTROL_SPEC & ~_XFRC
        self._nu = model.nu
        self._wrench_at = self._nu + np.concatenate(
            [6 * body + np.arange(6) for body in pushed_bodies] or [np.zeros(0, int)]
        )
        self._width = mujoco.mj_stateSize(model, self.control_spec)
        self._allocate(0)

    @property
    def qpos(self) -> FloatArray:
        """[B, nq] current positions; writable."""
        return self._state[:, self._qpos_at]

    @property
    def qvel(self) -> FloatArray:
        """[B, nv] current velocities; writable."""
        return self._state[:, self._qvel_at]

    @property
    def state(self) -> FloatArray:
        """[B, n] MuJoCo's full physics state."""
        return self._state

    @property
    def control(self) -> FloatArray:
        """[B, S, n] what the last step was driven with, laid out by `control_spec`."""
        return self._control

    def place(
        self, rows: NDArray[np.int64], qpos: FloatArray, qvel: FloatArray
    ) -> FloatArray:
        """Start `rows` anew, at time zero, after their models may have changed.

        Args:
            rows: [n] environments.
            qpos: [n, nq].
            qvel: [n, nv].

        Returns:
            [n, nsensordata] of the robots as placed.
        """
        self._state[rows] = self._fresh
        self._state[rows, self._qpos_at] = qpos
        self._state[rows, self._qvel_at] = qvel
        data = self._data[0]
        sensors = np.zeros((len(rows), self._nsensordata))
        for slot, row in enumerate(rows):
            model = self.models[row]
            mujoco.mj_setConst(model, data)
            mujoco.mj_setState(model, data, self._state[row], STATE_SPEC)
            data.ctrl[:] = 0
            mujoco.mj_forward(model, data)
            sensors[slot] = data.sensordata
        return sensors

    def step(self, goals: FloatArray, wrench: FloatArray | None = None) -> Frames:
        """Advance all environments.

        Args:
            goals: [B, S, nu] actuator inputs for each of S physics steps.
            wrench: [B, S, P, 6] force and torque (world frame) at the centres of mass
                of the pushed bodies.

        Returns:
            Views into buffers that the next step overwrites. Sensors are those that
            MuJoCo computes just before each physics step.
        """
        substeps = goals.shape[1]
        if substeps != self._control.shape[1]:
            self._allocate(substeps)
        self._control[..., : self._nu] = goals
        if wrench is not None:
            flat = wrench.reshape(*wrench.shape[:2], -1)
            self._control[..., self._wrench_at] = flat
        self._pool.rollout(
            self.models,
            self._data,
            self._state,
            self._control,
            control_spec=self.control_spec,
            nstep=substeps,
            state=self._states,
            sensordata=self._sensors,
            # The checks loop over all models in Python; shapes are ours.
            skip_checks=True,
        )
        self._state = self._states[:, -1].copy()
        return Frames(
            qpos=self._states[..., self._qpos_at],
            qvel=self._states[..., self._qvel_at],
            sensors=self._sensors,
        )

    def _allocate(self, substeps: int) -> None:
        """Buffers that rollout reads and writes; the next step overwrites them."""
        shape = (len(self.models), substeps)
        self._states = np.zeros((*shape, self._state.shape[-1]))
        self._sensors = np.zeros((*shape, self._nsensordata))
        self._control = np.zeros((*shape, self._width))

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()


_XFRC = int(mujoco.mjtState.mjSTATE_XFRC_APPLIED)
