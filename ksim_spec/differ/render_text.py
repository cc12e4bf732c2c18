"""A diff for people: on a terminal, and as Markdown for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from ksim_spec.differ import states
from ksim_spec.differ.report import ChangeRow, Report, SpecRow, next_step, summary
from ksim_spec.render.ansi import Style, visible

MARKER = "<!-- ksim-diff -->"  # by which the one comment of a pull request is found again
LIMIT = 65_000  # characters that GitHub takes in a comment are 65,536
_COLORS = {"meaning": "1;35", "shape": "1;31", "behaviour": "1;33", "cosmetic": "2"}
_WORDS = {
    "incompatible": "trained policies: incompatible, they cannot be loaded",
    "silently different": "trained policies: silently different, they load and act wrongly",
    "compatible": "trained policies: compatible",
    "unknown": "trained policies: unknown, a side does not check",
}


def text(found: Report, color: bool = False) -> str:
    """Returns the diff for a terminal, verdict last; ends with a newline."""
    style = Style(color)
    parts = [_spec_text(s, style, titled=len(found.specs) > 1) for s in found.specs]
    for unused in found.unused_acceptances:
        why = "has expired" if unused.expired else "is not needed"
        parts.append(f"acceptance {unused.fingerprint} (line {unused.line}, {visible(unused.reason)}) {why}")
    parts += states.text(found.on, style) if found.on is not None else []
    rows = found.rows()
    if not rows:
        same = f" in {found.unchanged} specs" if found.unchanged else ""
        return "\n".join([*parts, f"no changes{same}; {_WORDS[found.verdict]}", ""])
    accepted = sum(r.accepted is not None for r in rows)
    last = f"{summary(rows)}{f', {accepted} accepted' if accepted else ''}; {style.strong(_WORDS[found.verdict])}"
    advice = next_step([r for r in rows if r.accepted is None] or rows)
    return "\n".join([*parts, last, *([f"next: {advice}"] if advice else []), ""])


def _spec_text(spec: SpecRow, style: Style, titled: bool) -> str:
    lines = [style.strong(visible(spec.name))] if titled else []
    lines += [f"  cannot be compared: {visible(p)}" for p in spec.problems]
    for row in spec.changes:
        lines += _change_text(row, style)
    return "\n".join(lines) + ("\n" if lines and not titled else "\n" if lines else "")


def _change_text(row: ChangeRow, style: Style) -> list[str]:
    where = f"  {visible(row.place.file)}:{row.place.line}" if row.place else ""
    cls = style.paint(f"{row.cls:9}", _COLORS[row.cls])
    head = f"{cls} {row.code} {row.slug}  {style.strong(visible(row.path))}{where}"
    lines = [head, f"          {visible(row.message)}"]
    lines += [f"          {visible(note)}" for note in row.notes]
    if row.accepted is not None:
        lines.append(f"          accepted: {visible(row.accepted)}")
    elif row.cls in ("meaning", "shape"):
        lines.append(style.paint(f"          fingerprint {row.fingerprint}", "2"))
    return lines


# Markdown ------------------------------------------------------------------------------------------------------------

_BADGE = {"meaning": "🟣 meaning", "shape": "🔴 shape", "behaviour": "🟡 behaviour", "cosmetic": "⚪ cosmetic"}


def markdown(found: Report, limit: int = LIMIT) -> str:
    """Returns the diff for a pull request: verdict and table first, details folded; never longer than `limit`."""
    rows = found.rows()
    said = _WORDS[found.verdict] if rows or found.verdict == "unknown" else "no changes of any spec"
    head = [MARKER, f"### ksim: {said}", ""]
    if rows:
        head += [f"{summary(rows)}, from `{found.old}` to `{found.new}`.", ""]
        head += [f"**Next:** {advice}", ""] if (advice := next_step(rows)) else []
    body = [section for spec in found.specs for section in _spec_markdown(spec)]
    body += states.markdown(found.on) if found.on is not None else []
    body += [
        f"- acceptance `{u.fingerprint}` {'has expired' if u.expired else 'is not needed'}"
        for u in found.unused_acceptances
    ]
    return _within("\n".join(head), body, limit)


def _within(head: str, sections: Sequence[str], limit: int) -> str:
    """Joins whole sections while they fit, and says how many were left out."""
    kept: list[str] = []
    room = limit - len(head) - 200
    for number, section in enumerate(sections):
        if len(section) + 1 > room:
            kept.append(f"\n… and {len(sections) - number} more sections; run `ksim diff` for all of it.")
            break
        kept.append(section)
        room -= len(section) + 1
    return "\n".join([head, *kept, ""])


def _spec_markdown(spec: SpecRow) -> list[str]:
    title = f"`{_code(spec.name)}`: {_WORDS[spec.verdict]}"
    if spec.problems:
        return [f"#### `{_code(spec.name)}` cannot be compared", *(f"- {_plain(p)}" for p in spec.problems), ""]
    loud = [r for r in spec.changes if r.cls != "cosmetic"]
    quiet = [r for r in spec.changes if r.cls == "cosmetic"]
    sections = [f"#### {title}\n"]
    if loud:
        sections.append("| class | rule | what | change |\n|---|---|---|---|")
        sections += [_row(r) for r in loud[:100]]
        more = len(loud) - 100
        sections.append(f"\nand {more} more\n" if more > 0 else "")
    count = f"{len(quiet)} cosmetic change{'s' if len(quiet) > 1 else ''}"
    for label, rows in (("details", [r for r in loud if r.notes]), (count, quiet)):
        if rows:
            lines = [
                f"- `{_code(r.path)}` {_plain(r.message)}" + "".join(f"\n  - {_plain(n)}" for n in r.notes)
                for r in rows
            ]
            sections.append(f"<details><summary>{label}</summary>\n\n" + "\n".join(lines[:200]) + "\n\n</details>\n")
    return sections


def _row(r: ChangeRow) -> str:
    where = f" <sub>{_plain(r.place.file)}:{r.place.line}</sub>" if r.place else ""
    message = _plain(r.message)
    if r.accepted is not None:
        message += f"<br>✔ accepted: {_plain(r.accepted)}"
    elif r.severity == "error":
        message += f"<br><sub>to accept it: `{r.fingerprint}`</sub>"
    return f"| {_BADGE[r.cls]} | {r.code} {r.slug} | `{_code(r.path)}`{where} | {message} |"


def _code(text_: str) -> str:
    return visible(text_).replace("`", "'").replace("|", "\\|")


def _plain(text_: str) -> str:
    """Text in a cell: backticks stay code, nothing else is markup."""
    shown = visible(text_).replace("|", "\\|").replace("\n", " ")
    parts = shown.split("`")
    if len(parts) % 2 == 0:
        parts = [shown.replace("`", "'")]
    quoted = [p if i % 2 else _escaped(p) for i, p in enumerate(parts)]
    return "`".join(quoted)


def _escaped(text_: str) -> str:
    return text_.translate({ord(char): f"&#{ord(char)};" for char in "<*_[]#@&"})
