"""Fits one job with nerfstudio. `python -m nerf_render.fit.trainer FOLDER`.

Runs in the scene environment. Prints one JSON object per line on stdout: progress, then
what was written. On SIGTERM or SIGINT it saves a checkpoint and ends with code 75; the
same command goes on from there.
"""

import contextlib
import json
import os
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nerfstudio.cameras.rays import Frustums, RaySamples
from nerfstudio.engine.callbacks import (
    TrainingCallbackAttributes,
    TrainingCallbackLocation,
)

from nerf_render.fit.fast_hash import installed
from nerf_render.fit.job import (
    CHECKPOINT,
    FIELD_ARRAYS,
    HELD_OUT,
    RESULT,
    STOPPED,
    Job,
    read_job,
)
from nerf_render.fit.trainer_data import RayData, held_out_picture, held_out_rays
from nerf_render.fit.trainer_model import (
    build_model,
    field_arrays,
    round_tables,
    set_mean_appearance,
)

_REPORT_S = 2.0
_SAVE_S = 60.0
_DEPTHS = ("depth", "expected_depth", "accumulation")


class Fit:
    """State of one fit: model, optimizer, how far it is."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.job, self._fingerprint = read_job(folder)
        recipe = self.job.recipe
        if recipe.threads:
            torch.set_num_threads(recipe.threads)
        torch.manual_seed(self.job.seed)
        self.model = build_model(self.job)
        groups = self.model.get_param_groups()
        parameters = [p for group in groups.values() for p in group]
        self._optimizer = torch.optim.Adam(
            parameters, lr=recipe.learning_rate, eps=1e-15, fused=True
        )
        attributes = TrainingCallbackAttributes(
            optimizers=None, grad_scaler=None, pipeline=None, trainer=None
        )
        self._callbacks = self.model.get_training_callbacks(attributes)
        self.step = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._load()

    def run(self, stopped: Any) -> bool:
        """Train to the end. False if `stopped()` came first."""
        data = RayData(self.job)
        recipe = self.job.recipe
        self.model.train()
        started = reported = saved = time.monotonic()
        before, first, error = self.seconds, self.step, []
        cpu_before = self.cpu_seconds - time.process_time()
        while self.step < recipe.steps:
            error.append(self._advance(data))
            now = time.monotonic()
            self.seconds = before + now - started
            self.cpu_seconds = cpu_before + time.process_time()
            if now - reported > _REPORT_S or self.step == recipe.steps:
                psnr = -10 * float(np.log10(np.mean(error)))
                rate = (self.step - first) / (now - started)
                _say(
                    step=self.step,
                    steps=recipe.steps,
                    seconds=round(self.seconds, 1),
                    steps_per_s=round(rate, 2),
                    train_psnr_db=round(psnr, 2),
                )
                reported, error = now, []
            if now - saved > _SAVE_S:
                self.save()
                saved = now
            if stopped():
                self.save()
                return False
        self.save()
        return True

    def _advance(self, data: RayData) -> float:
        """One step; returns the mean squared colour error."""
        self._call(TrainingCallbackLocation.BEFORE_TRAIN_ITERATION)
        recipe = self.job.recipe
        fraction = self.step / recipe.steps
        ratio = recipe.learning_rate_end / recipe.learning_rate
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.learning_rate * ratio**fraction
        batch = data.batch()
        outputs = self.model(batch.rays)
        image = {"image": batch.rgb}
        metrics = self.model.get_metrics_dict(outputs, image)
        losses = self.model.get_loss_dict(outputs, image, metrics)
        if len(batch.distance) and recipe.point_weight:
            losses["points"] = recipe.point_weight * _point_loss(
                outputs, batch.distance
            )
        if recipe.empty_weight and _has_volume(self.job):
            losses["empty"] = recipe.empty_weight * self._empty_loss()
        self._optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        self._optimizer.step()
        self._call(TrainingCallbackLocation.AFTER_TRAIN_ITERATION)
        self.step += 1
        return float(losses["rgb_loss"].detach())

    def _empty_loss(self) -> Any:
        low, high = torch.as_tensor(
            self.job.arrays.empty, dtype=torch.float32, device=self.model.device
        )
        count = self.job.recipe.empty_points
        at = low + (high - low) * torch.rand((count, 1, 3), device=low.device)
        nothing = torch.zeros_like(at[..., :1])
        samples = RaySamples(
            frustums=Frustums(
                origins=at,
                directions=torch.ones_like(at),
                starts=nothing,
                ends=nothing,
                pixel_area=nothing,
            )
        )
        sigma, _ = self.model.field.get_density(samples)
        # Bounded, so that a wall that does stand there is not fought without end.
        return (1 - torch.exp(-0.05 * sigma)).mean()

    def _call(self, location: TrainingCallbackLocation) -> None:
        for callback in self._callbacks:
            callback.run_callback_at_location(self.step, location=location)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        path = self._folder / CHECKPOINT
        part = path.with_suffix(".part")
        torch.save(
            {
                "fingerprint": self._fingerprint,
                "model": self.model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "sampler": (
                    self.model.proposal_sampler._steps_since_update,
                    self.model.proposal_sampler._step,
                ),
                "random": torch.get_rng_state(),
                "step": self.step,
                "seconds": self.seconds,
                "cpu_seconds": self.cpu_seconds,
            },
            part,
        )
        os.replace(part, path)

    def _load(self) -> None:
        path = self._folder / CHECKPOINT
        if not path.exists():
            return
        kept = torch.load(path, map_location=self.job.recipe.device, weights_only=True)
        if kept["fingerprint"] != self._fingerprint:
            return
        self.model.load_state_dict(kept["model"])
        self._optimizer.load_state_dict(kept["optimizer"])
        sampler = self.model.proposal_sampler
        sampler._steps_since_update, sampler._step = kept["sampler"]
        torch.set_rng_state(kept["random"].cpu())
        self.step, self.seconds = kept["step"], kept["seconds"]
        self.cpu_seconds = kept["cpu_seconds"]

    def settle(self) -> None:
        """Make the model what is exported and compared."""
        set_mean_appearance(self.model, self.job.arrays.train)
        round_tables(self.model)
        self.model.eval()
        self.model.proposal_sampler.set_anneal(1.0)

    def finish(self) -> None:
        """Export the field and render what was held out by nerfstudio's own model."""
        self.settle()
        folder = self._folder / HELD_OUT
        folder.mkdir(exist_ok=True)
        for index in self.job.arrays.held_out:
            rays = held_out_rays(self.job, int(index))
            seen = self.model.get_outputs_for_camera_ray_bundle(
                rays.to(self.model.device)
            )
            np.savez_compressed(
                folder / f"{int(index):05d}.npz",
                origins=rays.origins.numpy(),
                directions=rays.directions.numpy(),
                photograph=held_out_picture(self.job, int(index)),
                rgb=seen["rgb"].cpu().numpy(),
                **{name: seen[name][..., 0].cpu().numpy() for name in _DEPTHS},
            )
            _say(held_out=int(index))
        np.savez(self._folder / FIELD_ARRAYS, **field_arrays(self.model))
        versions = f"nerfstudio {version('nerfstudio')}, torch {torch.__version__}"
        result = {
            "steps": self.step,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "versions": versions,
        }
        (self._folder / RESULT).write_text(json.dumps(result), encoding="utf-8")
        _say(done=True)


def _point_loss(outputs: dict[str, Any], distance: Any) -> Any:
    """Arrive where the reconstructed points are, as a share of their distance.

    The absolute error of the expected depth: unlike a likelihood along the ray it also
    pulls where no sample is near the point yet, and a wrong point pulls no harder.
    """
    found = outputs["expected_depth"][-len(distance) :, 0]
    return (torch.abs(found - distance) / distance).mean()


def _has_volume(job: Job) -> bool:
    low, high = job.arrays.empty
    return bool(np.all(high > low))


def _say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


def main(folder: Path) -> int:
    """Fit, or go on fitting, the job in `folder`."""
    asked: list[int] = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, _: asked.append(number))
    with contextlib.redirect_stdout(sys.stderr):
        fit = Fit(folder)
    if fit.step:
        _say(resumed=fit.step)
    with installed():
        if not fit.run(lambda: bool(asked)):
            return STOPPED
        fit.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
