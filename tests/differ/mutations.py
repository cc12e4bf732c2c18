"""Realistic edits of specs and their robots, each with the class that its change belongs to.

An edit is a regular expression and what takes its place, in the text of the spec or of the MJCF, applied once (the first
match) unless `count` says otherwise. One that does not match a spec does not apply to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ksim_spec.contract.extract import declared
from ksim_spec.contract.schema import Contract
from ksim_spec.formatter.format import format_text
from ksim_spec.language.load import Trace, load_tree
from ksim_spec.robot.index import RobotIndex
from ksim_spec.source import SourceFile
from ksim_spec.syntax.parse import parse_file

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.ksim"))


@dataclass(frozen=True)
class Version:
    """A spec and the MJCF that it names."""

    path: Path
    spec: str
    robot: str


@dataclass(frozen=True)
class Edit:
    """`rule` is the code that must be among the changes, where one rule is meant."""

    name: str
    cls: str
    rule: str
    change: Callable[[Version], Version | None]

    def __call__(self, version: Version) -> Version | None:
        """Returns the edited version; None where there is nothing to edit."""
        return self.change(version)


def original(path: Path) -> Version:
    """Returns a spec of the repository with its robot."""
    source = SourceFile(str(path), path.read_text(), path)
    program = load_tree(source, *parse_file(source)).program
    assert program is not None
    return Version(path, source.text, program.robot_path.read_text())


@cache
def _index(text: str) -> RobotIndex:
    return RobotIndex.load(text)


@cache
def contract(version: Version) -> Contract:
    """Returns the contract of a version; fails the test where it does not check."""
    source = SourceFile(str(version.path), version.spec, version.path)
    index = _index(version.robot)
    loaded = load_tree(source, *parse_file(source), trace=Trace(read_robot=lambda _: index))
    assert loaded.program is not None, [d.message for d in loaded.diagnostics if d.severity == "error"]
    return declared(loaded.program, index, loaded.items, loaded.sources)


def _text(
    pattern: str, to: str | Callable[[re.Match[str]], str], count: int, spec: bool
) -> Callable[[Version], Version | None]:
    found = re.compile(pattern, re.M | re.S if pattern.startswith("(?s)") else re.M)

    def change(v: Version) -> Version | None:
        old = v.spec if spec else v.robot
        new = found.sub(to, old, count=count)
        if new == old:
            return None
        return Version(v.path, new, v.robot) if spec else Version(v.path, v.spec, new)

    return change


def S(name: str, cls: str, rule: str, pattern: str, to: str | Callable[[re.Match[str]], str], count: int = 1) -> Edit:
    return Edit(name, cls, rule, _text(pattern, to, count, spec=True))


def M(name: str, cls: str, rule: str, pattern: str, to: str | Callable[[re.Match[str]], str], count: int = 1) -> Edit:
    return Edit(name, cls, rule, _text(pattern, to, count, spec=False))


def _times(factor: float) -> Callable[[re.Match[str]], str]:
    return lambda m: f"{m[1]}{float(m[2]) * factor:.10g}"


def _words(old: str, new: str) -> Callable[[Version], Version | None]:
    """Renames a word everywhere outside strings."""
    word = re.compile(rf'("[^"]*")|(?<![.\w])(?:{old})\b')

    def change(v: Version) -> Version | None:
        spec = word.sub(lambda m: m[1] or new, v.spec)
        return None if spec == v.spec else Version(v.path, spec, v.robot)

    return change


def _lines(keyword: str, rearrange: Callable[[list[str]], list[str]]) -> Callable[[Version], Version | None]:
    """Rearranges the lines of a block that have no braces in them, up to the first inner block."""

    def change(v: Version) -> Version | None:
        found = re.search(rf"^{keyword}[^\n]*{{\n", v.spec, re.M)
        if found is None:
            return None
        lines: list[str] = []
        for line in v.spec[found.end() :].splitlines():
            if not line.strip() or "}" in line or "{" in line:
                break
            lines.append(line)
        new = rearrange(lines)
        start, stop = found.end(), found.end() + len("\n".join(lines))
        spec = v.spec[:start] + "\n".join(new) + v.spec[stop:]
        return None if new == lines else Version(v.path, spec, v.robot)

    return change


def _swap(a: int, b: int) -> Callable[[list[str]], list[str]]:
    def rearrange(lines: list[str]) -> list[str]:
        new = list(lines)
        if max(a, b) < len(new):
            new[a], new[b] = new[b], new[a]
        return new

    return rearrange


def _formatted(v: Version) -> Version:
    loose = re.sub(r"[ \t]+([=*<>+-])[ \t]+", r"   \1 ", v.spec)
    return Version(v.path, "# another comment\n\n" + format_text(SourceFile("x", loose), 80), v.robot)


def _swap_actuators(v: Version) -> Version | None:
    rows = list(re.finditer(r"^ *<(?:position|motor|general) [^>]*/>\n", v.robot, re.M))
    start = v.robot.find("<actuator>")
    rows = [r for r in rows if r.start() > start]
    if len(rows) < 2:
        return None
    a, b = rows[0], rows[1]
    robot = v.robot[: a.start()] + b[0] + v.robot[a.end() : b.start()] + a[0] + v.robot[b.end() :]
    return Version(v.path, v.spec, robot)


NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"
KEY = r'(<key name="(?:stand|home|standing)"\s+qpos="(?:\s*[-\d.]+)'  # and how many numbers of a floating base follow
EDITS: tuple[Edit, ...] = (
    # shape
    Edit("remove an observation", "shape", "KD102", _lines("observe actor", lambda x: x[1:])),
    S("add an observation", "shape", "KD101", r"observe actor \{\n", "observe actor {\n  extra = time\n"),
    S("add an observation at the end", "shape", "KD101", r"(?s)(observe actor \{.*?)\n\}", r"\1\n  extra = time\n}"),
    S("lengthen a history", "shape", "KD103", r"history 3", "history 5"),
    S("shorten a history", "shape", "KD103", r"history 4", "history 2"),
    S("add a history", "shape", "KD103", r"(previous *= action)", r"\1  history 2"),
    S("observe one component less", "shape", "KD103", r"(gravity *=) down", r"\1 down.xy"),
    # a table of angles by name would have to lose its entry, too
    S("drive fewer joints", "shape", "KD104", r'(legs += joints\(.*), "[^"]*"\)(?![\s\S]*around \{)', r"\1)"),
    S("another actor", "shape", "KD105", r"actor( *)= mlp\(\d+", r"actor\1= mlp(96"),
    S("another critic", "shape", "KD105", r"critic( *)= mlp\(\d+", r"critic\1= mlp(96"),
    S("one layer more", "shape", "KD105", r"actor( *)= mlp\((\d+)", r"actor\1= mlp(64, \2"),
    S("spread by state", "shape", "KD105", r"^policy \{\n", "policy {\n  std = state\n"),
    S("the critic sees more", "shape", "KD101", r"observe critic includes actor \{\n", "observe critic includes actor {\n  more = time\n"),
    S("the critic sees less", "shape", "KD102", r"^  flight +=.*\n", ""),
    S("the critic sees the actor's group", "shape", "KD106", r"observes critic", "observes actor"),
    S("an observed command field more", "shape", "KD103", r"^  yaw( +)= (uniform.*)\n", r"  yaw\1= \2\n  more = uniform(1 m)\n"),
    # meaning
    Edit("swap two observations", "meaning", "KD201", _lines("observe actor", _swap(0, 1))),
    Edit("move an observation to the end", "meaning", "KD201", _lines("observe actor", lambda x: [*x[1:], x[0]])),
    S("change a scale", "meaning", "KD203", rf"(scale ){NUMBER}(?= per rad/s)", _times(2)),
    S("add a scale", "meaning", "KD203", r"(gravity +=.*)$", r"\1 scale 2"),
    S("remove a scale", "meaning", "KD203", r"  scale [\d.]+ per rad/s", ""),
    S("clip an observation", "meaning", "KD204", r"^(  (?:gravity|cart) +=.*)$", lambda m: f"{m[1]} clip {'0.5 m' if 'cart' in m[1] else '0.5'}"),
    S("another frame", "meaning", "KD205", r"base\.angvel in base(?= )", "base.angvel in base.heading"),
    S("observe another value", "meaning", "KD206", r"= legs\.pos - home\.pos", "= legs.pos + home.pos"),
    S("observe an angle for its sine", "meaning", "KD202", r"(clock_sin +=) sin\(gait\)", r"\1 gait"),
    S("observe an angle for its cosine", "meaning", "KD202", r"(pole_cos +=) cos\(hinge.pos\)", r"\1 hinge.pos"),
    S("change the sign of an observation", "meaning", "KD206", r"(clock_cos +=) cos\(gait\)", r"\1 -cos(gait)"),
    S("see an observation later", "meaning", "KD207", r"^(  (?:gravity|cart) +=.*)$", r"\1 delay 40 ms"),
    S("change a signal that is observed", "meaning", "KD206", r"(down +=) world\.down", r"\1 world.up"),
    S("change a clock that is observed", "meaning", "KD206", rf"(phase\(){NUMBER}", _times(1.25)),
    S("observe joints in another order", "meaning", "KD208", r'joints\(("[^"]*"), ("[^"]*")', r"joints(\2, \1"),
    S("drive joints in another order", "meaning", "KD214", r'legs += joints\(("[^"]*"), ("[^"]*")', r"legs = joints(\2, \1"),
    S("change the action's scale", "meaning", "KD212", rf"(scale ){NUMBER}(?= (?:rad|N)\b)", _times(0.5)),
    S("act around nothing", "meaning", "KD213", r"  around home", ""),
    S("one action cut in two", "meaning", "KD214", r"^  upper_target = position\(upper\)(.*)$", r'  arms = position(joints("abdomen_*"))\1\n  trunk = position(joints("shoulder*", "elbow_*"))\1'),
    S("another gain in the spec", "meaning", "KD215", rf"(gain ){NUMBER}", _times(1.5)),
    S("another damping in the spec", "meaning", "KD215", rf"(damping ){NUMBER}(?= Nm)", _times(1.5)),
    S("another control rate", "meaning", "KD221", r"control_step( *)= 20 ms", r"control_step\1= 40 ms"),
    Edit("swap two fields of a command", "meaning", "KD231", _lines("command velocity", _swap(0, 1))),
    S("a command in another frame", "meaning", "KD232", r"command walk in base.heading", "command walk in base"),
    S("another activation", "meaning", "KD241", r"^policy \{\n(?!(?:.*\n)*?  activation)", "policy {\n  activation = relu\n"),
    S("actions without tanh", "meaning", "KD241", r"^policy \{\n", "policy {\n  distribution = normal\n"),
    S("observations not normalized", "meaning", "KD241", r"^train ppo \{\n", "train ppo {\n  normalize_observations = false\n"),
    S("observations clipped elsewhere", "meaning", "KD241", r"^train ppo \{\n", "train ppo {\n  observation_clip = 5\n"),
    S("other name pairs of a symmetric policy", "meaning", "KD242",
      r'(?s)\A(?=.*symmetric = true)(.*?)  mirror "RL_\*" <-> "RR_\*"\n', r"\1"),
    S("no longer symmetric", "meaning", "KD241", r"symmetric = true", "symmetric = false"),
    S("observe joints twice", "shape", "KD101", r"^  previous ", "  again = legs.pos\n  previous "),
    M("a servo's gain", "meaning", "KD215", rf'(kp="){NUMBER}', _times(1.1)),
    M("a servo's gain as bias", "meaning", "KD215", rf'(biasprm="0 -){NUMBER}', _times(1.1)),
    M("a motor's gear", "meaning", "KD216", rf'(gear="){NUMBER}', _times(1.2)),
    M("a force limit", "meaning", "KD216", rf'(forcerange="-?[\d.]+ ){NUMBER}', _times(1.2)),
    M("a control limit", "meaning", "KD216", rf'(ctrlrange="-?[\d.]+ ){NUMBER}', _times(0.8)),
    M("a joint turns the other way", "meaning", "KD251", r'(<joint [^>]*)axis="0 (-?)1 0"', lambda m: f'{m[1]}axis="0 {"" if m[2] else "-"}1 0"'),
    M("another home pose", "meaning", "KD213", r'(<key name="(?:stand|home|standing)"\s+qpos="(?:\s*[-\d.]+){9}\s+)(-?[\d.]+)', lambda m: f"{m[1]}{float(m[2]) + 0.1:g}"),
    M("two joints of one body swapped", "meaning", "KD214", r'( *<joint name="left_hip_yaw"[^\n]*\n)( *<joint name="left_hip_roll"[^\n]*\n)', r"\2\1"),
    # behaviour
    S("change a weight", "behaviour", "KD301", rf"(weight ){NUMBER}", _times(1.5)),
    S("turn the sign of a weight", "behaviour", "KD301", rf"(weight ){NUMBER}", _times(-1)),
    S("weigh a term with zero", "behaviour", "KD301", rf"(weight ){NUMBER}", _times(0)),
    S("add a reward", "behaviour", "KD302", r"^reward \{\n", "reward {\n  more = time  weight 1 per s per s\n"),
    S("remove a reward", "behaviour", "KD303", r"^  (?:track_yaw|close|torque) += .*\n", ""),
    S("a wider kernel", "behaviour", "KD304", rf"(gaussian\([^,]*, ){NUMBER}", _times(1.5)),
    S("reward another value", "behaviour", "KD304", r"sum\(square\(delta\(action\)\)\)", "sum(abs(delta(action)))"),
    S("another exponent in a signal that is rewarded", "behaviour", "KD304", r"calm else 1", "calm else 0.5"),
    S("a reward per step", "behaviour", "KD305", r"(alive += 1 +weight [\d.]+) per s", r"\1 per step"),
    S("a group weighs less", "behaviour", "KD301", r"group costs weight cost", "group costs weight 0.5"),
    S("clip a reward", "behaviour", "KD304", r"^(  (?:alive|swing) +=.*?)(  weight.*)$", r"\1  clip 0 .. 0.5\2"),
    S("fall at another height", "behaviour", "KD311", rf"(base\.height < ){NUMBER}", _times(0.9)),
    S("another timeout", "behaviour", "KD311", rf"(time >= ){NUMBER}", _times(0.5)),
    S("time out later by a step", "behaviour", "KD311", r"time >= ", "time > "),
    S("a timeout is a failure", "behaviour", "KD312", r"truncate$", "fail"),
    S("another termination", "behaviour", "KD311", r"^terminate \{\n", "terminate {\n  early when time > 10 s  truncate\n"),
    S("no fall", "behaviour", "KD311", r"^  fell .*\n", ""),
    S("begin further away", "behaviour", "KD321", rf"^(  \w+\.(?:pos|yaw) +\+= (?:uniform|normal)\(){NUMBER}", _times(1.5)),
    Edit("one reset line less", "behaviour", "KD321", _lines("reset", lambda x: x[:-1])),
    S("settle first", "behaviour", "KD321", r"^reset \{\n", "reset {\n  settle 0.1 s\n"),
    S("begin in the reference pose", "behaviour", "KD321", r"^  pose hang\n", ""),
    M("begin higher", "behaviour", "KD321", rf"{KEY}{{2}}\s+)([\d.]+)", lambda m: f"{m[1]}{float(m[2]) + 0.1:g}"),
    M("begin to one side", "behaviour", "KD321", rf"{KEY}{{0}}\s*)([\d.]+)", lambda m: f"{m[1]}{float(m[2]) + 0.15:g}"),
    M("begin turned", "behaviour", "KD321", rf"{KEY}{{3}})\s+1 0 0 0", r"\1 0.995 0.0998 0 0"),
    S("push more often", "behaviour", "KD322", r"every 5 s \.\. 10 s", "every 3 s .. 10 s"),
    S("push harder", "behaviour", "KD322", r"disc\(0\.5 m/s\)", "disc(0.8 m/s)"),
    S("push another velocity", "behaviour", "KD322", r"base\.linvel\.xy (\+= .*)m/s\)", r"base.angvel.xy \1rad/s)"),
    S("another push too", "behaviour", "KD322", r"^event push", "event shove every 3 s .. 4 s {\n  base.angvel.z += uniform(1 rad/s)\n}\n\nevent push"),
    S("randomize more widely", "behaviour", "KD323", r"uniform\(0\.5, 1\.25\)", "uniform(0.4, 1.3)"),
    S("randomize more narrowly", "behaviour", "KD323", r"uniform\(-1 kg, 1 kg\)", "uniform(-0.5 kg, 0.5 kg)"),
    S("randomize per episode", "behaviour", "KD323", r"per run", "per episode"),
    S("randomize by addition", "behaviour", "KD323", r"legs\.kp( +)\*= uniform\(0\.9, 1\.1\)", r"legs.kp\1+= uniform(5 Nm/rad)"),
    S("no randomized gain", "behaviour", "KD323", r"^  legs\.kp .*\n", ""),
    S("randomize damping too", "behaviour", "KD323", r"^randomize \{\n", "randomize {\n  legs.damping *= uniform(0.8, 1.2)\n"),
    S("a quicker curriculum", "behaviour", "KD324", r"by 0\.05", "by 0.1"),
    S("a longer curriculum", "behaviour", "KD324", rf"(duration ){NUMBER}", _times(2)),
    S("another end of a level", "behaviour", "KD324", r"(cost +from 0\.1) to 1\b", r"\1 to 2"),
    S("another condition of a level", "behaviour", "KD324", r"mean\(episode_time\) > 10 s", "mean(episode_time) > 12 s"),
    S("wider commands", "behaviour", "KD331", rf"(= uniform\(-?[\d.]+ m/s, ){NUMBER}", _times(1.5)),
    S("commands drawn otherwise", "behaviour", "KD331", r"(  yaw +=) uniform\(-1 rad/s, 1 rad/s\)", r"\1 normal(0.5 rad/s)"),
    S("commands last longer", "behaviour", "KD332", r"resample every 4 s \.\. 8 s", "resample every 4 s .. 10 s"),
    S("commands stay", "behaviour", "KD332", r"^  resample .*\n", ""),
    S("more often zero", "behaviour", "KD332", r"probability 10 %", "probability 20 %"),
    S("more noise", "behaviour", "KD341", rf"(noise normal\(){NUMBER}", _times(2)),
    S("no noise", "behaviour", "KD341", r"noise uniform\(0\.05\)", ""),
    S("noise where there was none", "behaviour", "KD341", r"^(  (?:clock_sin|pole_sin) +=.*)$", r"\1 noise normal(0.01)"),
    S("a bias", "behaviour", "KD341", r"(noise normal\(0\.01 rad\))", r"\1  bias uniform(0.02 rad)"),
    S("another delay of actions", "behaviour", "KD342", r"delay 0 ms \.\. (?:20|8) ms", "delay 0 ms .. 40 ms"),
    S("the critic sees another value", "behaviour", "KD351", r"(height +=) base\.height", r"\1 2 * base.height"),
    S("a group that no network sees", "behaviour", "KD351", r"^reward \{", "observe log {\n  t = time\n}\n\nreward {"),
    S("another discount", "behaviour", "KD361", rf"(discount += ){NUMBER}", _times(0.99)),
    S("another learning rate", "behaviour", "KD361", r"learning_rate( +)= 1e-3", r"learning_rate\1= 5e-4"),
    S("a larger budget", "behaviour", "KD361", rf"(budget += ){NUMBER}", _times(2)),
    S("another seed", "behaviour", "KD361", r"^train ppo \{\n", "train ppo {\n  seed = 7\n"),
    S("more epochs", "behaviour", "KD361", r"num_epochs( +)= \d", r"num_epochs\1= 6"),
    S("more exploration", "behaviour", "KD362", rf"(init_std += ){NUMBER}", _times(1.2)),
    S("less exploration at the end", "behaviour", "KD362", rf"(min_std += ){NUMBER}", _times(0.5)),
    S("a finer physics step", "behaviour", "KD371", rf"(physics_step += ){NUMBER}", _times(0.5)),
    S("a slippery floor", "behaviour", "KD371", rf"(friction ){NUMBER}", _times(0.5)),
    S("more solver iterations", "behaviour", "KD371", r"^world \{\n(?!(?:.*\n)*?  iterations)", "world {\n  iterations = 9\n"),
    S("another bound of a check", "behaviour", "KD381", r"9[05] %$", "80 %"),
    S("a check less", "behaviour", "KD381", r"^  (?:survived|rms).*\n", ""),
    S("another profile", "behaviour", "KD382", r"^(reward \{)", "profile quiet {\n  no noise\n}\n\n\\1"),
    S("a profile that changes more", "behaviour", "KD382", r"train\.num_envs = 1$", "train.num_envs = 2"),
    S("other name pairs", "behaviour", "KD383",
      r'(?s)\A(?!.*symmetric = true)(.*?)  mirror "[^\n]*\n', r"\1"),
    Edit("rename an observation with noise", "behaviour", "KD391", _words("gravity", "tilted")),
    S("rename an event", "behaviour", "KD391", r"^event push", "event shove"),
    Edit("rename a command", "behaviour", "KD391", _words("velocity", "wanted")),
    Edit("rename what is randomized", "behaviour", "KD391", _words("legs", "limbs")),
    M("more damping of joints", "behaviour", "KD372", rf'(<joint [^>]*damping="){NUMBER}', _times(2)),
    M("more inertia of rotors", "behaviour", "KD372", rf'(armature="){NUMBER}', _times(2)),
    M("a joint limit", "behaviour", "KD373", rf'(<joint [^>]*\brange="-?[\d.]+ ){NUMBER}', _times(0.9), 0),
    M("a heavier geom", "behaviour", "KD374", r'(<geom [^>]*\bmass=")([\d.]*[1-9][\d.]*)', _times(1.2)),
    M("a heavier body", "behaviour", "KD374", r'(<inertial [^>]*mass=")([\d.]+)', _times(1.2)),
    M("a larger foot", "behaviour", "KD375", r'(<geom (?:type="capsule"|name="foot\w*"|class="foot\w*"|type="sphere"|name="cart")[^>]*size=")([\d.]+)', _times(1.1)),
    M("a limb sits elsewhere", "behaviour", "KD375", r'(<body name="(?:left_shin|FL_calf|shin_left|lower_leg_1to1_front_left)" pos="-?[\d.]+ )(-?[\d.]+)', lambda m: f"{m[1]}{float(m[2]) + 0.01:g}"),
    M("contacts in pairs are slippery", "behaviour", "KD376", r'<pair geom1="foot1_left" geom2="floor"/>', '<pair geom1="foot1_left" geom2="floor" friction="0.5 0.5 0.005 0.0001 0.0001"/>'),
    M("a pair that may not touch", "behaviour", "KD376", r"<actuator>", '<contact><exclude body1="world" body2="world"/></contact><actuator>'),
    M("another solver option", "behaviour", "KD371", r"<option ", '<option impratio="5" '),
    M("another geom", "behaviour", "KD378", r"</worldbody>", '<geom name="box" type="box" size="1 1 1" mass="1" contype="1" conaffinity="1" pos="3 0 0"/></worldbody>'),
    Edit("actuators in another order", "behaviour", "KD377", _swap_actuators),
    M("rename joints", "behaviour", "KD379", r'((?:left|right)_)knee"', r'\1big_knee"', 0),
    M("rename other joints", "behaviour", "KD379", r'((?:FL|FR|RL|RR)_)calf"', r'\1low_calf"', 0),
    M("rename joints and what drives them", "behaviour", "KD379", r'"knee_((?:left|right)|(?:front|hind)_(?:left|right))"', r'"knee_big_\1"', 0),
    M("a robot inside a frame", "behaviour", "KD378", r'(?s)(<worldbody>)(.*)(</worldbody>)', r'\1<frame pos="0 0 0.1">\2</frame>\3'),
    # cosmetic
    S("a comment", "cosmetic", "", r"^reward \{", "# what pays\nreward {"),
    Edit("another layout", "cosmetic", "", _formatted),
    Edit("rewards in another order", "cosmetic", "KD402", _lines("reward", lambda x: x[::-1])),
    S("terminations in another order", "cosmetic", "KD402", r"(?s)(  fell [^\n]*\n)(  timeout [^\n]*\n)", r"\2\1"),
    S("checks in another order", "cosmetic", "KD402", r"(?s)(  survived[^\n]*\n)(  (?:rms|mean)[^\n]*\n)", r"\2\1"),
    Edit("rename a signal", "cosmetic", "KD401", _words("down", "downward")),
    Edit("rename another signal", "cosmetic", "KD401", _words("score", "points")),
    Edit("rename a reward", "cosmetic", "KD401", _words("track_linear|track|swing", "follow")),
    Edit("rename a termination", "cosmetic", "KD401", _words("timeout", "late")),
    Edit("rename a level", "cosmetic", "KD401", _words("cost", "price")),
    Edit("rename an observation without noise", "cosmetic", "KD401", _words("clock_sin|pole_sin", "sine")),
    Edit("rename a part of the robot that draws nothing", "cosmetic", "KD401", _words("feet", "soles")),
    S("milliseconds as seconds", "cosmetic", "", r"control_step( *)= 20 ms", r"control_step\1= 0.02 s"),
    S("degrees as radians", "cosmetic", "KD403", r"> 60 deg", "> 1.0471975511965976 rad"),
    S("metres as centimetres", "cosmetic", "KD403", r"base\.height < 0\.(\d\d?) m", lambda m: f"base.height < {m[1]}{'0' * (2 - len(m[1]))} cm"),
    S("per cent as a number", "cosmetic", "", r"probability 10 %", "probability 0.1"),
    S("a weight spelled otherwise", "cosmetic", "KD403", r"weight 2\.0 per s", "weight 2 per s"),
    S("a scale spelled otherwise", "cosmetic", "KD403", r"scale 0\.25 per rad/s", "scale 0.25 s/rad"),
    S("operands exchanged", "cosmetic", "KD403", r"(base\.height < [\d.]+ m) or (tilt\(base\) > 60 deg)", r"\2 or \1"),
    S("brackets that mean nothing", "cosmetic", "", r"square\(base\.linvel\.z\)", "square((base.linvel.z))"),
    S("another description", "cosmetic", "KD405", r'^(task \w+) ".*"', r'\1 "Something else"'),
    S("another name of the task", "cosmetic", "KD405", r"^task (\w+)", r"task my_\1"),
    S("a signal that nothing uses", "cosmetic", "KD406", r"^signal \{\n", "signal {\n  spare = time\n"),
    S("a name for a number", "cosmetic", "", r"(?s)signal \{\n(.*?)phase\(2 Hz\)", r"signal {\n  beat = 2 Hz\n\1phase(beat)"),
    M("sensors in another order", "cosmetic", "KD402", r"( *<gyro [^\n]*\n)( *<accelerometer [^\n]*\n)", r"\2\1"),
    M("a rotation written with the other sign", "cosmetic", "", rf"{KEY}{{3}})\s+1 0 0 0", r"\1 -1 0 0 0"),
    M("a rotation that is not of length one", "cosmetic", "", rf"{KEY}{{3}})\s+1 0 0 0", r"\1 2 0 0 0"),
    M("another colour", "cosmetic", "KD407", r'rgba="0\.\d+', 'rgba="0.123'),
    M("another light", "cosmetic", "KD407", r"<light ", '<light ambient="0.1 0.1 0.1" '),
    M("a comment in the MJCF", "cosmetic", "", r"<worldbody>", "<!-- here it begins --><worldbody>"),
    M("numbers of the MJCF spelled otherwise", "cosmetic", "", r'timestep="0\.00(\d)"', r'timestep="\1e-3"'),
    M("a default class by another name", "cosmetic", "", r'class="(knee|calf|big_joint)"', r'class="\1_class"', 0),
)  # fmt: skip
