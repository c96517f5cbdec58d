// What an editor with yaml-language-server shows of YAML files. Reads from stdin
//   [{"file": "/path/config.yaml", "text": "…", "hover": {"line": 0, "character": 3}, "complete": {"line": 1, "character": 0}}]
// (places count from 0; `hover` and `complete` may be missing) and prints for each
//   {"diagnostics": [{"message": "…", "severity": 1, "range": {…}}], "hover": "…", "completions": [{"label": "…", "insertText": "…"}]}.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

// Nothing from outside: no store of schemas, and a proxy where nobody listens.
const SETTINGS = {
  yaml: { schemaStore: { enable: false }, validate: true, hover: true, completion: true },
  http: { proxy: "http://127.0.0.1:9", proxyStrictSSL: true },
};
const program = fileURLToPath(new URL("node_modules/yaml-language-server/bin/yaml-language-server", import.meta.url));

/** The server as a child that speaks JSON-RPC over stdio, each message behind its length. */
class Server {
  constructor() {
    this.process = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((tell) => this.process.on("exit", tell));
    this.received = Buffer.alloc(0);
    this.answers = new Map();
    this.diagnostics = new Map();
    this.last = 0;
    this.process.stdout.on("data", (chunk) => this.take(chunk));
  }

  write(message) {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  tell(method, params) {
    this.write({ method, params });
  }

  ask(method, params) {
    const id = ++this.last;
    this.write({ id, method, params });
    return new Promise((done, failed) => this.answers.set(id, { done, failed }));
  }

  /** What it marks in a file, as soon as it has judged it. */
  judged(uri) {
    return new Promise((done) => this.diagnostics.set(uri, done));
  }

  take(chunk) {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.toString("latin1", 0, end))[1]);
      if (this.received.length < end + 4 + length) return;
      const body = this.received.toString("utf8", end + 4, end + 4 + length);
      this.received = this.received.subarray(end + 4 + length);
      this.hear(JSON.parse(body));
    }
  }

  hear(message) {
    if (message.method === "textDocument/publishDiagnostics") {
      this.diagnostics.get(message.params.uri)?.(message.params.diagnostics);
    } else if (message.method === "workspace/configuration") {
      const result = message.params.items.map(({ section }) => SETTINGS[section] ?? null);
      this.write({ id: message.id, result });
    } else if (message.method && message.id !== undefined) {
      this.write({ id: message.id, result: null });
    } else if (message.id !== undefined) {
      const { done, failed } = this.answers.get(message.id);
      if (message.error) failed(new Error(message.error.message));
      else done(message.result);
    }
  }
}

const server = new Server();
await server.ask("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: {
    textDocument: {
      publishDiagnostics: {},
      hover: { contentFormat: ["markdown"] },
      completion: { completionItem: { snippetSupport: true, documentationFormat: ["markdown"] } },
    },
    workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } },
  },
});
server.tell("initialized", {});
server.tell("workspace/didChangeConfiguration", { settings: SETTINGS });

const found = [];
for (const { file, text, hover, complete } of JSON.parse(readFileSync(0, "utf8"))) {
  const uri = pathToFileURL(file).href;
  const textDocument = { uri };
  const judged = server.judged(uri);
  server.tell("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text } });
  const result = { diagnostics: await judged };
  if (hover) {
    const shown = await server.ask("textDocument/hover", { textDocument, position: hover });
    result.hover = shown?.contents?.value ?? "";
  }
  if (complete) {
    const listed = await server.ask("textDocument/completion", { textDocument, position: complete });
    result.completions = (listed.items ?? listed).map(({ label, insertText, documentation }) => ({
      label,
      insertText,
      documentation: documentation?.value ?? documentation,
    }));
  }
  server.tell("textDocument/didClose", { textDocument });
  found.push(result);
}
await server.ask("shutdown", null);
server.tell("exit", null);
await server.ended;
console.log(JSON.stringify(found));
