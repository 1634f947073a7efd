/**
 * The HTTP action against servers that log every byte: exactly one request is sent, framed, and its
 * status is what the log says was done.
 */
import dns from "node:dns";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { afterEach, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type HttpOptions, type HttpOrder, httpRequest } from "deployer-runner/actions/http";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";

/** What a server writes after it has a request, and how it goes on from there. */
interface Answer {
  status?: number;
  head: string;
  body: string;
  /** Whether the body ends within what is written; where there is no length, by FIN. */
  isWhole: boolean;
  ending: "FIN" | "RST" | "RST, later" | "silence";
}

const ENDINGS = ["FIN", "RST", "RST, later", "silence"] as const;

const FRAMINGS = {
  "a length": ["content-length: 12\r\n", "a whole body", ["a whole", ""]],
  "chunks": ["transfer-encoding: chunked\r\n", "c\r\na whole body\r\n0\r\n\r\n", [
    "",
    "c\r\na whole",
    "c\r\na whole body\r\n",
    "c\r\na whole body\r\n0\r\n",
  ]],
} as const;

const ANSWERS: Record<string, Answer> = {};
for (const ending of ENDINGS) {
  const add = (name: string, answer: Omit<Answer, "ending">) => {
    ANSWERS[`${name}, then ${ending}`] = { ...answer, ending };
  };
  add("no answer", { head: "", body: "", isWhole: false });
  add("half a head", { head: "HTTP/1.1 200 OK\r\ncontent-le", body: "", isWhole: false });
  for (const [framing, [header, whole, cuts]] of Object.entries(FRAMINGS)) {
    const head = `HTTP/1.1 200 OK\r\n${header}\r\n`;
    add(`a 200 with ${framing}, whole`, { status: 200, head, body: whole, isWhole: true });
    for (const body of cuts) {
      const name = `a 200 with ${framing}, cut behind ${JSON.stringify(body)}`;
      add(name, { status: 200, head, body, isWhole: false });
    }
  }
  for (const body of ["", "a whole body"]) {
    const name = `a 200 with neither, and ${JSON.stringify(body)}`;
    add(name, { status: 200, head: "HTTP/1.1 200 OK\r\n\r\n", body, isWhole: ending === "FIN" });
  }
  for (const status of [302, 404, 500, 502]) {
    const head = `HTTP/1.1 ${status} No\r\ncontent-length: 12\r\n\r\n`;
    add(`a ${status}, whole`, { status, head, body: "a whole body", isWhole: true });
    add(`a ${status}, cut`, { status, head, body: "a whole", isWhole: false });
  }
  for (const status of [204, 304]) {
    const head = `HTTP/1.1 ${status} Nothing\r\n\r\n`;
    add(`a ${status}`, { status, head, body: "", isWhole: true });
  }
  const early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
  add("a 100 and a 103 alone", { head: early, body: "", isWhole: false });
  add("a 100, a 103 and a 200", {
    status: 200,
    head: `${early}HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n`,
    body: "a whole body",
    isWhole: true,
  });
}

/** What the log says was done: a response without its end proves nothing but a no. */
function statusOf({ status, isWhole }: Answer, method: string): ExecutionResult["status"] {
  if (status === undefined) return "UNKNOWN";
  if (status >= 400 && status <= 500) return "FAILED";
  const isSuccess = status >= 200 && status <= 299 && (isWhole || method === "HEAD");
  return isSuccess ? "APPLIED" : "UNKNOWN";
}

/** RFC 9110, 8.6: methods with the length that is sent where there is no body. */
const WITHOUT_BODY: Record<string, string | undefined> = {
  GET: undefined,
  HEAD: undefined,
  DELETE: undefined,
  OPTIONS: undefined,
  POST: "0",
  PATCH: "0",
  purge: "0",
};
const SECOND = "POST /second HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
const BODIES = [undefined, "", "é and 🚀", SECOND];
const CONNECTIONS: Record<string, string>[] = [{}, { Connection: "keep-alive" }];

for (const [name, answer] of Object.entries(ANSWERS)) {
  test(`one framed request, and the status that the log says: ${name}`, async () => {
    await Promise.all(
      Object.keys(WITHOUT_BODY).map(async (method) => {
        for (const body of method === "HEAD" ? [undefined, ""] : BODIES) {
          for (const headers of CONNECTIONS) await tryOnce(answer, method, body, headers);
        }
      }),
    );
  });
}

