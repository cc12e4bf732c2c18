// Prints the scopes of texts as VS Code's own engine sees them: reads {"texts": [...]} on stdin, writes for each text a
// list of [start, end, innermost scope].
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { loadWASM, OnigScanner, OnigString } = require("vscode-oniguruma");
const { INITIAL, Registry, parseRawGrammar } = require("vscode-textmate");
const grammarFile = new URL("../syntaxes/ksim.tmLanguage.json", import.meta.url).pathname;

await loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")).buffer);
const registry = new Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new OnigScanner(patterns),
    createOnigString: (text) => new OnigString(text),
  }),
  loadGrammar: async () => parseRawGrammar(readFileSync(grammarFile, "utf8"), grammarFile),
});
const grammar = await registry.loadGrammar("source.ksim");

function scopes(text) {
  let state = INITIAL;
  let at = 0;
  const found = [];
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, state);
    for (const token of result.tokens) {
      found.push([at + token.startIndex, at + Math.min(token.endIndex, line.length), token.scopes.at(-1)]);
    }
    state = result.ruleStack;
    at += line.length + 1;
  }
  return found;
}

const { texts } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map(scopes)));
