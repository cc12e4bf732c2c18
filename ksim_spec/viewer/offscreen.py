"""Camera, light and ground: one offscreen picture of a MuJoCo model at a time.

Models come with any light and background or with none, so the stage brings its own where they lack it: a lamp, a plain
sky, and a grid on untextured floors, without which a robot that walks seems to stand still under the camera.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

_SKY_TOP, _SKY_LOW = np.array([150, 178, 210], np.float32), np.array([226, 232, 238], np.float32)
_SUN = np.array([-0.5, 0.35, -1.0])  # the way the light travels, in the world
_GRID_RGBA = np.array([0.35, 0.38, 0.42, 1.0], np.float32)
_COMMAND_RGBA, _SPEED_RGBA = np.array([0.1, 0.7, 0.2, 1.0], np.float32), np.array([0.15, 0.35, 0.9, 1.0], np.float32)
_GRID_REACH, _GRID_WIDTH, _GRID_LIFT = 8, 0.006, 0.001  # cells each way, then metres
_FOLLOW = 0.12  # share of the way to the body that the camera moves per frame: still enough to see the gait


class Stage:
    """An offscreen renderer that follows one body. Must be used and closed on one thread; `with` closes it."""

    def __init__(self, model: mujoco.MjModel, shot: dict[str, Any], body: str = "") -> None:
        """Raises whatever the OpenGL backend raises when it cannot draw, ValueError for an unknown body."""
        self._model, self._data = model, mujoco.MjData(model)
        self._body = body_id(model, body)
        self._width, self._height, self._fps = shot["width"], shot["height"], shot.get("fps", 50)
        self._size, self._top = measure(model, self._body)
        _light(model, self._size)
        model.vis.global_.offwidth, model.vis.global_.offheight = self._width, self._height
        self._gl = mujoco.GLContext(self._width, self._height)
        self._gl.make_current()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        if self._context.currentBuffer != mujoco.mjtFramebuffer.mjFB_OFFSCREEN:
            raise RuntimeError("this OpenGL has no offscreen buffers")
        self._scene, self._option = mujoco.MjvScene(model, maxgeom=4000), mujoco.MjvOption()
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0  # costs a second pass and shows the arrows twice
        self._camera = _camera(shot, self._size)
        self._viewport = mujoco.MjrRect(0, 0, self._width, self._height)
        self._sky = not np.any(np.asarray(model.tex_type) == int(mujoco.mjtTexture.mjTEXTURE_SKYBOX))
        self._seen = False
        self._base_before: np.ndarray | None = None

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.free()
        self._gl.free()

    def without_shadows(self) -> None:
        """Draws what follows without shadows, which take software renderers most of their time."""
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0

    def frame(
        self,
        qpos_Q: np.ndarray,
        command_C: np.ndarray | None,
        mocap_MP: np.ndarray | None,
        elapsed_s: float | None = None,
    ) -> np.ndarray:
        """Returns the picture of this state, (height, width, 3) uint8, top row first.

        `elapsed_s` is the time since the last one, a frame's without it; none has passed where an episode began.
        """
        self._data.qpos[:] = qpos_Q
        if mocap_MP is not None:
            self._data.mocap_pos[:], self._data.mocap_quat[:] = mocap_MP[:, :3], mocap_MP[:, 3:]
        mujoco.mj_forward(self._model, self._data)
        self._aim()
        mujoco.mjv_updateScene(
            self._model, self._data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        self._relight()
        self._add_grid()
        if command_C is not None:
            self._add_arrows(command_C, 1 / self._fps if elapsed_s is None else elapsed_s)
        return self._draw()

    def _aim(self) -> None:
        target = self._data.subtree_com[self._model.body_rootid[self._body]].copy()
        if not self._seen:
            self._camera.lookat[:] = target
            self._seen = True
        keep = (1.0 - _FOLLOW) ** (50.0 / self._fps)
        self._camera.lookat[:] = target + keep * (self._camera.lookat - target)

    def _relight(self) -> None:
        """Replaces the model's lamps by one sun above what is filmed.

        A lamp that stays where the model put it leaves the robot in the dark, or without a shadow, after a few metres.
        """
        scene = self._scene
        heads = [k for k in range(scene.nlight) if scene.lights[k].headlight]
        scene.nlight = 1 + bool(heads)
        if heads:
            _copy_light(scene.lights[heads[0]], scene.lights[1])
        sun = scene.lights[0]
        sun.id, sun.headlight, sun.castshadow = -1, 0, 1
        sun.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        sun.dir[:] = _SUN / np.linalg.norm(_SUN)
        sun.pos[:] = self._camera.lookat - 4.0 * self._size * sun.dir
        sun.attenuation[:], sun.ambient[:] = (1.0, 0.0, 0.0), 0.0
        sun.diffuse[:], sun.specular[:] = 0.5, 0.15

    def _draw(self) -> np.ndarray:
        rgb = np.empty((self._height, self._width, 3), np.uint8)
        depth = np.empty((self._height, self._width), np.float32)
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, depth, self._viewport, self._context)
        if self._sky:
            # Where nothing was drawn the depth is that of the far plane, 1 (0 with MuJoCo's reversed depth).
            far = 1.0 if self._context.readDepthMap == mujoco.mjtDepthMap.mjDEPTH_ZERONEAR else 0.0
            rows = np.linspace(0.0, 1.0, self._height, dtype=np.float32)[:, None]
            sky = (_SKY_LOW + rows * (_SKY_TOP - _SKY_LOW)).astype(np.uint8)
            rgb = np.where(_grown(depth == far)[..., None], sky[:, None, :], rgb)
        return rgb[::-1]

    def _add_grid(self) -> None:
        """Draws lines a metre apart on floor planes that have no texture, around what the camera looks at."""
        for geom in _bare_floors(self._model):
            height = float(self._data.geom_xpos[geom][2]) + _GRID_LIFT
            x0, y0 = np.round(self._camera.lookat[:2])
            for k in range(-_GRID_REACH, _GRID_REACH + 1):
                self._add_box([x0 + k, y0, height], [_GRID_WIDTH, _GRID_REACH, _GRID_LIFT])
                self._add_box([x0, y0 + k, height], [_GRID_REACH, _GRID_WIDTH, _GRID_LIFT])

    def _add_box(self, position: list[float], size: list[float]) -> None:
        geom = self._next_geom()
        if geom is not None:
            box, eye = mujoco.mjtGeom.mjGEOM_BOX, np.eye(3).flatten()
            mujoco.mjv_initGeom(geom, box, np.array(size), np.array(position), eye, _GRID_RGBA)

    def _add_arrows(self, command_C: np.ndarray, elapsed_s: float) -> None:
        """Draws the commanded planar velocity (green) and the one achieved (blue), half a metre per m/s."""
        base = self._data.xpos[self._body].copy()
        rotation = self._data.xmat[self._body].reshape(3, 3)
        yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
        heading = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
        self._add_arrow(base, heading @ np.asarray(command_C[:2], np.float64), _COMMAND_RGBA, 0.0)
        if self._base_before is not None and elapsed_s > 0:
            self._add_arrow(base, (base - self._base_before)[:2] / elapsed_s, _SPEED_RGBA, 0.05)
        self._base_before = base

    def _add_arrow(self, base: np.ndarray, velocity: np.ndarray, rgba: np.ndarray, lift: float) -> None:
        geom = self._next_geom()
        if geom is None or np.linalg.norm(velocity) < 0.02:
            return
        start = base + np.array([0.0, 0.0, self._top + 0.1 * self._size + lift])
        end = start + 0.5 * np.clip([velocity[0], velocity[1], 0.0], -3.0, 3.0)
        mujoco.mjv_initGeom(geom, mujoco.mjtGeom.mjGEOM_ARROW, np.zeros(3), np.zeros(3), np.zeros(9), rgba)
        mujoco.mjv_connector(geom, mujoco.mjtGeom.mjGEOM_ARROW, 0.02 * self._size, start, end)

    def _next_geom(self) -> Any:
        if self._scene.ngeom >= self._scene.maxgeom:
            return None
        self._scene.ngeom += 1
        geom = self._scene.geoms[self._scene.ngeom - 1]
        geom.category = mujoco.mjtCatBit.mjCAT_DECOR
        return geom


def _grown(mask: np.ndarray) -> np.ndarray:
    """Returns the mask one pixel wider: the edges of what was drawn are mixed with the black that lay behind them."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out


