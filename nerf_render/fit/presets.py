"""Sizes of a fit for a laptop and for a GPU."""

from nerf_render.fit.job import Recipe

PRESETS: dict[str, Recipe] = {
    # Two cores, a quarter of an hour.
    "cpu": Recipe(steps=3000),
    # The same for a room filmed in 640 x 480: half the tables, so that field and baked
    # form fit a repository, and ten minutes.
    "room": Recipe(table_log2=16, proposal_table_log2=14, steps=2000),
    # The same for a room without gloss: the baked form, which has none, loses less.
    "dull": Recipe(
        table_log2=16, proposal_table_log2=14, steps=2000, any_direction=0.9
    ),
    # One H100 or similar: nerfstudio's own sizes, but for tables that a repository
    # can hold.
    "gpu": Recipe(
        levels=12,
        resolution=2048,
        table_log2=18,
        proposal_table_log2=17,
        proposal_samples=(128, 64),
        field_samples=48,
        rays=8192,
        steps=20000,
        device="cuda",
    ),
    # For tests: too small to look good.
    "tiny": Recipe(
        levels=4,
        resolution=128,
        table_log2=10,
        width=16,
        appearance=2,
        proposal_samples=(16,),
        proposal_table_log2=10,
        proposal_resolution=(64,),
        field_samples=12,
        rays=256,
        steps=20,
        point_rays=32,
        threads=1,
    ),
}
