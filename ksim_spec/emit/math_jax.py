"""Functions that generated JAX source calls as `km`: rotations, a norm that is safe to differentiate, clocks.

Quaternions are (w, x, y, z) on the last axis; leading axes broadcast. Formulas: rotation of v by a unit quaternion
(w, r) is v + 2 w (r x v) + 2 r x (r x v).
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float


def norm(x: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
    """Returns the Euclidean norm along `axis`; its gradient at zero is zero instead of NaN."""
    total = jnp.sum(jnp.square(x), axis=axis)
    return jnp.where(total > 0.0, jnp.sqrt(jnp.where(total > 0.0, total, 1.0)), 0.0)


def _cross(a: Float[Array, "... 3"], b: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return jnp.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def rotate(q: Float[Array, "... 4"], v: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    """Returns v turned by the unit quaternion q."""
    w, r = q[..., :1], q[..., 1:]
    t = 2.0 * _cross(r, v)
    return v + w * t + _cross(r, t)


def rotate_inverse(q: Float[Array, "... 4"], v: Float[Array, "... 3"]) -> Float[Array, "... 3"]:
    """Returns v turned by the inverse of the unit quaternion q: world to body when q is the body's orientation."""
    w, r = q[..., :1], q[..., 1:]
    t = 2.0 * _cross(r, v)
    return v - w * t + _cross(r, t)


def quat_mul(p: Float[Array, "... 4"], q: Float[Array, "... 4"]) -> Float[Array, "... 4"]:
    """Returns the rotation q followed by the rotation p."""
    pw, px, py, pz = p[..., 0], p[..., 1], p[..., 2], p[..., 3]
    qw, qx, qy, qz = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    return jnp.stack(
        [
            pw * qw - px * qx - py * qy - pz * qz,
            pw * qx + px * qw + py * qz - pz * qy,
            pw * qy - px * qz + py * qw + pz * qx,
            pw * qz + px * qy - py * qx + pz * qw,
        ],
        axis=-1,
    )


def quat_inverse(q: Float[Array, "... 4"]) -> Float[Array, "... 4"]:
    """Returns the inverse of a unit quaternion."""
    return q * jnp.array([1.0, -1.0, -1.0, -1.0])


def quat_positive(q: Float[Array, "... 4"]) -> Float[Array, "... 4"]:
    """Returns the same rotation with w >= 0."""
    return jnp.where(q[..., :1] < 0.0, -q, q)


def yaw(q: Float[Array, "... 4"]) -> Float[Array, "..."]:
    """Returns the heading angle of the body's x axis about the world's z, in rad."""
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    return jnp.arctan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)


def yaw_quat(angle: Float[Array, "..."] | float) -> Float[Array, "... 4"]:
    """Returns the rotation by `angle` rad about z."""
    zero = jnp.zeros_like(angle)
    return jnp.stack([jnp.cos(angle / 2), zero, zero, jnp.sin(angle / 2)], axis=-1)


def heading(q: Float[Array, "... 4"]) -> Float[Array, "... 4"]:
    """Returns the yaw-only rotation that has the same heading as q."""
    return yaw_quat(yaw(q))


def axis_angle_quat(v: Float[Array, "... 3"]) -> Float[Array, "... 4"]:
    """Returns the rotation by |v| rad about v."""
    angle = norm(v, axis=-1)[..., None]
    axis = v / jnp.where(angle == 0.0, 1.0, angle)
    return jnp.concatenate([jnp.cos(angle / 2), axis * jnp.sin(angle / 2)], axis=-1)


def truncated_normal(u: Float[Array, "..."], bound: Float[Array, "..."]) -> Float[Array, "..."]:
    """Returns a standard normal truncated to ±bound, from a sample u that is uniform in [0, 1)."""
    low = ndtr(-bound)
    return jnp.clip(ndtri(low + u * (1.0 - 2.0 * low)), -bound, bound)


def tick(seconds: Float[Array, "..."], dt: float) -> Float[Array, "..."]:
    """Returns a clock one control step of `dt` seconds later.

    Sums of float32 drift: after a minute at 200 Hz by most of a step. A clock is put back on its whole number of steps
    as soon as it is a thousandth of a step away.
    """
    later = seconds + dt
    whole = jnp.round(later / dt) * dt
    return jnp.where(jnp.abs(later - whole) > 1e-3 * dt, whole, later)


def contact_force(slots: Float[Array, "K 9"]) -> Float[Array, "3"]:
    """Returns the world-frame force (N) that others apply: slots hold force, normal, tangent of each contact.

    MuJoCo reports the force on the second geom in the contact's frame, so the sum is negated.
    """
    force, normal, tangent = slots[:, 0:3], slots[:, 3:6], slots[:, 6:9]
    third = _cross(normal, tangent)
    return -jnp.sum(force[:, :1] * normal + force[:, 1:2] * tangent + force[:, 2:3] * third, axis=0)
