"""The table of commands: their names, where they live, what they do, and examples. Importing it imports no command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One command: `function` in `module` is a Typer command whose first help line is its summary."""

    name: str
    module: str
    function: str
    help: str
    examples: tuple[str, ...]


COMMANDS: tuple[Entry, ...] = (
    Entry(
        "lint",
        "ksim_spec.cli.lint",
        "lint",
        "Check specs, given as files or folders, against their robots.\n\n"
        "With --fix, repair first what can be repaired without changing what a spec means, comments kept; with "
        "--unsafe-fixes the rest too.\n\n"
        "Exits with 1 when there are errors, with 2 when a path cannot be read.",
        (
            "ksim lint specs/walk.ksim",
            "ksim lint specs --format github",
            "ksim lint walk.ksim --profile play",
            "ksim lint specs --watch",
            "ksim lint --fix specs",
        ),
    ),
    Entry(
        "explain",
        "ksim_spec.cli.explain",
        "explain",
        "Say what a rule means, why it matters and how to repair what it reports.\n\nWithout a rule, list them all.",
        ("ksim explain KS301", "ksim explain unit-mismatch", "ksim explain"),
    ),
    Entry(
        "fmt",
        "ksim_spec.cli.fmt",
        "fmt",
        "Format specs in place: one layout for all, comments kept, meaning unchanged.\n\n"
        "Exits with 1 when a file has syntax errors, or when --check or --diff finds something to change; with 2 when "
        "a path cannot be read or written.",
        ("ksim fmt specs", "ksim fmt --check specs", "ksim fmt --diff specs/walk.ksim", "ksim fmt - < walk.ksim"),
    ),
    Entry(
        "lsp",
        "ksim_spec.cli.lsp",
        "lsp_command",
        "Serve an editor: diagnostics, formatting, hover, completion and more over stdin and stdout.\n\n"
        "Started by the editor, not by hand. Needs pygls: pip install 'ksim_spec[lsp]'.",
        ("ksim lsp",),
    ),
    Entry(
        "show",
        "ksim_spec.cli.show",
        "show_command",
        "Show what a spec comes to: observation layout, action map, effective weights, timing, cost.\n\n"
        "Nothing is trained; everything is worked out after the profile and every --set.",
        (
            "ksim show specs/walk.ksim",
            "ksim show specs/walk.ksim --profile play --format yaml",
            "ksim show walk.ksim --set train.num_envs=512",
        ),
    ),
    Entry(
        "diff",
        "ksim_spec.cli.diff",
        "diff",
        "Say what the changes between two versions of a task mean for policies trained before them.\n\n"
        "A side may be a file of a git revision, REF:SPEC. With --on both versions are evaluated on the same states. "
        "Exits with 1 when --fail-on finds something.",
        (
            "ksim diff specs/walk.ksim",
            "ksim diff main:specs/walk.ksim specs/walk.ksim --fail-on meaning",
            "ksim diff runs/walk-20260101-120000 specs/walk.ksim",
            "ksim diff main:specs specs --format markdown",
            "ksim diff main:walk.ksim walk.ksim --on runs/walk-20260101-120000",
        ),
    ),
    Entry(
        "lock",
        "ksim_spec.cli.lock",
        "lock",
        "Write the contract of each spec beside it, as SPEC.lock, for review.\n\n"
        "With --check nothing is written; exits with 1 when a lock is missing or out of date.",
        ("ksim lock specs", "ksim lock specs --check"),
    ),
    Entry(
        "log",
        "ksim_spec.cli.log",
        "log",
        "Show what each commit changed of a spec, its includes and its robot, one line a change.",
        ("ksim log specs/walk.ksim", "ksim log specs/walk.ksim -n 5 --cosmetic", "ksim log walk.ksim --format json"),
    ),
    Entry(
        "install-git",
        "ksim_spec.cli.git",
        "install_git",
        "Make git show changes of specs as what they mean.\n\nWrites and prints the configuration; --undo removes it.",
        ("ksim install-git", "ksim install-git --global", "ksim install-git --undo"),
    ),
    Entry(
        "git-driver",
        "ksim_spec.cli.git",
        "git_driver",
        "Compare two versions of a spec for git. Called by git, not by hand: see install-git.",
        ("ksim git-driver --text specs/walk.ksim",),
    ),
    Entry(
        "compile",
        "ksim_spec.cli.compile",
        "compile_command",
        "Write the compiled task that training uses, or print one stage of it.\n\n"
        "The folder holds task.py, model.xml, contract.json, spec.yaml and ir.txt.",
        (
            "ksim compile specs/walk.ksim -o build/walk",
            "ksim compile specs/walk.ksim --emit ir",
            "ksim compile walk.ksim --emit hlo --num-envs 64",
        ),
    ),
    Entry(
        "train",
        "ksim_spec.cli.train",
        "train",
        "Compile a spec into a run folder and train its policy.\n\n"
        "Ctrl-C finishes the update, writes a checkpoint, and says how to go on.",
        (
            "ksim train specs/walk.ksim",
            "ksim train specs/walk.ksim --budget 500000 --seed 1",
            "ksim train --resume runs/walk-20260101-120000",
        ),
    ),
    Entry(
        "play",
        "ksim_spec.cli.play",
        "play",
        "Run a trained policy and film it.",
        (
            "ksim play runs/walk-20260101-120000 --video walk.mp4",
            "ksim play RUN --video fast.mp4 --set command.velocity.x=1.0",
        ),
    ),
    Entry(
        "eval",
        "ksim_spec.cli.eval",
        "evaluate",
        "Judge a run by the check block of its spec, on fresh episodes.\n\nExits with 1 when a check fails.",
        ("ksim eval runs/walk-20260101-120000", "ksim eval RUN --episodes 128 --format json"),
    ),
    Entry(
        "bench",
        "ksim_spec.cli.bench",
        "bench_command",
        "Measure how fast a spec runs here: bare physics, the task step, training, the first update, memory.\n\n"
        "The first three are timed in turn in one run, so their ratios hold on a busy machine too.",
        ("ksim bench specs/walk.ksim", "ksim bench specs/trot.ksim --num-envs 256 --format json"),
    ),
    Entry(
        "doctor",
        "ksim_spec.cli.doctor",
        "doctor",
        "Say what is installed and which engines, devices and video backends work here.",
        ("ksim doctor", "ksim doctor --format json"),
    ),
)
