"""A scene's exact field in nerfstudio itself, in the scene environment.

    python -m nerf_render.fit.peer SCENE RAYS OUT

Loads the arrays of a scene file into nerfstudio's own model and renders the rays of
RAYS (`origins`, `directions` [H, W, 3], scene frame) with its own code: OUT gets `rgb`,
`depth` and the processor seconds of one rendering. What `nerf_render.field` and
`op3-soccer bench render` are compared with.
"""

# torch lives in the scene environment only.
# pyright: reportMissingImports=false

import json
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from nerfstudio.cameras.rays import RayBundle

from nerf_render.fit.job import Recipe
from nerf_render.fit.trainer_model import build_model

_REPEATS = 3


def read_model(path: Path) -> Any:
    """The NerfactoModel whose field a scene file holds, evaluating."""
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("scene.json"))["scene"]
    plain: dict[str, Any] = json.loads(header["provenance"]["recipe"])
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in plain.items()
    }
    fields["device"] = "cpu"
    recipe = Recipe(**fields)
    job = SimpleNamespace(recipe=recipe, far=header["field"]["far"], images=("",))
    model = build_model(job)  # pyright: ignore[reportArgumentType]
    with np.load(path) as arrays, torch.no_grad():
        part = {
            name.removeprefix("field/"): torch.as_tensor(arrays[name]).float()
            for name in arrays.files
            if name.startswith("field/")
        }
        _fill_network(part, "base", *model.field.mlp_base.model)
        for index, net in enumerate(model.proposal_networks):
            _fill_network(part, f"proposal_{index}", net.encoding, net.mlp_base[1])
        _fill_layers(part, "head", model.field.mlp_head)
        if model.field.embedding_appearance is not None:
            table = model.field.embedding_appearance.embedding.weight
            table.copy_(part["appearance"].expand_as(table))
    model.eval()
    model.proposal_sampler.set_anneal(header["field"]["anneal"])
    return model


def render(model: Any, origins: np.ndarray, directions: np.ndarray) -> dict[str, Any]:
    """nerfstudio's own picture of rays [H, W, 3]."""
    shape = (*origins.shape[:2], 1)
    rays = RayBundle(
        origins=torch.as_tensor(origins),
        directions=torch.as_tensor(directions),
        pixel_area=torch.ones(shape),
        camera_indices=torch.zeros(shape, dtype=torch.long),
    )
    return model.get_outputs_for_camera_ray_bundle(rays)


def _fill_network(part: dict[str, Any], name: str, grid: Any, mlp: Any) -> None:
    grid.hash_table.copy_(part[f"{name}_table"])
    _fill_layers(part, name, mlp)


def _fill_layers(part: dict[str, Any], name: str, mlp: Any) -> None:
    for index, layer in enumerate(mlp.layers):
        layer.weight.copy_(part[f"{name}_weight_{index}"].T)
        layer.bias.copy_(part[f"{name}_bias_{index}"])


def main(scene: Path, rays: Path, out: Path) -> None:
    """Render and write."""
    torch.set_num_threads(1)
    model = read_model(scene)
    with np.load(rays) as arrays:
        origins, directions = arrays["origins"], arrays["directions"]
    seen = render(model, origins, directions)
    seconds = []
    for _ in range(_REPEATS):
        start = time.process_time()
        render(model, origins, directions)
        seconds.append(time.process_time() - start)
    np.savez(
        out,
        rgb=seen["rgb"].numpy(),
        depth=seen["depth"][..., 0].numpy(),
        seconds=min(seconds),
    )


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:]))
