"""What is rewarded, and how much it counts."""

from __future__ import annotations

from ksim_spec.contract.schema import Contract, Reward
from ksim_spec.differ.comparison import Comparison
from ksim_spec.differ.renames import pair
from ksim_spec.differ.sections.curriculum import levels_changed, reordered
from ksim_spec.differ.wording import number, percent
from ksim_spec.rules import changes as change_rules


def rewards(c: Comparison) -> None:
    old, new = c.old.rewards, c.new.rewards
    pairs = pair(old, new, lambda a, b: c.renames.same(a.value, b.value) and a.effective == b.effective)
    for name, r in old.items():
        if name not in pairs:
            c.add(
                change_rules.REWARD_REMOVED,
                f"reward.{name}",
                f"`{r.value.text}` at {_weight(c.old, r)} removed",
                r.value.digest,
            )
    for name, r in new.items():
        if name not in pairs.values():
            text = f"`{r.value.text}` at {_weight(c.new, r)} added"
            c.add(change_rules.REWARD_ADDED, f"reward.{name}", text, None, r.value.digest)
    for a, b in pairs.items():
        if a != b:
            c.renamed(f"reward.{b}", a, b)
        _reward(c, f"reward.{b}", old[a], new[b])
    reordered(c, "reward", [pairs[n] for n in old if n in pairs], [n for n in new if n in pairs.values()], "terms")


def _weight(whole: Contract, r: Reward) -> str:
    unit = {"rate": "per s", "step": "per step", "event": "on event"}[r.mode]
    return f"{_ends(r.effective)} {unit}"


def _ends(ends: tuple[float, float] | None) -> str:
    if ends is None:
        return "a computed weight"
    return number(ends[0]) if ends[0] == ends[1] else f"{number(ends[0])} .. {number(ends[1])}"


def _reward(c: Comparison, path: str, a: Reward, b: Reward) -> None:
    c.expression(change_rules.REWARD_VALUE, path, a.value, b.value)
    if a.mode != b.mode:
        words = {"rate": "per second", "step": "per step", "event": "on event"}
        c.add(change_rules.REWARD_MODE, path, f"counts {words[a.mode]} -> {words[b.mode]}", a.mode, b.mode)
    weights = c.renames.same(a.weight, b.weight), a.weight.text == b.weight.text
    if weights == (False, True) and a.mode == b.mode and levels_changed(c):
        c.follows.append(path.removeprefix("reward."))
    elif a.effective != b.effective and a.effective and b.effective:
        _weights(c, path, a, b, a.effective, b.effective)
    elif weights == (False, False):
        c.expression(change_rules.REWARD_WEIGHT, f"{path}.weight", a.weight, b.weight, "weight")
    elif weights == (False, True):
        c.add(change_rules.REWARD_WEIGHT, f"{path}.weight", "the weight is computed in another way", a.weight.digest,
              b.weight.digest)  # fmt: skip
    elif a.weight.text != b.weight.text and a.mode == b.mode:
        c.respelled(f"{path}.weight", a.weight.text, b.weight.text)


def _weights(
    c: Comparison, path: str, a: Reward, b: Reward, old: tuple[float, float], new: tuple[float, float]
) -> None:
    unit = {"rate": "per s", "step": "per step", "event": "on event"}[b.mode]
    if old[0] == old[1] and new[0] == new[1]:
        shown = f"{number(old[0])} -> {number(new[0])} {unit}{percent(old[0], new[0])}"
    else:
        shown = f"{_ends(old)} -> {_ends(new)} {unit}{percent(old[1], new[1])}"
    notes = []
    if b.mode == "rate":
        steps = [x * w.timing.control_step for x, w in ((old[1], c.old), (new[1], c.new))]
        notes = (
            []
            if steps[0] == steps[1]
            else [f"a value of 1 adds {number(steps[0])} -> {number(steps[1])} a control step"]
        )
    if a.weight.text == b.weight.text:
        notes.append(f"`{b.weight.text}` is written as before: the group or the curriculum around it changed")
    c.add(change_rules.REWARD_WEIGHT, f"{path}.weight", f"weight {shown}", list(old), list(new), notes)


LOOKS = (rewards,)
