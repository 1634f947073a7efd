/**
 * The HTTP action against servers that log every byte: exactly one request is sent, framed, and its
 * status is what the log says was done.
 */
import dns from "node:dns";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { afterEach, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { assert, assertEquals, assertMatch } from "@std/assert";
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
  for (const coding of ["", "transfer-encoding: x-chunked\r\n"]) {
    for (const body of ["", "a whole body"]) {
      const name = `a 200 with neither, ${coding.trim()}, and ${JSON.stringify(body)}`;
      const head = `HTTP/1.1 200 OK\r\n${coding}\r\n`;
      add(name, { status: 200, head, body, isWhole: ending === "FIN" });
    }
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

test("the Runner's headers are sent as they were when the action was made", async () => {
  const server = await listen((socket) => socket.end("HTTP/1.1 204 Done\r\n\r\n"));
  const headers: Record<string, string> = { "Idempotency-Key": "another", "x-name": "é" };
  const action = httpRequest(headers);
  headers["transfer-encoding"] = "chunked";
  const input = { method: "POST", url: server.url, body: "é" };
  const order = { orderId: "order 1", action: { name: "http", input } };
  const { status } = await execute(order, { executionId: "e", runner: "r" }, action);
  await server.ended();
  assertEquals([status, server.refused], ["APPLIED", []]);
  const [{ headers: { host: _, ...sent }, body } = {} as WireRequest] = server.requests;
  assertEquals(body, "é");
  assertEquals(sent, {
    "idempotency-key": "order%201",
    "x-name": "é",
    "content-length": "2",
    connection: "close",
  });
});

/** How a server that has answered goes on, while it is being sent the rest. */
const REST: Record<string, (socket: Socket, head: string) => unknown> = {
  "takes the rest": (socket, head) => socket.write(head),
  "ends, and takes the rest": (socket, head) => socket.end(head),
  "resets": (socket, head) => {
    socket.write(head);
    socket.resetAndDestroy();
  },
  "resets later": (socket, head) => {
    socket.pause().write(head);
    setTimeout(() => socket.resetAndDestroy(), 20);
  },
  "ends, and resets later": (socket, head) => {
    socket.pause().end(head);
    setTimeout(() => socket.resetAndDestroy(), 20);
  },
};

for (const [what, goOn] of Object.entries(REST)) {
  test(`a 200 before all of the request is sent counts if all is: the server ${what}`, async () => {
    const body = "x".repeat(20_000_000); // More than buffers hold.
    for (const headers of CONNECTIONS) {
      for (const framing of ["content-length: 0\r\n", ""]) {
        if (framing === "" && what === "takes the rest") continue; // That has no end.
        let [bytes, closed]: [number, Promise<unknown>?] = [0];
        const url = await open(createServer({ allowHalfOpen: true }, (socket) => {
          closed = new Promise((closed) => socket.on("close", closed));
          socket.on("error", () => {}).on("end", () => socket.end());
          socket.on("data", (data) => bytes += data.length);
          socket.once("data", () => goOn(socket, `HTTP/1.1 200 OK\r\n${framing}\r\n`));
        }));
        const result = await call({ method: "POST", url, body }, { headers });
        await closed;
        const isTaken = what.endsWith("takes the rest") && framing !== "";
        assertEquals(result.status, isTaken ? "APPLIED" : "UNKNOWN");
        if (isTaken) assert(bytes > body.length, String(bytes));
        else assertEquals(evidenceOf(result).sent, "part");
      }
    }
  });
}

test("after a no that comes before all of the request is sent, the rest is not sent", async () => {
  const body = "x".repeat(20_000_000); // More than buffers hold.
  let bytes = 0;
  const heard: Socket[] = [];
  const url = await open(createServer((socket) => {
    heard.push(socket);
    socket.on("error", () => {}).on("data", (data) => bytes += data.length);
    socket.once("data", () => socket.pause().write("HTTP/1.1 409 No\r\ncontent-length: 0\r\n\r\n"));
  }));
  const { status } = await call({ method: "POST", url, body });
  assertEquals(status, "FAILED");
  for (const socket of heard) await new Promise((closed) => socket.on("close", closed).resume());
  assert(bytes > 0 && bytes < body.length, String(bytes));
});

const SECRET = "s3cr3t";

/** Ways in which nothing is sent, by what is said of them. Each has a URL, and may ask to stop. */
const NOT_SENT: Record<string, [RegExp, (stop: AbortController) => Promise<string>]> = {
  "nobody listens": [/^nothing was sent: connect ECONNREFUSED 127.0.0.1:\d+$/, async () => {
    const url = await open(createServer());
    await new Promise((closed) => servers.pop()?.close(closed));
    return url;
  }],
  "no host has the name": [
    /^nothing was sent: getaddrinfo (ENOTFOUND|EAI_AGAIN) a.invalid$/,
    () => {
      return Promise.resolve("http://a.invalid/");
    },
  ],
  "TLS is answered in plain text": [/^nothing was sent: ./, () => {
    return openSilent((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }],
  "TLS is answered by FIN": [/^nothing was sent: ./, () => openSilent((socket) => socket.end())],
  "TLS is answered by RST": [/^nothing was sent: ./, () => {
    return openSilent((socket) => socket.resetAndDestroy());
  }],
  "TLS never comes up, and a stop is asked for": [/^enough$/, (stop) => {
    return openSilent(() => stop.abort(new Error("enough")));
  }],
  "the certificate is refused": [/^nothing was sent: self.signed certificate/, () => {
    return openTls(() => assert(false, "something was sent"));
  }],
};

for (const [what, [message, begin]] of Object.entries(NOT_SENT)) {
  test(`nothing is sent, and the order is FAILED: ${what}`, async () => {
    const stop = new AbortController();
    const url = new URL(`?token=${SECRET}`, await begin(stop));
    [url.username, url.password] = ["user", SECRET];
    const headers = { authorization: `Bearer ${SECRET}` };
    const input = { method: "POST", url: url.href, body: "the body" };
    const result = await call(input, { headers, stop: stop.signal });
    assert(result.status === "FAILED");
    const thrown = result.trace.rawError as { message: string; props?: Evidence };
    assertMatch(thrown.message, message);
    assert(!JSON.stringify(thrown).includes(SECRET));
    if (stop.signal.aborted) return;
    const { origin, pathname } = url;
    assertEquals(thrown.props, {
      request: { method: "POST", url: origin + pathname, "idempotency-key": "order%201" },
      sent: "none",
    });
  });
}

// Deno's node:net takes no `lookup` from here, so there is no name of several addresses.
if (!("Deno" in globalThis)) {
  test("of several addresses that refuse, each is named", async () => {
    const { lookup } = dns;
    const addresses = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
    dns.lookup = ((_: string, __: object, found: (error: null, all: object[]) => void) =>
      found(null, addresses)) as typeof lookup;
    try {
      const result = await call({ method: "POST", url: "http://two.example:9/" });
      assert(result.status === "FAILED");
      const { message, code } = result.trace.rawError as { message: string; code: string };
      const [one, two] = addresses.map(({ address }) =>
        `connect ECONNREFUSED ${address}:9`
      );
      assertEquals([message, code], [`nothing was sent: ${one}; ${two}`, "ECONNREFUSED"]);
    } finally {
      dns.lookup = lookup;
    }
  });
}

test("after a stop nothing begins, and what is connecting is ended: FAILED, with its reason", async () => {
  for (const isBefore of [true, false]) {
    const server = await listen(() => {});
    const stop = new AbortController();
    const made = httpRequest({}, { stop: stop.signal });
    const action: typeof made = (...call) => {
      if (isBefore) stop.abort(new Error("enough"));
      const running = made(...call);
      stop.abort(new Error("enough")); // In the same turn: no connection can be up.
      return running;
    };
    const order = {
      orderId: "order 1",
      action: { name: "http", input: { method: "POST", url: server.url } },
    };
    const result = await execute(order, { executionId: "e", runner: "r" }, action);
    assert(result.status === "FAILED");
    assertEquals((result.trace.rawError as { message: string }).message, "enough");
    await server.ended();
    assertEquals([server.requests, server.refused], [[], []]);
  }
});

test("a stop after the request was sent leaves it: its answer is what happened", async () => {
  const stop = new AbortController();
  const server = await listen((socket) => {
    stop.abort();
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  const { status } = await call({ method: "POST", url: server.url }, { stop: stop.signal });
  assertEquals(status, "APPLIED");
});

test("when the Runner gives up, what is known then is the evidence", async () => {
  const half = "x".repeat(20_000_000); // More than buffers hold: when it is written, it is read.
  const cases: [unknown, (giveUp: () => void) => Promise<string>][] = [
    [{ sent: "none" }, (giveUp) => openSilent(giveUp)],
    [{ sent: "all" }, async (giveUp) => (await listen(giveUp)).url],
    [{ sent: "all", response: { status: 200, cut: true } }, async (giveUp) => {
      const head = "HTTP/1.1 200 OK\r\ncontent-length: 30000000\r\n\r\n";
      return (await listen((socket) => socket.write(head + half, giveUp))).url;
    }],
  ];
  for (const [expected, begin] of cases) {
    const giveUp = new AbortController();
    const url = await begin(() => giveUp.abort(new Error("too late")));
    const result = await call({ method: "POST", url }, { ports: { signal: giveUp.signal } });
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
    const { request, sent, response } = evidenceOf(result);
    assertEquals(request?.method, "POST");
    const { status, cut } = response ?? {};
    assertEquals<unknown>({ sent, ...response && { response: { status, cut } } }, expected);
  }
});

test("over TLS a response is whole if it says how long it is, and never by its end alone", async () => {
  const answers: [string, ExecutionResult["status"]][] = [
    ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole", "APPLIED"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n", "APPLIED"],
    ["HTTP/1.1 204 Done\r\n\r\n", "APPLIED"],
    ["HTTP/1.1 404 No\r\n\r\nwhole", "FAILED"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", "UNKNOWN"],
    ["HTTP/1.1 200 OK\r\n\r\nwhole?", "UNKNOWN"],
    ["HTTP/1.1 200 OK\r\n", "UNKNOWN"],
  ];
  for (const [answer, status] of answers) {
    const url = await openTls((socket) => socket.end(answer));
    const variables = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    const result = await withVariables(variables, () => call({ method: "POST", url, body: "a" }));
    assertEquals([answer, result.status], [answer, status]);
    if (status === "UNKNOWN") assert(evidenceOf(result).response?.cut !== false);
  }
});

test("a proxy that the environment names, and the runtime takes, does not hold an order", async () => {
  const url = await openTls((socket) => socket.end("HTTP/1.1 204 Done\r\n\r\n"));
  const proxy = await open(createServer((socket) => {
    socket.on("error", () => {}).once("data", () => {
      const server = connect(Number(new URL(url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connected\r\n\r\n");
        socket.pipe(server).pipe(socket);
      }).on("error", () => {});
    });
  }));
  const variables = { NODE_USE_ENV_PROXY: "1", HTTPS_PROXY: proxy, NO_PROXY: "" };
  const trusting = { ...variables, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const { status } = await withVariables(trusting, () => call({ method: "POST", url }));
  assertEquals(status, "APPLIED");
});

test("the start of a response is text of whole characters, however it comes in", async () => {
  const text = (text: string) => new TextEncoder().encode(text);
  const cases: [Uint8Array, string][] = [
    [text("a".repeat(499) + "🚀"), "a".repeat(499)],
    [text("a".repeat(498) + "🚀a"), "a".repeat(498) + "🚀"],
    [text("🚀".repeat(300)), "🚀".repeat(250)],
    [text("é€🚀"), "é€🚀"],
    [text("é€🚀").subarray(0, -1), "é€"],
    [Uint8Array.of(0xff, 0x61, 0xc3, 0x28), "\ufffda\ufffd("],
  ];
  for (const [bytes, expected] of cases) {
    for (const size of [1, 3, bytes.length]) {
      const server = await listen((socket) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for (let i = 0; i < bytes.length; i += size) {
          const chunk = bytes.subarray(i, i + size);
          socket.write(`${chunk.length.toString(16)}\r\n`);
          socket.write(chunk);
          socket.write("\r\n");
        }
        socket.end("0\r\n\r\n");
      });
      const result = await call({ method: "GET", url: server.url });
      assert(result.status === "APPLIED");
      assertEquals((result.trace.rawResult as Evidence).response?.start, expected);
    }
  }
});

interface Evidence {
  request?: Record<string, string>;
  sent?: string;
  response?: { status: number; cut: boolean; start?: string };
  error?: { code: string; message: string };
}

function evidenceOf({ trace }: ExecutionResult): Evidence {
  return (trace as { rawError?: Evidence }).rawError ?? {};
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
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
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
  const url = `${await open(server)}do?it=1`;
  return { url, requests, refused, ended: () => Promise.all(ends) };
}

/** The URL of a server that takes connections for TLS, and is told of the first byte. */
async function openSilent(heard: (socket: Socket) => unknown): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", (data) => {
      assertEquals(data[0], 22, "only a handshake comes");
      heard(socket);
    });
  });
  return (await open(server)).replace("http:", "https:");
}

/** The URL of a server of TLS that is told of the first byte of a request. */
async function openTls(heard: (socket: Socket) => unknown): Promise<string> {
  const server = createTlsServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
    socket.on("error", () => {}).once("data", () => heard(socket));
  });
  return (await open(server)).replace("http:", "https:");
}

