"""How far nerfstudio is from itself: evaluated in single and in double precision.

    .scene-env/bin/python -m benchmarks.nerfstudio_rounding FIT OUT [--views N]

FIT is the folder of a finished fit (`op3-soccer scene fit --work`). The same held-out
pictures are rendered by nerfstudio's model twice; the double-precision ones go to OUT,
for `python -m benchmarks.scene_forms SCENE --held-out FIT/held_out --double OUT`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nerfstudio.cameras.rays import RayBundle

from nerf_render.fit.trainer import Fit
from nerf_render.fit.trainer_data import held_out_rays

NAMES = ("rgb", "depth", "expected_depth")


def rendered(model: Any, rays: RayBundle, dtype: Any) -> dict[str, np.ndarray]:
    """What `model` shows for `rays`, both in one precision."""
    torch.set_default_dtype(dtype)
    bundle = RayBundle(
        origins=rays.origins.to(dtype),
        directions=rays.directions.to(dtype),
        pixel_area=rays.pixel_area.to(dtype),
        camera_indices=rays.camera_indices,
    )
    seen = model.to(dtype).get_outputs_for_camera_ray_bundle(bundle)
    return {name: seen[name].numpy().squeeze() for name in NAMES}


def main() -> None:
    """Print the differences of each view as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fit", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--views", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    fit = Fit(args.fit)
    fit.settle()
    for index in fit.job.arrays.held_out[: args.views].tolist():
        rays = held_out_rays(fit.job, index)
        single = rendered(fit.model, rays, torch.float32)
        double = rendered(fit.model, rays, torch.float64)
        np.savez_compressed(args.out / f"{index:05d}.npz", **double)
        apart = {
            name: float(np.abs(single[name] - double[name]).max()) for name in NAMES
        }
        print(json.dumps({"view": index} | apart))


if __name__ == "__main__":
    main()
