// The extension as it is built, with the real vscode-languageclient in it, against the real server; only the `vscode`
// module is a stand-in. `KSIM` is the command of the server (default: `ksim` on the path).

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const require = createRequire(import.meta.url);
const { vscode, seen, settings, emitters, open, change } = require("./vscode.stub.cjs");
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
const extension = require("../out/extension.js");

const SPEC = new URL("../../../specs/walk.ksim", import.meta.url).pathname;
const TEXT = readFileSync(SPEC, "utf8");
const KSIM = process.env.KSIM ?? "ksim";
const folder = mkdtempSync(join(tmpdir(), "ksim-"));

async function until(what, true_) {
  for (const start = Date.now(); Date.now() - start < 60_000; ) {
    if (true_()) {
      return;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`waited a minute for ${what}; status ${JSON.stringify(seen.status)}; log ${seen.log.slice(-5).join("\n")}`);
}

before(() => {
  settings["ksim.server.path"] = KSIM;
});
after(async () => {
  await extension.deactivate();
  rmSync(folder, { recursive: true });
});

test("a command that is not there is told, with what to do", async () => {
  settings["ksim.server.path"] = join(folder, "no-such-ksim");
  await extension.activate({ subscriptions: [] });
  assert.equal(seen.status.text, "not found");
  assert.equal(seen.status.severity, vscode.LanguageStatusSeverity.Error);
  assert.match(seen.errors[0], /no-such-ksim.*pip install/);
});

test("another path in the settings starts the server, and the status names its version", async () => {
  settings["ksim.server.path"] = KSIM;
  await emitters["workspace.onDidChangeConfiguration"].fire({ affectsConfiguration: (name) => name === "ksim.server" });
  await until("the server", () => /^ksim \d/.test(seen.status.text));
  assert.equal(seen.status.busy, false);
});

test("mistakes of an open spec are shown, and go when they are mended", async () => {
  const document = await open(SPEC, TEXT.replace("base.linvel in base.heading", "base.linvle in base.heading"));
  const found = () => seen.diagnostics.get(document.uri.toString()) ?? [];
  await until("a diagnostic", () => found().length > 0);
  assert.equal(found().length, 1);
  assert.match(found()[0].message, /did you mean `linvel`/);
  assert.equal(found()[0].severity, vscode.DiagnosticSeverity.Error);
  await change(document, TEXT);
  await until("no diagnostic", () => found().length === 0);
});

test("restarting gives another server that knows the open document", async () => {
  const document = vscode.workspace.textDocuments[0];
  await change(document, TEXT.replace("base.linvel in base.heading", "base.linvle in base.heading"));
  const starts = () => seen.log.filter((line) => line.includes("starting ")).length;
  const before = starts();
  seen.diagnostics.clear();
  await vscode.commands.executeCommand("ksim.restart");
  assert.equal(starts(), before + 1);
  await until("a diagnostic", () => (seen.diagnostics.get(document.uri.toString()) ?? []).length === 1);
});

test("a server that ends by itself is started again, but not for ever", async () => {
  const script = join(folder, "dies");
  writeFileSync(script, `#!/bin/sh\necho x >> ${folder}/deaths\nexec ${KSIM} "$@"\n`);
  chmodSync(script, 0o755);
  settings["ksim.server.path"] = script;
  settings["ksim.server.arguments"] = ["--no-such-flag"];
  await vscode.commands.executeCommand("ksim.restart");
  await until("the end", () => ["failed", "stopped"].includes(seen.status.text));
  assert.ok(readFileSync(join(folder, "deaths"), "utf8").trim().split("\n").length <= 5);
});