async function open(server: Server): Promise<string> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Does something with variables of the environment, which are there before and after. */
async function withVariables<T>(variables: NodeJS.ProcessEnv, body: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
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
    const [, name = "", value = ""] = /^([\w-]+): ([\x20-\x7e\x80-\xff]*)$/.exec(field) ?? [];
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

/** Of localhost, signed by itself, and of no use but here. It is valid until 2126. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg43rcf7kqEI47ZPXa
lu9t2LuefiYiwx6xmZBM8+KzYJShRANCAAQOHiD6wnhmVXw9ZFAzxAjkAvZ2wA3V
3csIuodKmMVpp3SKg4OPKjg2WSimvrOLF3SQnofH3GHuxaII51RPgH/+
-----END PRIVATE KEY-----`;

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUEhqqDIhdTI/EtcKX7a5bxpMLOocwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTIwMTA0MDkzOFoYDzIxMjYxMTA3
MDQwOTM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQOHiD6wnhmVXw9ZFAzxAjkAvZ2wA3V3csIuodKmMVpp3SKg4OPKjg2
WSimvrOLF3SQnofH3GHuxaII51RPgH/+o28wbTAdBgNVHQ4EFgQUHPKjl+p3Uy55
SANgMu60CTbMfiwwHwYDVR0jBBgwFoAUHPKjl+p3Uy55SANgMu60CTbMfiwwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAJPhYV5LcqQT/t3YLC3qURf5gKC625dMHmO8JKIo0acxAiEA
1ErMVmj6AlztqQaS8mGHXp8ZEvCIop/WgUpl/XSYt9c=
-----END CERTIFICATE-----`;
