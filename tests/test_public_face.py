"""`import ksim_spec as ks`: what it offers, what it loads, that it does what the commands do, and what it says of mistakes."""

import ast
import json
import os
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ksim_spec as ks
from ksim_spec.compiler import compile_spec, write_compiled
from ksim_spec.runs.folder import make_task, open_folder
from tests.test_import_hygiene import heavy_imports

ROOT = Path(__file__).parents[1]
CARTPOLE, WALK = ROOT / "specs" / "cartpole.ksim", ROOT / "specs" / "walk.ksim"
TROT = ROOT / "tests" / "cli" / "small.ksim"  # a small one with commands, delays, noise and draws
FUNCTIONS = {n for n in ks.__all__ if callable(getattr(ks, n)) and not isinstance(getattr(ks, n), type)}
TINY = {"train.num_envs": 16, "train.num_minibatches": 2, "train.num_env_states_per_minibatch": 64}
TINY |= {"policy.actor": "mlp(8)", "policy.critic": "mlp(8)"}


def message(error: pytest.ExceptionInfo[ks.SpecError]) -> str:
    return str(error.value)


# What there is --------------------------------------------------------------------------------------------------------


def test_it_offers_what_is_promised():
    wanted = "load lint format compile diff train resume open_run evaluate play make"
    assert set(wanted.split()) == FUNCTIONS
    assert set(dir(ks)) == set(ks.__all__) and ks.__all__ == sorted(ks.__all__)
    with pytest.raises(AttributeError, match="has no attribute `trian`"):
        ks.trian  # noqa: B018


@pytest.mark.parametrize("name", [n for n in ks.__all__ if n != "__version__"])
def test_every_name_is_documented(name):
    thing = getattr(ks, name)
    assert thing.__doc__ and len(thing.__doc__.split()) > 8
    assert f"`ks.{name}`" in (ROOT / "docs" / "python.md").read_text()
    if name in FUNCTIONS:
        assert "SpecError" in thing.__doc__ and thing.__doc__.startswith(("Returns", "Trains", "Goes on", "Films"))


def test_editors_are_told_the_same_names_as_programs():
    tree = ast.parse(Path(ks.__file__).read_text())
    guarded = next(n for n in tree.body if isinstance(n, ast.If))
    told = {a.asname: f"{n.module}.{a.name}" for n in guarded.body if isinstance(n, ast.ImportFrom) for a in n.names}
    assert sorted(told) == ks.__all__
    assert told == {name: f"ksim_spec.{home}.{name}" for name, home in ks._HOMES.items()}


def test_no_module_hides_a_name():
    assert not {m.name for m in pkgutil.iter_modules(ks.__path__)} & set(ks.__all__)


def test_reading_specs_loads_nothing_heavy():
    program = f"""
import ksim_spec as ks
assert not [m for m in __import__("sys").modules if m.startswith("ksim_spec.")], "the package alone loads nothing"
assert ks.load({str(WALK)!r}).name == "walk" and not ks.lint({str(WALK)!r}).errors
text = open({str(WALK)!r}).read()
assert ks.format(text) == text and ks.diff({str(WALK)!r}, {str(CARTPOLE)!r}).changes and ks.__version__
ks.SpecError, ks.Diagnostic, ks.Findings, ks.Program, ks.DiffResult, ks.NetworkSettings
"""
    assert heavy_imports(program) == []


def test_compiling_takes_mujoco_but_no_jax():
    assert heavy_imports(f"import ksim_spec as ks\nks.compile({str(CARTPOLE)!r}).files") == ["mujoco"]


# It does what the commands do -----------------------------------------------------------------------------------------


def test_loading_and_settings_are_those_of_the_command_line():
    program = ks.load(CARTPOLE, set={"train.num_envs": 64.0, "train.discount": 0.9, "policy.symmetric": False})
    assert (program.train.num_envs, program.train.discount, program.policy.symmetric) == (64, 0.9, False)
    assert ks.load(str(CARTPOLE), set={"train.learning_rate": np.float64(1e-5)}).train.learning_rate == 1e-5
    assert ks.load(CARTPOLE, set={"policy.actor": "mlp(7)"}).policy.actor.hidden == (7,)


