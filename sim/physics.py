"""CPU physics: many environments stepped on all cores by `mujoco.rollout`."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor

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
        num_spares: int = 0,
    ):
        """Copy `model` once per environment and spare; threads default to all cores.

        Args:
            model: compiled.
            num_envs: B.
            num_threads: of physics.
            pushed_bodies: ids of bodies that `step` takes wrenches for.
            num_spares: K environments that wait to replace others, see `swap_in`.
        """
        threads = num_threads or os.cpu_count() or 1
        self.models = [copy.copy(model) for _ in range(num_envs)]
        self.spare_models = [copy.copy(model) for _ in range(num_spares)]
        for each in (*self.models, *self.spare_models):
            each.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        self._pool = rollout.Rollout(nthread=threads)
        self._helpers = ThreadPoolExecutor(threads)
        self._qpos_at = slice(1, 1 + model.nq)
        self._qvel_at = slice(1 + model.nq, 1 + model.nq + model.nv)
        self._fresh = np.zeros(mujoco.mj_stateSize(model, STATE_SPEC))
        mujoco.mj_getState(model, self._data[0], self._fresh, STATE_SPEC)
        self._state = np.tile(self._fresh, (num_envs, 1))
        self._spare_state = np.tile(self._fresh, (num_spares, 1))
        self._nsensordata = model.nsensordata
        self.control_spec = CONTROL_SPEC if pushed_bodies else CONTROL_SPEC & ~_XFRC
        self._nu = model.nu
        starts = [self._nu + 6 * body for body in pushed_bodies]
        self._wrenches_at = [slice(start, start + 6) for start in starts]
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
        self._state[rows] = self._started(qpos, qvel)
        models = [self.models[row] for row in rows]
        return self._sensed(models, self._state[rows])

    def place_spares(self, qpos: FloatArray, qvel: FloatArray) -> FloatArray:
        """`place` for all spares, whose models are `spare_models`."""
        self._spare_state = self._started(qpos, qvel)
        return self._sensed(self.spare_models, self._spare_state)

    def swap_in(self, rows: NDArray[np.int64], first_spare: int) -> None:
        """Let spares take the place of `rows`, whose models become the spares'.

        Args:
            rows: [n] environments.
            first_spare: the first of n spares, placed.
        """
        self._state[rows] = self._spare_state[first_spare : first_spare + len(rows)]
        for spare, row in enumerate(rows, start=first_spare):
            old = self.models[row]
            self.models[row] = self.spare_models[spare]
            self.spare_models[spare] = old

    def _started(self, qpos: FloatArray, qvel: FloatArray) -> FloatArray:
        """[n, m] full states at time zero."""
        states = np.tile(self._fresh, (len(qpos), 1))
        states[:, self._qpos_at] = qpos
        states[:, self._qvel_at] = qvel
        return states

    def _sensed(self, models: list[mujoco.MjModel], states: FloatArray) -> FloatArray:
        """[n, nsensordata] of placed robots; derives the models' constants first.

        MuJoCo's functions let go of Python's lock, so threads share the work.
        """
        sensors = np.zeros((len(models), self._nsensordata))
        parts = np.array_split(np.arange(len(models)), len(self._data))

        def sense(data: mujoco.MjData, part: NDArray[np.int64]) -> None:
            for row in part:
                sensors[row] = _sensed(models[row], data, states[row])

        list(self._helpers.map(sense, self._data, parts))
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
            for body, at in enumerate(self._wrenches_at):
                self._control[..., at] = wrench[:, :, body]
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
        self._helpers.shutdown()


_XFRC = int(mujoco.mjtState.mjSTATE_XFRC_APPLIED)


def _sensed(
    model: mujoco.MjModel, data: mujoco.MjData, state: FloatArray
) -> FloatArray:
    """[nsensordata] in `state`; derives the model's constants first."""
    mujoco.mj_setConst(model, data)
    mujoco.mj_setState(model, data, state, STATE_SPEC)
    # Whatever environment this scratch data stepped last leaves no trace.
    data.ctrl[:] = data.xfrc_applied[:] = data.qacc_warmstart[:] = 0
    mujoco.mj_forward(model, data)
    return data.sensordata
