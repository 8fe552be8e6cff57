"""nerfstudio's nerfacto as a job asks for it, and its arrays for the scene file."""

from typing import Any

import numpy as np
import torch
import torchmetrics.image.lpip

from nerf_render.fit.job import Job

_PROPOSAL_NET = {"hidden_dim": 16, "num_levels": 5}


class _NoPerceptualMetric(torch.nn.Module):
    """In place of LPIPS, whose weights would be downloaded; nothing here calls it."""

    def __init__(self, **_: Any):
        super().__init__()


class _AnyDirection(torch.nn.Module):
    """See `Recipe.any_direction`; takes directions as nerfstudio's encoding does."""

    def __init__(self, encoding: Any, share: float):
        super().__init__()
        self._encoding, self._share = encoding, share

    def forward(self, directions: Any) -> Any:
        """[N, 3] of (d + 1) / 2 -> [N, 16]."""
        if self.training:
            other = torch.nn.functional.normalize(torch.randn_like(directions), dim=-1)
            swapped = torch.rand_like(directions[:, :1]) < self._share
            directions = torch.where(swapped, (other + 1) / 2, directions)
        return self._encoding(directions)


def build_model(job: Job) -> Any:
    """A NerfactoModel, untrained; its appearance has one entry per picture."""
    torchmetrics.image.lpip.LearnedPerceptualImagePatchSimilarity = _NoPerceptualMetric
    from nerfstudio.cameras.camera_optimizers import CameraOptimizerConfig
    from nerfstudio.data.scene_box import SceneBox
    from nerfstudio.models.nerfacto import NerfactoModelConfig

    recipe = job.recipe
    config = NerfactoModelConfig(
        near_plane=0.05,
        far_plane=job.far,
        hidden_dim=recipe.width,
        hidden_dim_color=recipe.width,
        num_levels=recipe.levels,
        max_res=recipe.resolution,
        log2_hashmap_size=recipe.table_log2,
        num_proposal_samples_per_ray=recipe.proposal_samples,
        num_nerf_samples_per_ray=recipe.field_samples,
        num_proposal_iterations=len(recipe.proposal_samples),
        proposal_net_args_list=[
            _PROPOSAL_NET
            | {
                "log2_hashmap_size": recipe.proposal_table_log2,
                "max_res": resolution,
                "use_linear": False,
            }
            for resolution in recipe.proposal_resolution
        ],
        distortion_loss_mult=recipe.distortion,
        appearance_embed_dim=recipe.appearance,
        use_appearance_embedding=recipe.appearance > 0,
        average_init_density=1.0,
        implementation="torch",
        camera_optimizer=CameraOptimizerConfig(mode="off"),
    )
    box = SceneBox(aabb=torch.tensor([[-1.0] * 3, [1.0] * 3]))
    model = config.setup(
        scene_box=box, num_train_data=len(job.images), metadata={}, device="cpu"
    )
    if recipe.any_direction:
        field = model.field
        field.direction_encoding = _AnyDirection(
            field.direction_encoding, recipe.any_direction
        )
    return model.to(recipe.device)


def round_tables(model: Any) -> None:
    """Round hash tables to float16 in the model itself.

    What is measured afterwards is what the scene file holds, at half the size.
    """
    with torch.no_grad():
        for table in (
            model.field.mlp_base.model[0].hash_table,
            *(net.encoding.hash_table for net in model.proposal_networks),
        ):
            table.copy_(table.half().float())


def field_arrays(model: Any) -> dict[str, np.ndarray]:
    """Arrays of `nerf_render.field`, by name."""
    out: dict[str, np.ndarray] = {}
    _put_network(
        out, "base", model.field.mlp_base.model[0], model.field.mlp_base.model[1]
    )
    for index, net in enumerate(model.proposal_networks):
        _put_network(out, f"proposal_{index}", net.encoding, net.mlp_base[1])
    _put_layers(out, "head", model.field.mlp_head)
    embedding = model.field.embedding_appearance
    out["appearance"] = (
        np.zeros(0, np.float32) if embedding is None else _numpy(embedding.mean(dim=0))
    )
    return out


def set_mean_appearance(model: Any, pictures: np.ndarray) -> None:
    """Give pictures that were held out the mean appearance of the others.

    nerfstudio evaluates with the mean over all entries; this makes it the mean over
    those that were fitted.
    """
    embedding = model.field.embedding_appearance
    if embedding is None:
        return
    table = embedding.embedding.weight
    with torch.no_grad():
        mean = table[torch.as_tensor(pictures, device=table.device)].mean(dim=0)
        held = np.setdiff1d(np.arange(len(table)), pictures)
        table[torch.as_tensor(held, device=table.device)] = mean


def _put_network(out: dict[str, np.ndarray], name: str, grid: Any, mlp: Any) -> None:
    out[f"{name}_table"] = _numpy(grid.hash_table).astype(np.float16)
    out[f"{name}_scalings"] = _numpy(grid.scalings).astype(np.float32)
    _put_layers(out, name, mlp)


def _put_layers(out: dict[str, np.ndarray], name: str, mlp: Any) -> None:
    for index, layer in enumerate(mlp.layers):
        out[f"{name}_weight_{index}"] = _numpy(layer.weight).T.copy()
        out[f"{name}_bias_{index}"] = _numpy(layer.bias)


def _numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()