def test_lint_reports_findings_and_raises_none(tmp_path):
    bad = tmp_path / "bad.ksim"
    bad.write_text(CARTPOLE.read_text().replace("robots/", f"{CARTPOLE.parent}/robots/") + "\nsignal { lonely = 1 }\n")
    found = ks.lint(bad)
    assert [d.slug for d in found] == ["unused-signal"] == [d.slug for d in found.warnings] and not found.errors
    assert len(found) == 1 and "signal { lonely = 1 }" in str(found) == found.render()
    assert found.render("concise").startswith(f"{bad}:") and json.loads(found.render("json"))["counts"]["warning"] == 1
    assert not ks.lint(bad, ignore="unused-signal") and len(ks.lint(bad, select=["unused-signal"])) == 1
    bad.write_text(bad.read_text().replace("lonely = 1", "lonely = nothing"))
    assert [d.severity for d in ks.lint(tmp_path, CARTPOLE)] == ["error"]
    with pytest.raises(ks.SpecError) as error:
        ks.load(bad)
    assert message(error).startswith(f"{bad}:") and "unknown-name]: " in message(error)
    assert pickle.loads(pickle.dumps(error.value)).diagnostics == error.value.diagnostics


def test_many_specs_are_linted_where_jax_runs_without_a_copy_of_the_process(tmp_path):
    for k in range(20):
        (tmp_path / f"{k}.ksim").write_text("task a\n")
    assert len(ks.lint(tmp_path).errors) >= 20  # a warning of JAX about the fork would have failed this


def test_diff_says_what_changed(tmp_path):
    new = tmp_path / "new.ksim"
    text = CARTPOLE.read_text().replace("robots/", f"{CARTPOLE.parent}/robots/")
    new.write_text(text.replace("discount                     = 0.98", "discount = 0.5"))
    (change,) = ks.diff(CARTPOLE, new).changes
    assert (change.cls, change.path) == ("behaviour", "train.discount") and "0.5" in change.text


def test_compile_writes_what_the_command_writes(tmp_path):
    compiled = ks.compile(CARTPOLE, tmp_path / "out")
    assert compiled.program.name == "cartpole"
    assert {n: (tmp_path / "out" / n).read_text() for n in compiled.files} == compile_spec(CARTPOLE).files


# An environment -------------------------------------------------------------------------------------------------------

ENVS = 3


@pytest.fixture(scope="module")
def env() -> ks.Env:
    return ks.make(CARTPOLE, num_envs=ENVS)


def actions(steps: int, size: int = 1) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (steps, ENVS, size)).astype(np.float32)


def same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_made_environments_are_the_trainers_own(tmp_path):
    """Bit for bit what the task of a run folder gives: with commands, pushes, draws, and episodes that end."""
    write_compiled(compile_spec(TROT), tmp_path)
    task = make_task(open_folder(tmp_path), ENVS)
    init, step = jax.jit(task.init), jax.jit(lambda s, a, p: task.step(s, a, p))
    inner, shown = init(jax.random.key(5), task.params)
    env = ks.make(TROT, num_envs=ENVS)
    state = env.reset(jax.random.key(5))
    same(state.env_state, shown)
    ended = 0
    for action in 2 * actions(80, env.action_size):
        inner, shown, info = step(inner, action, task.params)
        state = env.step(state, action)
        same((state.env_state, state.info), (shown, info))
        ended += int(state.done.sum())
    assert ended > 0, "no episode ended, so resets were not compared"


def test_a_state_shows_what_its_parts_say(env):
    state = env.reset(3)
    assert env.observation_sizes == {"actor": 5} and env.action_size == 1 and env.control_step == 0.02
    assert state.observation["actor"].shape == (ENVS, 5) and state.reward.shape == state.done.shape == (ENVS,)
    assert not any(np.any(x) for x in jax.tree.leaves(state.info)), "nothing has happened after a reset"
    after = env.step(state, np.ones((ENVS, 1)))
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
    np.testing.assert_allclose(after.info.time_E, 0.02)
    np.testing.assert_allclose(sum(after.info.terms.values()), after.reward, rtol=1e-5)
    assert after.reads["qpos"].shape == (ENVS, env.model.nq)


