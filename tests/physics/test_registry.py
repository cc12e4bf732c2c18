"""Engines describe themselves; the registry finds them, and says what is missing."""

from __future__ import annotations

from dataclasses import replace

import jax
import pytest

from ksim_spec.diagnostics import SpecError
from ksim_spec.physics import cpu, warp
from ksim_spec.physics.preflight import Preflight
from ksim_spec.physics.protocol import EngineConfig
from ksim_spec.physics.registry import (
    ENGINES,
    Needs,
    backend_help,
    backends,
    choose_engine,
    engine_info,
    make_engine,
    probe,
)
from tests.physics.physics_models import PENDULUM, load


def test_every_engine_describes_itself_and_is_in_the_help():
    assert backends() == ("auto", *sorted(ENGINES)) and all(name in backend_help() for name in backends())
    for name in ENGINES:
        info = engine_info(name)
        assert info.name == name
        found = info.preflight(Preflight(load(PENDULUM), None, name))
        assert [d.message for d in found if d.severity == "error"] == []


def test_auto_takes_the_first_engine_that_suits_the_platform_and_is_installed(monkeypatch):
    def chosen(platform: str, installed: bool) -> str:
        monkeypatch.setattr(jax, "default_backend", lambda: platform)
        needs = Needs("mujoco" if installed else "no_such_module", "warp-lang", "warp")
        monkeypatch.setattr(warp, "INFO", replace(warp.INFO, needs=needs))
        return choose_engine("auto")

    asked = [("cpu", True), ("gpu", True), ("gpu", False), ("tpu", True)]
    assert [chosen(*case) for case in asked] == ["cpu", "warp", "mjx", "mjx"]


def test_an_engine_whose_package_is_missing_says_which_and_how_to_install_it(monkeypatch):
    monkeypatch.setattr(cpu, "INFO", replace(cpu.INFO, needs=Needs("no_such_module", "some-package", "some-extra")))
    with pytest.raises(SpecError) as error:
        make_engine("cpu", load(PENDULUM), EngineConfig(2))
    [found] = error.value.diagnostics
    assert found.code == "KS724" and "`some-package`" in found.message and "ksim_spec[some-extra]" in found.help
    with pytest.raises(ModuleNotFoundError, match="some-package"):
        probe("cpu")
