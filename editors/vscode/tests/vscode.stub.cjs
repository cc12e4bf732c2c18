// A stand-in for the `vscode` module, as far as the extension and vscode-languageclient use it: one open document at a
// time, and a record of what the extension showed. Classes and enumerations that nobody looks into are made on demand.

const { pathToFileURL, fileURLToPath } = require("node:url");

const seen = { diagnostics: new Map(), errors: [], commands: new Map(), status: undefined, log: [] };
const settings = {};
const emitters = {};

class Emitter {
  constructor() {
    this.listeners = new Set();
    this.event = (listener, self) => {
      const call = (event) => listener.call(self, event);
      this.listeners.add(call);
      return { dispose: () => this.listeners.delete(call) };
    };
  }
  fire(event) {
    return Promise.all([...this.listeners].map((listener) => listener(event)));
  }
  dispose() {
    this.listeners.clear();
  }
}

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(...at) {
    [this.start, this.end] = at.length === 4 ? [new Position(at[0], at[1]), new Position(at[2], at[3])] : at;
  }
}

class Uri {
  constructor(href) {
    this.href = href;
    this.scheme = href.slice(0, href.indexOf(":"));
  }
  static parse(href) {
    return new Uri(href);
  }
  static file(path) {
    return new Uri(pathToFileURL(path).href);
  }
  get fsPath() {
    return fileURLToPath(this.href);
  }
  toString() {
    return this.href;
  }
}

class CancellationTokenSource {
  constructor() {
    this.token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
  }
  cancel() {}
  dispose() {}
}

/** Returns an object that has every member: events that can be fired, registrations that can be undone, new classes. */
function anything(path, known) {
  const made = { ...known };
  return new Proxy(made, {
    get(_, name) {
      if (name in made || typeof name === "symbol" || name === "then") {
        return made[name];
      }
      if (/^on[A-Z]/.test(name)) {
        emitters[`${path}.${name}`] = new Emitter();
        made[name] = emitters[`${path}.${name}`].event;
      } else if (/^(register|create)[A-Z]/.test(name)) {
        made[name] = () => anything(`${path}.${name}()`, { dispose() {} });
      } else if (/^[A-Z]/.test(name)) {
        made[name] = class {
          constructor(...args) {
            this.args = args;
          }
        };
        made[name] = new Proxy(made[name], { get: (c, member) => (member in c ? c[member] : (c[member] = { value: member })) });
      } else {
        return undefined;
      }
      return made[name];
    },
  });
}

const log = (level) => (text) => seen.log.push(`${level}: ${text}`);
const channel = {
  name: "ksim", logLevel: 2, append: log("info"), appendLine: log("info"), info: log("info"), warn: log("warn"), error: log("error"),
  debug() {}, trace() {}, clear() {}, show() {}, hide() {}, replace() {}, dispose() {}, onDidChangeLogLevel: () => ({ dispose() {} }),
};

class TabInputText {
  constructor(uri) {
    this.uri = uri;
  }
}

const documents = [];
const tabs = []; // what is visible: only for that does the client ask for diagnostics
const vscode = anything("vscode", {
  __esModule: true, // so that `import * as vscode` takes this object, not a copy of what it has by now
  version: "1.91.0",
  Uri, Position, Range, TabInputText, CancellationTokenSource, EventEmitter: Emitter,
  Disposable: class {
    constructor(dispose) {
      this.dispose = dispose;
    }
    static from(...all) {
      return new this(() => all.forEach((one) => one.dispose()));
    }
  },
  DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
  LanguageStatusSeverity: { Information: 0, Warning: 1, Error: 2 },
  Diagnostic: class {
    constructor(range, message, severity) {
      Object.assign(this, { range, message, severity });
    }
  },
  env: { appName: "stub", language: "en", uiKind: 1 },
  commands: anything("commands", {
    registerCommand(name, call) {
      seen.commands.set(name, call);
      return { dispose: () => seen.commands.delete(name) };
    },
    executeCommand: async (name, ...args) => seen.commands.get(name)?.(...args),
  }),
  window: anything("window", {
    createOutputChannel: () => channel,
    showErrorMessage: async (text) => void seen.errors.push(text),
    visibleTextEditors: [],
    tabGroups: anything("tabGroups", { all: [{ tabs, get activeTab() { return tabs[0]; } }] }),
    withProgress: (_, work) => work({ report() {} }, new CancellationTokenSource().token),
  }),
  workspace: anything("workspace", {
    isTrusted: true,
    textDocuments: documents,
    notebookDocuments: [],
    workspaceFolders: undefined,
    getConfiguration: (section) => ({ get: (name, otherwise) => settings[`${section}.${name}`] ?? otherwise, inspect() {} }),
    createFileSystemWatcher: () => anything("watcher", { dispose() {} }),
  }),
  languages: anything("languages", {
    match: (selector, document) => ([selector].flat().some((one) => one.language === document.languageId) ? 10 : 0),
    createLanguageStatusItem: () => (seen.status = { dispose() {} }),
    createDiagnosticCollection: () => ({
      set(uri, found) {
        seen.diagnostics.set(uri.toString(), found);
        emitters.diagnostics?.fire();
      },
      delete: (uri) => seen.diagnostics.delete(uri.toString()),
      clear: () => seen.diagnostics.clear(),
      dispose() {},
    }),
  }),
});

/** Opens a text as a document of the language; `change` gives it another text. */
async function open(path, text) {
  const document = {
    uri: Uri.file(path), languageId: "ksim", version: 1, isClosed: false, fileName: path, lines: text.split("\n"), text,
    getText() {
      return this.text;
    },
    lineAt(line) {
      return { text: this.lines[line] };
    },
  };
  tabs.push({ input: new TabInputText(document.uri), isActive: true });
  await emitters["tabGroups.onDidChangeTabs"]?.fire({ opened: tabs, closed: [], changed: [] }); // first, as in VS Code
  documents.push(document);
  vscode.window.activeTextEditor = { document };
  await emitters["window.onDidChangeActiveTextEditor"]?.fire(vscode.window.activeTextEditor);
  await emitters["workspace.onDidOpenTextDocument"].fire(document);
  return document;
}

async function change(document, text) {
  Object.assign(document, { text, version: document.version + 1, lines: text.split("\n") });
  const contentChanges = [{ text, range: undefined }];
  await emitters["workspace.onDidChangeTextDocument"].fire({ document, contentChanges });
}

module.exports = { vscode, seen, settings, emitters, open, change };