def test_equal_keys_begin_equally_and_a_number_is_a_key(env):
    seen = [np.array(env.reset(k).observation["actor"]) for k in (3, jax.random.key(3), 4)]
    np.testing.assert_array_equal(seen[0], seen[1])
    assert np.all(seen[0] != seen[2], axis=0).any()


def test_it_can_be_compiled_and_scanned(env):
    taken = jnp.asarray(actions(6))

    def one(state, action):
        state = env.step(state, action)
        return state, (state.observation, state.reward)

    scanned = jax.jit(lambda key: jax.lax.scan(one, env.reset(key), taken)[1])(jax.random.key(1))
    state, seen = env.reset(jax.random.key(1)), []
    for action in taken:
        state = env.step(state, action)
        seen.append((state.observation, state.reward))
    jax.tree.map(lambda *x: np.testing.assert_allclose(np.stack(x[1:]), x[0], rtol=1e-6, atol=1e-6), scanned, *seen)


def test_a_compiled_task_and_its_folder_make_the_same_environments(env, tmp_path):
    compiled = ks.compile(CARTPOLE, tmp_path)
    states = [
        e.step(e.reset(0), actions(1)[0]) for e in (env, *(ks.make(x, num_envs=ENVS) for x in (compiled, tmp_path)))
    ]
    for other in states[1:]:
        same(other.env_state, states[0].env_state)


def test_one_state_can_be_stepped_twice_where_the_engine_keeps_it_all_in_there():
    env = ks.make(CARTPOLE, num_envs=ENVS, backend="mjx")
    state = env.reset(0)
    same(*(env.step(state, actions(1)[0]).env_state for _ in range(2)))


STATE_ERRORS = {
    "rows": (lambda env, s: env.step(s, np.zeros((2, 1))), r"`action` is float32\[2, 1\], not float32\[3, 1\]"),
    "columns": (lambda env, s: env.step(s, np.zeros((3, 4))), r"float32\[3, 4\]"),
    "no axis": (lambda env, s: env.step(s, 0.0), r"float32\[\], not"),
    "kind": (lambda env, s: env.step(s, np.zeros((3, 1), bool)), r"`action` is bool\[3, 1\]"),
    "no array": (lambda env, s: env.step(s, "left"), "`action` is of type `str`"),
    "no key": (lambda env, s: env.reset("seed"), "`key` is 'seed'"),
    "many keys": (lambda env, s: env.reset(jax.random.split(jax.random.key(0))), r"`key` is key<fry>\[2\]"),
    "old key": (lambda env, s: env.reset(jax.random.PRNGKey(0)), r"`key` is uint32\[2\]"),
    "key below 0": (lambda env, s: env.reset(-1), "`key` is -1"),
    "another's": (lambda env, s: ks.make(CARTPOLE, num_envs=2).step(s, np.zeros((2, 1))), "`state` has 3 environments"),
}


@pytest.mark.parametrize("case", STATE_ERRORS)
def test_a_wrong_step_is_refused_in_words(env, case):
    wrong, told = STATE_ERRORS[case]
    with pytest.raises(ks.SpecError, match=told) as error:
        wrong(env, env.reset(0))
    assert [d.slug for d in error.value.diagnostics] == ["bad-argument"] and "help: " in message(error)


def test_an_old_state_is_refused_where_the_simulations_have_moved_on(env):
    old = env.reset(0)
    new = env.step(old, actions(1)[0])
    with pytest.raises(ks.SpecError, match="`state` is not the newest one, .* `cpu` engine"):
        env.step(old, actions(1)[0])
    env.step(new, actions(1)[0])
    env.reset(0)
    with pytest.raises(ks.SpecError, match="not the newest"):
        env.step(new, actions(1)[0])


# Training and what comes of it ------------------------------------------------------------------------------------------


class Remembers(eqx.Module):
    """A leaky sum of the inputs, and a linear layer."""

    layer: eqx.nn.Linear
    gain: float

    @classmethod
    def init(cls, key, sizes, settings):
        return cls(eqx.nn.Linear(sizes.inputs, sizes.outputs, key=key), sizes.gain)

    def initial_carry(self):
        return jnp.zeros(self.layer.in_features)

    def __call__(self, carry, x, done):
        carry = 0.5 * carry + x
        return carry, self.gain * jax.vmap(self.layer)(carry)


