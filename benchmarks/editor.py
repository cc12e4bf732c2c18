"""Times of the language server and of lint and fmt in fresh processes, one JSON line each.

    python benchmarks/editor.py [--repeats 5] [--only start,check,complete,memory,lint,fmt]

Wall and processor seconds stand side by side, for on a busy machine wall time says little. `limit` is what is watched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"
KSIM = [sys.executable, "-m", "ksim_spec.cli.main"]
PATIENCE = 120.0


class Server:
    """A language server that is spoken to over its pipes. It is killed when a conversation takes too long."""

    def __init__(self) -> None:
        self.begin = time.perf_counter()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([*KSIM, "lsp"], env=environ(), **pipes)
        self.guard = threading.Timer(PATIENCE, self.process.kill)
        self.guard.start()
        self.number = 0
        pulls = {"textDocument": {"diagnostic": {"dynamicRegistration": False}}}
        self.ask("initialize", processId=None, rootUri=None, capabilities=pulls)
        self.send(method="initialized", params={})

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def ask(self, method: str, **params: Any) -> Any:
        """Returns the result of a request."""
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while True:
            message = self._receive()
            if message.get("id") == self.number and "method" not in message:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        size = 0
        while (line := self.process.stdout.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        if not line:
            raise SystemExit("the server stopped")
        return json.loads(self.process.stdout.read(size))

    def open(self, path: Path, text: str) -> str:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "ksim", "version": 1, "text": text}
        self.send(method="textDocument/didOpen", params={"textDocument": document})
        return uri

    def change(self, uri: str, version: int, text: str) -> None:
        document = {"uri": uri, "version": version}
        params = {"textDocument": document, "contentChanges": [{"text": text}]}
        self.send(method="textDocument/didChange", params=params)

    def check(self, uri: str) -> list[Any]:
        return self.ask("textDocument/diagnostic", textDocument={"uri": uri})["items"]

    def used(self) -> tuple[float, float]:
        """Returns wall seconds since the start, and processor seconds of the server."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return time.perf_counter() - self.begin, (int(fields[11]) + int(fields[12])) / ticks

    def megabytes(self) -> tuple[float, float]:
        """Returns what the server holds in memory, now and at most."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        kept = [line.split() for line in lines if line.startswith(("VmRSS", "VmHWM"))]
        found = {name.rstrip(":"): int(kilobytes) / 1024 for name, kilobytes, *_ in kept}
        return round(found["VmRSS"], 1), round(found["VmHWM"], 1)

    def stop(self) -> None:
        self.guard.cancel()
        self.process.kill()
        self.process.wait()


def environ() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


def long_spec(lines: int = 300) -> str:
    """Returns walk.ksim with as many more signals and observations as make it this many lines long."""
    text = (SPECS / "walk.ksim").read_text(encoding="utf-8")
    more = max(0, lines - text.count("\n")) // 2
    signals = "".join(f"  extra_{k} = norm(v.xy) * {k + 1}\n" for k in range(more))
    seen = "".join(f"  seen_{k} = extra_{k}  noise normal(0.1 m/s)\n" for k in range(more))
    text = text.replace("signal {\n", f"signal {{\n{signals}", 1)
    head = "observe critic includes actor {\n"
    return text.replace(head, head + seen, 1)


def timed(work: Callable[[], Any], server: Server) -> tuple[float, float]:
    """Returns wall and processor seconds that a piece of work takes of a server."""
    wall, cpu = server.used()
    work()
    later = server.used()
    return later[0] - wall, later[1] - cpu


def median(values: list[float], scale: float = 1.0) -> float:
    return round(statistics.median(values) * scale, 3)


# What is measured -----------------------------------------------------------------------------------------------------


def start(repeats: int) -> dict[str, Any]:
    """From nothing to the answer to `initialize`."""
    used = []
    for _ in range(repeats):
        server = Server()
        used.append(server.used())
        server.stop()
    return {"wall_s": median([w for w, _ in used]), "cpu_s": median([c for _, c in used]), "limit_s": 0.8}


def check(repeats: int) -> dict[str, Any]:
    """From a changed letter of a long spec to its diagnostics; `allowed_`: with one suppression in it."""
    comment = "\nsignal {\n  spare = time  # ksim: allow unused-signal -- for the log\n}\n"
    plain, allowed = (checked(text, repeats) for text in (long_spec(), long_spec() + comment))
    return {**plain, "allowed_cpu_ms": allowed["cpu_ms"], "limit_ms": 50}


def checked(text: str, repeats: int) -> dict[str, Any]:
    """From a changed letter of a text to its diagnostics."""
    server = Server()
    uri = server.open(SPECS / "walk.ksim", text)
    found = server.check(uri)
    used = []
    for k in range(repeats * 4):
        longer = "1" * (1 + k % 7)  # what stands below the change moves with every one
        server.change(uri, k + 2, text.replace("0.8", f"0.8{longer}", 1))
        used.append(timed(lambda: server.check(uri), server))
    server.stop()
    return {
        "lines": text.count("\n"),
        "findings": len(found),
        "wall_ms": median([w for w, _ in used], 1e3),
        "cpu_ms": round(1e3 * statistics.mean(c for _, c in used), 1),
    }


def complete(repeats: int) -> dict[str, Any]:
    """From a typed letter of a long spec to what can stand there, the check of the new text apart."""
    text, server = long_spec(), Server()
    uri = server.open(SPECS / "walk.ksim", text)
    again, plain = [], []
    mark = "  gait    = "
    for k in range(repeats * 4):
        typed = text.replace(f"{mark}phase(1.4 Hz)", f"{mark}{'base.linv'[: 1 + k % 9]}", 1)
        offset = typed.index(mark) + len(mark) + 1 + k % 9
        place = {"line": typed.count("\n", 0, offset), "character": offset - typed.rfind("\n", 0, offset) - 1}
        server.change(uri, k + 2, typed + f"# {k}\n")

        def ask(place: dict[str, int] = place) -> Any:
            return server.ask("textDocument/completion", textDocument={"uri": uri}, position=place)

        again.append(timed(ask, server))
        plain.append(timed(ask, server))
    server.stop()
    return {
        "wall_ms": median([w for w, _ in plain], 1e3),
        "with_check_wall_ms": median([w for w, _ in again], 1e3),
        "cpu_ms": round(1e3 * statistics.mean(c for _, c in plain), 1),
        "limit_ms": 30,
    }


def memory(repeats: int) -> dict[str, Any]:
    """The server with ten specs open, each checked and shown once."""
    del repeats
    server, texts = Server(), [p.read_text(encoding="utf-8") for p in sorted(SPECS.glob("*.ksim"))]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SPECS, folder, dirs_exist_ok=True)
        everything = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
        for k in range(10):
            uri = server.open(Path(folder) / f"copy{k}.ksim", texts[k % len(texts)] + f"# {k}\n")
            server.check(uri)
            server.ask("textDocument/inlayHint", textDocument={"uri": uri}, range=everything)
        now, most = server.megabytes()
    server.stop()
    return {"specs": 10, "resident_mb": now, "peak_mb": most, "limit_mb": 150}


def lint(repeats: int) -> dict[str, Any]:
    """`ksim lint` of a hundred specs, which all differ."""
    specs = sorted(SPECS.glob("*.ksim"))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SPECS, folder, dirs_exist_ok=True)
        for path in specs:
            Path(folder, path.name).unlink()
        for k in range(100):
            text = specs[k % len(specs)].read_text(encoding="utf-8")
            Path(folder, f"spec{k}.ksim").write_text(f"# {k}\n{text}", encoding="utf-8")
        used = [command(["lint", folder]) for _ in range(max(1, repeats // 2))]
    return {"specs": 100, "wall_s": median([w for w, _ in used]), "cpu_s": median([c for _, c in used]), "limit_s": 3.0}


def fmt(repeats: int) -> dict[str, Any]:
    """`ksim fmt --check` of one spec."""
    used = [command(["fmt", "--check", str(SPECS / "walk.ksim")]) for _ in range(repeats)]
    return {"wall_s": median([w for w, _ in used]), "cpu_s": median([c for _, c in used]), "limit_s": 0.4}


def command(arguments: list[str]) -> tuple[float, float]:
    """Returns wall and processor seconds of a `ksim` command; ends the script when it could not do its job."""
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run([*KSIM, *arguments], env=environ(), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


MEASURES: dict[str, Callable[[int], dict[str, Any]]] = {
    "start": start,
    "check": check,
    "complete": complete,
    "memory": memory,
    "lint": lint,
    "fmt": fmt,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default=",".join(MEASURES), help="which, separated by commas")
    options = parser.parse_args()
    for name in options.only.split(","):
        load = os.getloadavg()[0]
        row = MEASURES[name](options.repeats)
        loads = {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
        print(json.dumps({"measure": name, **row, **loads}), flush=True)


if __name__ == "__main__":
    main()