async function tryOnce(
  answer: Answer,
  method: string,
  body: string | undefined,
  headers: Record<string, string>,
): Promise<void> {
  const isOver = answer.status !== undefined && (answer.isWhole || method === "HEAD");
  const giveUp = new AbortController();
  const server = await listen((socket) => {
    const written = method === "HEAD" ? answer.head : answer.head + answer.body;
    if (answer.ending === "FIN") return socket.end(written);
    socket.write(written);
    if (answer.ending === "RST") socket.resetAndDestroy();
    if (answer.ending === "RST, later") setTimeout(() => socket.resetAndDestroy(), 2);
    if (answer.ending === "silence" && !isOver) giveUp.abort(new Error("too late"));
  });
  const input = { method, url: server.url, ...body !== undefined && { body } };
  const { status } = await call(input, { headers, ports: { signal: giveUp.signal } });
  await server.ended();

  const what = JSON.stringify([method, body, headers, status]);
  const [request, ...more] = server.requests;
  assertEquals([more, server.refused], [[], []], what);
  assertEquals(request?.line, `${method.toUpperCase()} /do?it=1 HTTP/1.1`, what);
  assertEquals(request?.body, body ?? "", what);
  assertEquals(request?.headers["idempotency-key"], "order%201", what);
  const length = body === undefined ? WITHOUT_BODY[method] : String(new Blob([body]).size);
  assertEquals(request?.headers["content-length"], length, what);
  assertEquals(status, giveUp.signal.aborted ? "UNKNOWN" : statusOf(answer, method), what);
}

/** Executes an order. */
async function call(
  input: HttpOrder["action"]["input"],
  { headers, ports, ...options }: HttpOptions & {
    headers?: Record<string, string>;
    ports?: Ports;
  } = {},
): Promise<ExecutionResult> {
  const order = { orderId: "order 1", action: { name: "http", input } };
  const context = { executionId: "e", runner: "r" };
  return await execute(order, context, httpRequest(headers, options), ports);
}

interface Listener {
  url: string;
  /** What each connection sent that is a request. */
  requests: WireRequest[];
  /** What each connection sent that is none, or that came behind it. */
  refused: string[];
  /** Waits until each connection has ended. */
  ended(): Promise<unknown>;
}

interface WireRequest {
  line: string;
  headers: Record<string, string>;
  body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that reads one request of each connection, strictly, and answers it. */
async function listen(answer: (socket: Socket) => unknown): Promise<Listener> {
  const [requests, refused, ends] = [[], [], []] as [WireRequest[], string[], Promise<unknown>[]];
  const server = createServer((socket) => {
    let bytes: Uint8Array = new Uint8Array();
    let request: WireRequest | undefined;
    ends.push(new Promise((ended) => socket.on("close", ended)));
    socket.on("error", () => {}).on("data", (data: Uint8Array) => {
      bytes = Buffer.concat([bytes, data]);
      try {
        const isFirst = request === undefined;
        request = readRequest(bytes);
        if (isFirst && request !== undefined) {
          requests.push(request);
          answer(socket);
        }
      } catch (error) {
        refused.push((error as Error).message);
        socket.destroy();
      }
    }).on("close", () => {
      if (request === undefined && bytes.length > 0) refused.push(String(bytes));
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/do?it=1`;
  return { url, requests, refused, ended: () => Promise.all(ends) };
}

/**
 * The one request that is sent (RFC 9112), or undefined if there is more to come.
 *
 * @throws {Error} If it is no request, or has something behind it
 */
function readRequest(bytes: Uint8Array): WireRequest | undefined {
  const all = Buffer.from(bytes);
  const end = all.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...fields] = all.toString("latin1", 0, end).split("\r\n");
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const [, name = "", value = ""] = /^([\w-]+): ([\x20-\x7e]*)$/.exec(field) ?? [];
    const isNew = name !== "" && headers[name.toLowerCase()] === undefined;
    if (!isNew) throw new Error(`not a new header: ${JSON.stringify(field)}`);
    headers[name.toLowerCase()] = value;
  }
  if (headers.host === undefined) throw new Error("no host");
  if (headers["transfer-encoding"] !== undefined) throw new Error("framed by chunks");
  const length = Number(headers["content-length"] ?? 0);
  const body = all.subarray(end + 4);
  if (body.length > length) throw new Error(`behind the request: ${body.subarray(length)}`);
  return body.length < length ? undefined : { line, headers, body: body.toString() };
}