class Wide(Remembers):
    def __call__(self, carry, x, done):
        return carry, jnp.zeros((len(x), 77))


class Halfway(eqx.Module):
    @classmethod
    def init(cls, key, sizes, settings):
        return cls()

    def initial_carry(self):
        return ()


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    rows = []
    out = tmp_path_factory.mktemp("face") / "run"
    result = ks.train(CARTPOLE, out, budget=256, seed=3, set=TINY, network=Remembers, on_update=rows.append)
    assert result.run_dir == out and result.env_states == 256 and not result.interrupted
    assert [r["update"] for r in rows] == [1, 2] and result.last == rows[-1]
    return out


def test_the_run_is_that_of_the_spec_with_its_settings(run):
    spec = open_folder(run).spec
    assert (spec.train.seed, spec.train.num_envs, spec.train.budget) == (3, 16, 256)
    assert spec.policy.actor.hidden == (8,) and (run / "spec.ksim").read_bytes() == CARTPOLE.read_bytes()


def test_a_trained_network_acts_remembers_and_is_judged(run):
    opened = ks.open_run(run, num_envs=ENVS, network=Remembers)
    state, memory = opened.env.reset(0), opened.start()
    assert opened.env is opened.env and memory.actor.shape == (ENVS, 5)
    first, action = opened.act(memory, state.observation)
    assert action.shape == (ENVS, 1) and np.all(np.abs(action) <= 1)
    state = opened.env.step(state, action)
    again, _ = opened.act(first.after(state.done), state.observation)
    assert np.any(again.actor != first.actor)
    judged = ks.evaluate(run, episodes=16, seed=1, network=Remembers)
    assert judged.episodes >= 16 and judged.seed == 1 and judged.origin.seed == 3
    assert [c.text for c in judged.checks] == ["mean(score) >= 90 %"] and not judged.passed


OPENERS = {
    "open_run": lambda run, network: ks.open_run(run, network=network),
    "evaluate": lambda run, network: ks.evaluate(run, episodes=1, network=network),
    "resume": lambda run, network: ks.resume(run, network=network),
    "play": lambda run, network: ks.play(run, run / "play.mp4", network=network),
}


@pytest.mark.parametrize("opener", OPENERS)
def test_a_run_with_a_network_of_its_own_says_so(run, opener):
    with pytest.raises(ks.SpecError, match="with the network `.*Remembers` of its own\n  help: .* as `network`"):
        OPENERS[opener](run, None)
    with pytest.raises(ks.SpecError, match="with the network `.*Remembers` of its own, not `Wide`"):
        OPENERS[opener](run, Wide)


def test_the_command_line_says_so_too(run):
    command = [sys.executable, "-m", "ksim_spec.cli.main", "eval", str(run), "--episodes", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environ(), timeout=120)
    assert done.returncode == 2 and "Remembers` of its own" in done.stderr


def test_a_run_goes_on_exactly_where_it_stopped(run, tmp_path):
    def stop(row):
        if row["update"] == 1:
            raise KeyboardInterrupt  # as a notebook does

    with pytest.raises(KeyboardInterrupt):
        ks.train(
            CARTPOLE, tmp_path / "run", budget=256, seed=3, set={**TINY, "train.checkpoint_every": 1},
            network=Remembers, on_update=[stop],
        )  # fmt: skip
    result = ks.resume(tmp_path / "run", network=Remembers)
    assert result.env_states == 256
    a, b = (ks.open_run(r, network=Remembers).actor for r in (run, tmp_path / "run"))
    same(a, b)


def test_a_network_that_does_not_fit_leaves_no_folder(tmp_path):
    cases = (
        (Wide, r"`Wide` makes float32\[2, 77\]"), (Halfway, "`Halfway`, which has no `__call__`"),
        (int, "`int`, which has no `init`"), (Remembers.__call__, "it has to be a class"),
    )  # fmt: skip
    for network, told in cases:
        with pytest.raises(ks.SpecError, match=told):
            ks.train(CARTPOLE, tmp_path / "run", set=TINY, budget=256, network=network)
    assert list(tmp_path.iterdir()) == []


