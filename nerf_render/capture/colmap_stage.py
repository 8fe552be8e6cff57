"""One stage of COLMAP in a process of its own: `python -m ... STAGE FOLDER`.

A process, because COLMAP's SQLite and Python's must not share one (each would drop the
other's locks), because a crash in it then costs a stage and not the capture, and
because it can be stopped at any time: its database survives that.

Reads `colmap.json` in FOLDER; prints one line per picture placed.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pycolmap

IMAGES = "images"
DATABASE = "colmap.db"
MODEL = "colmap"
PAIRS = "pairs.txt"
SETTINGS = "colmap.json"
PLACED = "placed"


def extract(folder: Path, settings: dict[str, Any]) -> None:
    """Features of all pictures that have none yet; one OPENCV camera for all."""
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "OPENCV"
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.sift.max_num_features = settings["features"]
    extraction.use_gpu = False
    pycolmap.extract_features(
        folder / DATABASE,
        folder / IMAGES,
        image_names=settings["images"],
        camera_mode=pycolmap.CameraMode.SINGLE,
        reader_options=reader,
        extraction_options=extraction,
        device=pycolmap.Device.cpu,
    )


def match(folder: Path, settings: dict[str, Any]) -> None:
    """Matches of all pairs in `pairs.txt` that have none yet."""
    pairing = pycolmap.ImportedPairingOptions()
    pairing.match_list_path = folder / PAIRS
    # A block is what an interrupted run loses.
    pairing.block_size = 200
    matching = pycolmap.FeatureMatchingOptions()
    matching.use_gpu = False
    verification = pycolmap.TwoViewGeometryOptions()
    verification.ransac.random_seed = settings["seed"]
    pycolmap.match_image_pairs(
        folder / DATABASE,
        matching_options=matching,
        pairing_options=pairing,
        verification_options=verification,
        device=pycolmap.Device.cpu,
    )


def reconstruct(folder: Path, settings: dict[str, Any]) -> None:
    """Poses and points, then all of it refined together; `colmap/` holds the result."""
    target = folder / MODEL
    target.mkdir(exist_ok=True)
    options = pycolmap.IncrementalPipelineOptions()
    options.random_seed = settings["seed"]
    options.mapper.random_seed = settings["seed"]
    options.triangulation.random_seed = settings["seed"]
    # Only the largest model is used.
    options.max_num_models = 3
    options.min_num_matches = settings["matches"]
    options.image_names = settings["placed"]
    models = pycolmap.incremental_mapping(
        folder / DATABASE,
        folder / IMAGES,
        target,
        options,
        next_image_callback=lambda: print(PLACED, flush=True),
    )
    if not models:
        return
    best = max(models.values(), key=lambda model: model.num_reg_images())
    # Where the axis meets the picture only shows with all pictures together; left in
    # the middle, it turns every camera by the share of a degree it is off.
    refinement = pycolmap.BundleAdjustmentOptions()
    refinement.refine_principal_point = True
    refinement.print_summary = False
    pycolmap.bundle_adjustment(best, refinement)
    best.update_point_3d_errors()
    best.write(target)


STAGES = {"features": extract, "matches": match, "poses": reconstruct}


def main(stage: str, folder: Path) -> None:
    """Run one stage."""
    pycolmap.logging.minloglevel = pycolmap.logging.Level.ERROR.value
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    STAGES[stage](folder, settings)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
