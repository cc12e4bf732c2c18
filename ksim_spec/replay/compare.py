"""What a change of a task does to its rewards, its terminations and a trained policy, on the same states."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from ksim_spec.contract.schema import Contract
from ksim_spec.diagnostics import SpecError
from ksim_spec.differ.renames import find_renames, pair
from ksim_spec.differ.sides import Opener
from ksim_spec.differ.states import FlipRow, PolicyRow, RuleRow, SpreadRow, StatesRow, TermRow, spread
from ksim_spec.replay.compiled_version import Version, open_version
from ksim_spec.replay.evaluate import ActFn, Evaluation, Replay, called
from ksim_spec.replay.recording import Recording, record_random, record_run
from ksim_spec.runs.folder import use_compilation_cache

RANDOM = "random"
FLIPS = 3  # states that are named of a termination
SAME = 1e-5  # of the largest value: what the order of a sum may change in float32


def on_states(opener: Opener, sides: tuple[str, str], contracts: tuple[Contract, Contract], on: str,
              states: int) -> StatesRow:  # fmt: skip
    """Returns what two versions of a task make of the states of a run (`on` is its path), or of random actions.

    Raises SpecError for a side that cannot be compiled and for a run that cannot be played.
    """
    use_compilation_cache()
    old, new = (open_version(opener, side) for side in sides)
    if on == RANDOM:
        return compare(old, new, contracts, record_random(old, states))
    recorded = opener.open(opener.disk, on).contract
    return compare(old, new, contracts, record_run(Path(on), states), Path(on), recorded)


def compare(
    old: Version,
    new: Version,
    contracts: tuple[Contract, Contract],
    recording: Recording,
    run: Path | None = None,
    recorded: Contract | None = None,
) -> StatesRow:
    """Returns what two versions make of a recording, and what the policy of a run does in both.

    `recorded` is the contract of the task that was recorded, the old one's if left out.
    """
    renames = [find_renames(recorded or contracts[0], contract) for contract in contracts]
    replays = Replay(old, recording, renames[0]), Replay(new, recording, renames[1])
    policy, actors = None, [None, None]
    if run is not None:
        try:
            actors = [actor_of(run, replay) for replay in replays]
        except SpecError as error:
            policy = PolicyRow(problem=error.diagnostics[0].message, changed=0.0, force=0.0, joint="")
    found = [replay.evaluate(actor) for replay, actor in zip(replays, actors, strict=True)]
    if run is not None and policy is None:
        policy = acts(recording, *found)
    return _rows(recording, contracts, found[0], found[1], policy, _notes(recording, replays))


def _notes(recording: Recording, replays: Sequence[Replay]) -> tuple[str, ...]:
    """What a reader must know of the states to read the numbers right."""
    notes = []
    for replay in replays:
        version = replay.version
        own, recorded = version.spec.world.control_step * 1e3, recording.control_dt * 1e3
        if not np.isclose(own, recorded):
            steps = f"{version.label} has control steps of {own:g} ms and the states are {recorded:g} ms apart"
            notes.append(f"{steps}: what it computes over time is off by that")
        fields = {f"{block}.{f}" for block, fs in version.spec.commands.items() for f in fs}
        unknown = sorted(fields - called(recording.command, replay.renames).keys())
        if unknown:
            notes.append(f"{', '.join(unknown)} of {version.label} was not recorded and stands at its middle")
    return tuple(notes)


# The policy -----------------------------------------------------------------------------------------------------------


def actor_of(run: Path, replay: Replay) -> ActFn:
    """Returns the policy of a run as a function in a version of its task.

    Raises SpecError, with the name of the version, where its networks do not fit there.
    """
    from ksim_spec.trainer import checkpoint as ckpt
    from ksim_spec.trainer.evaluate import act_on

    saved, spec = ckpt.load(ckpt.find(run)), replay.version.spec
    try:
        actor = ckpt.restore_actor(saved, replay.task, spec.policy)
    except SpecError as error:
        first = error.diagnostics[0]
        raise SpecError([dataclasses.replace(first, message=f"in {replay.version.label} {first.message}")]) from None
    return lambda obs, begins: act_on(replay.task, spec.train, actor, obs, begins)


def acts(recording: Recording, old: Evaluation, new: Evaluation) -> PolicyRow:
    """Returns in how many states two evaluations of a policy exert other forces, and the largest difference."""
    assert old.force_TEV is not None and new.force_TEV is not None
    apart_TEV = np.abs(old.force_TEV - new.force_TEV)
    limit = SAME * 10 * max(1.0, float(np.abs(old.force_TEV).max()))
    changed = np.any(apart_TEV > limit, axis=-1)[recording.valid_TE]
    worst = int(apart_TEV.max((0, 1)).argmax())
    joint = next((j.name for j in recording.joints if j.qvel.start <= worst < j.qvel.stop), "")
    return PolicyRow(problem="", changed=float(changed.mean()), force=float(apart_TEV.max()), joint=joint)


# Terms and terminations -----------------------------------------------------------------------------------------------


def _rows(
    recording: Recording,
    contracts: tuple[Contract, Contract],
    old: Evaluation,
    new: Evaluation,
    policy: PolicyRow | None,
    notes: tuple[str, ...],
) -> StatesRow:
    a, b = contracts
    renames = find_renames(a, b)
    terms = pair(a.rewards, b.rewards, lambda x, y: renames.same(x.value, y.value))
    rules = pair(a.terminations, b.terminations, lambda x, y: renames.same(x.when, y.when))
    valid = recording.valid_TE
    sizes = [sum(abs(float(x[valid].mean())) for x in e.terms.values()) or 1.0 for e in (old, new)]
    totals = old.total_TE[valid], new.total_TE[valid]
    return StatesRow(
        source=recording.label,
        states=recording.states,
        environments=valid.shape[1],
        terms=tuple(
            _term(y or x or "", _of(old.terms, x), _of(new.terms, y), valid, sizes)
            for x, y in _aligned(terms, list(a.rewards), list(b.rewards))
        ),
        total=_term("total", old.total_TE, new.total_TE, valid, None),
        rank_correlation=rank_correlation(*totals),
        rules=tuple(
            _rule(y or x or "", _of(old.rules, x), _of(new.rules, y), recording)
            for x, y in _aligned(rules, list(a.terminations), list(b.terminations))
        ),
        policy=policy,
        notes=notes,
    )


def _of(arrays: Mapping[str, np.ndarray], name: str | None) -> np.ndarray | None:
    return None if name is None else arrays[name]


def _aligned(pairs: Mapping[str, str], old: Sequence[str], new: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Returns the names of both versions side by side, None where a version has no counterpart."""
    both: list[tuple[str | None, str | None]] = [(x, pairs.get(x)) for x in old]
    return both + [(None, y) for y in new if y not in pairs.values()]