def test_a_network_is_a_network():
    made = Remembers.init(jax.random.key(0), ks.Sizes(5, 1, 0.01), ks.load(CARTPOLE).policy.network("actor"))
    assert isinstance(made, ks.Network) and get_type_hints(ks.Network.init)["sizes"] is ks.Sizes
    assert not isinstance(Halfway(), ks.Network)


def test_warnings_are_logged(caplog, tmp_path):
    ks.make(CARTPOLE, set={"train.budget": 10_000})
    (record,) = caplog.records
    assert record.name == "ksim_spec" and "budget-below-episode]" in record.message


def test_runs_that_are_damaged_are_told_of(run, tmp_path):
    (tmp_path / "run").mkdir()
    for path in run.iterdir():
        if path.is_file():
            (tmp_path / "run" / path.name).write_bytes(path.read_bytes())
    for name, text in (("spec.yaml", "task: ["), ("spec.yaml", "task: 3"), ("contract.json", "{")):
        kept = (tmp_path / "run" / name).read_bytes()
        (tmp_path / "run" / name).write_text(text)
        with pytest.raises(ks.SpecError, match="cannot be read as a run or compiled folder"):
            ks.open_run(tmp_path / "run")
        (tmp_path / "run" / name).write_bytes(kept)


# Mistakes of the caller -----------------------------------------------------------------------------------------------