def body_id(model: mujoco.MjModel, name: str) -> int:
    """Returns the body of that name, or the first that can move for no name; raises ValueError for an unknown one."""
    if name:
        found = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, name)
        if found < 0:
            raise ValueError(f"the model has no body `{name}`")
        return found
    moving = np.flatnonzero(np.asarray(model.body_dofnum) > 0)
    return int(moving[0]) if len(moving) else 0


def measure(model: mujoco.MjModel, body: int) -> tuple[float, float]:
    """Returns about how large the body's whole tree is, and how far it reaches above the body, in metres."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    geoms = np.flatnonzero(np.asarray(model.body_rootid)[model.geom_bodyid] == model.body_rootid[body])
    geoms = geoms[model.geom_rbound[geoms] > 0] if body else geoms[:0]
    if not len(geoms):
        return 1.0, 0.5
    points, radii = data.geom_xpos[geoms], model.geom_rbound[geoms]
    reach = (np.linalg.norm(points - points.mean(axis=0), axis=1) + radii).max()
    top = (points[:, 2] + radii).max() - data.xpos[body][2]
    return float(np.clip(reach, 0.2, 5.0)), float(np.clip(top, 0.05, 5.0))


def _camera(shot: dict[str, Any], size: float) -> mujoco.MjvCamera:
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FREE
    camera.azimuth, camera.elevation = shot.get("azimuth", 130.0), shot.get("elevation", -15.0)
    camera.distance = shot.get("distance", 0.0) or 3.2 * size
    return camera


def _light(model: mujoco.MjModel, size: float) -> None:
    model.vis.headlight.active = 1
    model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = 0.4, 0.25
    model.vis.headlight.specular[:] = 0.1
    model.vis.quality.offsamples, model.vis.quality.shadowsize = 4, 2048
    model.vis.map.shadowclip = 3.0 * size / model.stat.extent  # a map of shadows wider than needed is a coarse one


def _copy_light(source: Any, target: Any) -> None:
    for name in ("pos", "dir", "ambient", "diffuse", "specular", "attenuation"):
        getattr(target, name)[:] = getattr(source, name)
    for name in ("id", "type", "headlight", "castshadow", "cutoff", "exponent"):
        setattr(target, name, getattr(source, name))


def _bare_floors(model: mujoco.MjModel) -> list[int]:
    planes = np.flatnonzero(np.asarray(model.geom_type) == int(mujoco.mjtGeom.mjGEOM_PLANE))
    floors = [int(g) for g in planes if model.geom_bodyid[g] == 0 and abs(model.geom_quat[g][0]) > 0.999]
    return [g for g in floors if model.geom_matid[g] < 0 or model.mat_texid[model.geom_matid[g]].max() < 0]