def _term(
    name: str,
    old: Float[np.ndarray, "T E"] | None,
    new: Float[np.ndarray, "T E"] | None,
    valid: Bool[np.ndarray, "T E"],
    sizes: list[float] | None,
) -> TermRow:
    values = [None if x is None else x[valid] for x in (old, new)]
    known = [x for x in values if x is not None]
    low, high = min(float(x.min()) for x in known), max(float(x.max()) for x in known)
    same = values[0] is not None and values[1] is not None and _same(values[0], values[1])
    rows = [None if x is None else _spread(x, low, high, sizes[i] if sizes else None) for i, x in enumerate(values)]
    return TermRow(name=name, same=same, low=low, high=high, old=rows[0], new=rows[1])


def _same(old: np.ndarray, new: np.ndarray) -> bool:
    return bool(np.abs(old - new).max() <= SAME * max(float(np.abs(old).max()), 1e-9))


def _spread(x: np.ndarray, low: float, high: float, size: float | None) -> SpreadRow:
    mean = float(x.mean())
    share = abs(mean) / size if size else 0.0
    return SpreadRow(mean=mean, deviation=float(x.std()), share=share, histogram=spread(x, low, high))


def _rule(
    name: str, old: Bool[np.ndarray, "T E"] | None, new: Bool[np.ndarray, "T E"] | None, recording: Recording
) -> RuleRow:
    if old is None or new is None:
        counts = [None if x is None else int(x.sum()) for x in (old, new)]
        return RuleRow(name=name, old=counts[0], new=counts[1], gained=0, lost=0, flips=())
    first = {int(e): int(t) for t, e in np.argwhere(old != new)[::-1]}  # the earliest of each environment
    flips = tuple(
        FlipRow(environment=e, step=t, time_s=float(recording.time_TE[t, e]), fires=bool(new[t, e]))
        for e, t in sorted(first.items(), key=lambda place: place[1])[:FLIPS]
    )
    return RuleRow(
        name=name,
        old=int(old.sum()),
        new=int(new.sum()),
        gained=int((new & ~old).sum()),
        lost=int((old & ~new).sum()),
        flips=flips,
    )


def rank_correlation(old: np.ndarray, new: np.ndarray) -> float | None:
    """Returns Spearman's rank correlation, ties sharing their mean rank; None where a side never varies."""
    ranks = [rankdata(x) for x in (old, new)]
    if any(np.ptp(r) == 0 for r in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])