MISTAKES = {
    "no such spec": (lambda: ks.load("no.ksim"), "`no.ksim` cannot be read: No such file"),
    "no path": (lambda: ks.load(3), "`spec` is 3"),  # type: ignore[arg-type]
    "empty path": (lambda: ks.load(""), "`spec` is ''"),
    "null in a path": (lambda: ks.lint("a\0b"), "`paths` is 'a"),
    "a folder": (lambda: ks.load(CARTPOLE.parent), "cannot be read: Is a directory"),
    "key": (lambda: ks.load(CARTPOLE, set={"train.num_env": 3}), "`train` has no setting `num_env`"),
    "block": (lambda: ks.load(CARTPOLE, set={"trian.num_envs": 3}), "trian"),
    "key without a block": (lambda: ks.load(CARTPOLE, set={"": 3}), "--set #1"),
    "value": (lambda: ks.load(CARTPOLE, set={"train.num_envs": [1]}), "`train.num_envs` is set to [1]"),
    "value nan": (lambda: ks.load(CARTPOLE, set={"train.discount": float("nan")}), "`discount` must be a number"),
    "list": (lambda: ks.load(CARTPOLE, set=["train.num_envs=3"]), "`set` is ['train.num_envs=3']"),  # type: ignore[arg-type]
    "profile": (lambda: ks.load(CARTPOLE, profile="plya"), "there is no profile `plya`"),
    "profile kind": (lambda: ks.lint(CARTPOLE, profile=3), "`profile` is 3"),  # type: ignore[arg-type]
    "lint nothing": (lambda: ks.lint(), "there is nothing to check"),
    "lint no file": (lambda: ks.lint("no.ksim"), "no.ksim: No such file"),
    "lint no specs": (lambda: ks.lint(ROOT / "ksim_spec" / "api"), "no `.ksim` files in this folder"),
    "no rule": (
        lambda: ks.lint(CARTPOLE, select="unused-signla"),
        "`select` names no rule: `unused-signla`\n  help: did",
    ),
    "no format": (lambda: ks.lint(CARTPOLE).render("text"), "`format` is 'text'"),  # type: ignore[arg-type]
    "format": (lambda: ks.format("task a {\n"), "<text>:1:8: error[KS006 unclosed-bracket]"),
    "format a path": (lambda: ks.format(str(WALK)), "give the text of a spec"),
    "diff": (lambda: ks.diff(WALK, "no.ksim"), "there is no `no.ksim`"),
    "revision": (lambda: ks.diff("nobody:a.ksim", WALK), "there is no "),
    "compile into a file": (lambda: ks.compile(CARTPOLE, CARTPOLE), "cannot write"),
    "no environments": (
        lambda: ks.make(CARTPOLE, num_envs=0),
        "`num_envs` is 0\n  help: give a whole number from 1 on",
    ),
    "half an environment": (lambda: ks.make(CARTPOLE, num_envs=1.5), "`num_envs` is 1.5"),  # type: ignore[arg-type]
    "engine": (lambda: ks.make(CARTPOLE, backend="cup"), "there is no engine `cup`\n  help: did you mean `cpu`?"),
    "engine kind": (lambda: ks.make(CARTPOLE, backend=None), "`backend` is None"),  # type: ignore[arg-type]
    "make a folder": (lambda: ks.make(CARTPOLE.parent), "`task.py` is missing"),
    "make with settings": (lambda: ks.make(ks.compile(CARTPOLE), set=TINY), "this is a compiled one"),
    "train": (lambda: ks.train("no.ksim"), "cannot be read"),
    "train engine": (lambda: ks.train(CARTPOLE, backend="gpu"), "there is no engine `gpu`"),
    "batch": (lambda: ks.train(CARTPOLE, num_envs=7), "7 environments do not split"),
    "seed": (lambda: ks.train(CARTPOLE, seed=-1), "seed"),
    "budget": (lambda: ks.train(CARTPOLE, budget=0.5), "`budget` must be a whole number"),  # type: ignore[arg-type]
    "out": (lambda: ks.train(CARTPOLE, ROOT / "specs"), "already exists and is not empty"),
    "on_update": (lambda: ks.train(CARTPOLE, on_update=[print, 3]), "`on_update` is [<built-in"),  # type: ignore[list-item]
    "no run": (lambda: ks.open_run(CARTPOLE), "is neither a run nor a checkpoint"),
    "no run here": (lambda: ks.resume(ROOT / "nowhere"), "is neither a run nor a checkpoint"),
    "episodes": (lambda: ks.evaluate(ROOT, episodes=0), "`episodes` is 0"),
    "eval seed": (lambda: ks.evaluate(ROOT, seed=-1), "`seed` is -1"),
    "seconds": (lambda: ks.play(ROOT, "a.mp4", seconds=float("nan")), "`seconds` is nan"),
    "command": (lambda: ks.play(ROOT, "a.mp4", command=["x"]), "`command` is ['x']"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_of_the_caller_is_told_in_words(case):
    wrong, told = MISTAKES[case]
    with pytest.raises(ks.SpecError) as error:
        wrong()
    assert told in message(error) and message(error).count("error[KS") >= 1


def test_an_error_reads_as_its_findings(tmp_path):
    spec = tmp_path / "two.ksim"
    spec.write_text('task two\nrobot "no.xml"\nworld {\n  floor = plain\n}\n')
    with pytest.raises(ks.SpecError) as error:
        ks.load(spec)
    lines = message(error).splitlines()
    assert lines[0].startswith(f"{spec}:2:") and "error[" in lines[0]
    assert [d.severity for d in error.value.diagnostics].count("error") == message(error).count("error[")


# In the program of someone else ---------------------------------------------------------------------------------------


def environ(**more: str) -> dict[str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


def told_by(program: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ(**more), timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wish_for_pictures_that_cannot_be_fulfilled_stops_nothing():
    program = f"import ksim_spec as ks, os\nprint(ks.make({str(CARTPOLE)!r}).action_size, os.environ.get('MUJOCO_GL'))"
    assert told_by(program, MUJOCO_GL="nonsense") == "1 None\n"
    assert told_by(program, MUJOCO_GL="off") == "1 off\n"  # one that can be fulfilled is left to who has it


def test_no_state_is_told_in_words_too():
    """Away from the checks of types that the tests add."""
    program = f"""
import ksim_spec as ks
env = ks.make({str(CARTPOLE)!r})
try: env.step(env.reset(0).env_state, [[0.0]])
except ks.SpecError as error: print(error)
print(env.step(env.reset(0), [[1]]).reward.shape)
"""
    lines = told_by(program).splitlines()
    assert lines[0] == "error[KS770 bad-argument]: `state` is of type `EnvState`" and lines[-1] == "(1,)"


def test_a_compilation_cache_of_the_program_itself_is_left_alone(tmp_path):
    program = f"""
import jax
jax.config.update("jax_compilation_cache_dir", {str(tmp_path)!r})
import ksim_spec as ks
ks.make({str(CARTPOLE)!r})
print(jax.config.jax_compilation_cache_dir)
"""
    assert told_by(program) == f"{tmp_path}\n"
