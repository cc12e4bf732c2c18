// The VS Code side of ksim: starts `ksim lsp`, shows how it is, restarts it. Everything about the language is the server's.

import { existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  type ServerOptions,
  State,
} from "vscode-languageclient/node";

const RESTARTS = 3; // a server that ends by itself more often than this within PERIOD stays down
const PERIOD = 180_000; // milliseconds

let output: vscode.LogOutputChannel;
let status: vscode.LanguageStatusItem;
let client: LanguageClient | undefined;
let turn: Promise<void> = Promise.resolve(); // starts and stops one after the other

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("ksim", { log: true });
  status = vscode.languages.createLanguageStatusItem("ksim.server", { language: "ksim" });
  status.name = "ksim";
  status.command = { title: "Restart", command: "ksim.restart" };
  context.subscriptions.push(
    output,
    status,
    vscode.commands.registerCommand("ksim.restart", restart),
    vscode.commands.registerCommand("ksim.showOutput", () => output.show()),
    vscode.workspace.onDidChangeConfiguration(configured),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await inTurn(stop);
}

function restart(): Promise<void> {
  return inTurn(async () => {
    await stop();
    await start();
  });
}

function inTurn(work: () => Promise<void>): Promise<void> {
  turn = turn.then(work, work);
  return turn;
}

async function configured(change: vscode.ConfigurationChangeEvent): Promise<void> {
  const shown = ["ksim.inlayHints", "ksim.codeLens"].some((name) => change.affectsConfiguration(name));
  if (change.affectsConfiguration("ksim.server") || shown) {
    await restart();
  }
}

// The command ---------------------------------------------------------------------------------------------------------

interface Command {
  path: string;
  found: boolean;
}

/** Returns the command that starts the server, and whether there is a file for it. */
function command(): Command {
  const setting = vscode.workspace.getConfiguration("ksim.server").get<string>("path")?.trim() || "ksim";
  const folder = vscode.workspace.workspaceFolders?.find((f) => f.uri.scheme === "file")?.uri.fsPath;
  if (setting === "ksim" && folder && vscode.workspace.isTrusted) {
    const own = executables("ksim", join(folder, ".venv", process.platform === "win32" ? "Scripts" : "bin")).find(existsSync);
    if (own) {
      return { path: own, found: true };
    }
  }
  const path = setting.replaceAll("${workspaceFolder}", folder ?? "");
  if (isAbsolute(path) || /[\\/]/.test(path)) {
    return { path, found: existsSync(path) };
  }
  const places = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const found = places.flatMap((place) => executables(path, place)).find(existsSync);
  return { path: found ?? path, found: found !== undefined };
}

function executables(name: string, folder: string): string[] {
  return process.platform === "win32" ? [join(folder, `${name}.exe`), join(folder, name)] : [join(folder, name)];
}

async function tellMissing(path: string): Promise<void> {
  show("not found", vscode.LanguageStatusSeverity.Error, `there is no command \`${path}\``);
  const choose = "Open Settings";
  const text = `ksim was not found as \`${path}\`. Install it with \`pip install "ksim_spec[lsp]"\`, or say where it is.`;
  if ((await vscode.window.showErrorMessage(text, choose)) === choose) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "ksim.server.path");
  }
}

// The server ----------------------------------------------------------------------------------------------------------

async function start(): Promise<void> {
  const { path, found } = command();
  if (!found) {
    void tellMissing(path);
    return;
  }
  const args = vscode.workspace.getConfiguration("ksim.server").get<string[]>("arguments") ?? ["lsp"];
  const server: ServerOptions = { command: path, args, options: { env: { ...process.env, PYTHONUNBUFFERED: "1" } } };
  output.info(`starting ${[path, ...args].join(" ")}`);
  show("starting", vscode.LanguageStatusSeverity.Information, path, true);
  const mine = new LanguageClient("ksim", "ksim", server, options());
  client = mine;
  mine.onDidChangeState(({ newState }) => {
    if (client === mine) {
      changed(newState, path, mine);
    }
  });
  try {
    await mine.start();
  } catch (error) {
    output.error(`the server did not start: ${error}`);
    show("failed", vscode.LanguageStatusSeverity.Error, `${error}`);
  }
}

async function stop(): Promise<void> {
  const was = client;
  client = undefined;
  if (was?.needsStop()) {
    await was.stop().catch((error: unknown) => output.warn(`the server did not stop by itself: ${error}`));
  }
  await was?.dispose().catch(() => undefined);
}

function options(): LanguageClientOptions {
  const ends: number[] = [];
  return {
    documentSelector: [
      { language: "ksim", scheme: "file" },
      { language: "ksim", scheme: "untitled" },
    ],
    outputChannel: output,
    middleware: middleware(),
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue }),
      closed: () => {
        ends.push(Date.now());
        const often = ends.filter((end) => Date.now() - end < PERIOD).length > RESTARTS;
        const message = `the server ended ${RESTARTS + 1} times in ${PERIOD / 60_000} minutes: see the output, then restart it`;
        return often ? { action: CloseAction.DoNotRestart, message } : { action: CloseAction.Restart };
      },
    },
  };
}

/** What the settings switch off is not asked for. */
function middleware(): Middleware {
  const wanted = (name: string) => vscode.workspace.getConfiguration("ksim").get<boolean>(name) !== false;
  return {
    provideInlayHints: (document, range, token, next) =>
      wanted("inlayHints") ? next(document, range, token) : undefined,
    provideCodeLenses: (document, token, next) => (wanted("codeLens") ? next(document, token) : undefined),
  };
}

// The status item -----------------------------------------------------------------------------------------------------

function changed(state: State, path: string, now: LanguageClient): void {
  if (state === State.Running) {
    const version = now.initializeResult?.serverInfo?.version;
    show(version ? `ksim ${version}` : "ksim", vscode.LanguageStatusSeverity.Information, path);
  } else if (state === State.Stopped) {
    show("stopped", vscode.LanguageStatusSeverity.Warning, path);
  }
}

function show(text: string, severity: vscode.LanguageStatusSeverity, detail: string, busy = false): void {
  status.text = text;
  status.severity = severity;
  status.detail = detail;
  status.busy = busy;
}
