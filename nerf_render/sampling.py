"""Where the exact field is evaluated along a ray, and how samples add up to a pixel.

The deterministic (evaluation) half of nerfstudio's samplers and renderers.
Notation: R rays, S samples, bins have S + 1 edges.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

HISTOGRAM_PADDING = 0.01


def piecewise_distance(
    spacing: Float[Array, "*B"], far: Float[Array, ""] | float
) -> Float[Array, "*B"]:
    """Distance of spacing s in 0..1 over 0..far: even up to 1, then in disparity."""
    end = jnp.where(far < 1, far / 2, 1 - 1 / (2 * far))
    scaled = spacing * end
    beyond = jnp.maximum(2 - 2 * scaled, 1e-12)
    return jnp.where(scaled < 0.5, 2 * scaled, 1 / beyond)


def uniform_distance(
    spacing: Float[Array, "*B"], far: Float[Array, ""] | float
) -> Float[Array, "*B"]:
    """Distance of spacing s in 0..1 over 0..far, even."""
    return spacing * far


def running_sum(values: Float[Array, "*B S"]) -> Float[Array, "*B S"]:
    """Sums of the first 1, 2, ... S values, as if added in double precision.

    torch adds so on a CPU; where a ray is half stopped, and between which samples new
    ones fall, hangs on the last digit. Pairs (sum, error) are added by Knuth's TwoSum.
    """

    def add(
        first: tuple[Array, Array], second: tuple[Array, Array]
    ) -> tuple[Array, Array]:
        total = first[0] + second[0]
        part = total - first[0]
        error = (first[0] - (total - part)) + (second[0] - part)
        return total, error + first[1] + second[1]

    pair = (values, jnp.zeros_like(values))
    total, error = jax.lax.associative_scan(add, pair, axis=-1)
    return total + error


def resample(
    edges: Float[Array, "R B"], weights: Float[Array, "R S"], samples: int
) -> Float[Array, "R E"]:
    """Edges of `samples` bins that hold equal shares of the histogram `weights`.

    Args:
        edges: of the histogram, spacing, B = S + 1.
        weights: of its bins, not negative.
        samples: wanted; E = samples + 1.
    """
    count = samples + 1
    padded = weights + HISTOGRAM_PADDING
    pdf = padded / jnp.sum(padded, axis=-1, keepdims=True)
    cdf = jnp.minimum(1.0, running_sum(pdf))
    cdf = jnp.concatenate([jnp.zeros_like(cdf[..., :1]), cdf], axis=-1)
    middles = jnp.linspace(0.0, 1.0 - 1.0 / count, count) + 1.0 / (2 * count)
    above = jnp.sum(cdf[..., None, :] <= middles[:, None], axis=-1)
    last = edges.shape[-1] - 1
    low, high = jnp.clip(above - 1, 0, last), jnp.clip(above, 0, last)
    cdf_low = jnp.take_along_axis(cdf, low, axis=-1)
    cdf_high = jnp.take_along_axis(cdf, high, axis=-1)
    edge_low = jnp.take_along_axis(edges, low, axis=-1)
    edge_high = jnp.take_along_axis(edges, high, axis=-1)
    width = cdf_high - cdf_low
    share = jnp.where(
        width > 0, (middles - cdf_low) / jnp.where(width > 0, width, 1), 0
    )
    return edge_low + jnp.clip(share, 0, 1) * (edge_high - edge_low)


def sample_weights(
    sigma: Float[Array, "R S"], edges: Float[Array, "R B"]
) -> Float[Array, "R S"]:
    """Share of each sample in its pixel (NeRF, arXiv:2003.08934, equation 3)."""
    optical = sigma * (edges[..., 1:] - edges[..., :-1])
    before = jnp.concatenate(
        [jnp.zeros_like(optical[..., :1]), running_sum(optical[..., :-1])],
        axis=-1,
    )
    return jnp.nan_to_num((1 - jnp.exp(-optical)) * jnp.exp(-before))


def median_distance(
    weights: Float[Array, "R S"], middles: Float[Array, "R S"]
) -> Float[Array, "R"]:
    """Middle of the sample in which the accumulated weight reaches one half."""
    reached = jnp.sum(running_sum(weights) < 0.5, axis=-1)
    index = jnp.minimum(reached, weights.shape[-1] - 1)
    return jnp.take_along_axis(middles, index[..., None], axis=-1)[..., 0]


def expected_distance(
    weights: Float[Array, "R S"], middles: Float[Array, "R S"]
) -> Float[Array, "R"]:
    """Mean distance by weight, no nearer than the first sample."""
    total = jnp.sum(weights, axis=-1)
    mean = jnp.sum(weights * middles, axis=-1) / (total + 1e-10)
    return jnp.maximum(mean, middles[..., 0])
