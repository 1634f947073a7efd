/** The HTTP action, against real servers that answer, refuse, break off and hang. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { afterEach, test } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type HttpOptions, type HttpOrder, httpRequest } from "deployer-runner/actions/http";
import { execute, type ExecutionResult, type Ports } from "deployer-runtime";
import { testCases } from "../../tests/support/action_cases.ts";
import { assertSound } from "../../tests/support/orders.ts";

const servers: (Server | NetServer)[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

testCases("http", {
  "the server answers with a 2xx, whole": async () =>
    call(await answering((_, respond) => respond(200, "yes"))),
  "the server answers with a 4xx or 500": async () => {
    const no = await call(await answering((_, respond) => respond(404, "no")));
    assertEquals(no.status, "FAILED");
    return call(await answering((_, respond) => respond(500, "no")));
  },
  "nobody listens, or its name is not found": async () => {
    assertEquals((await call("http://nowhere.invalid/")).status, "FAILED");
    const url = await listening(() => {});
    await new Promise((closed) => servers.pop()?.close(closed));
    return call(url);
  },
  "TLS does not come up, or the certificate is refused": async () =>
    call((await listening((socket) => socket.end())).replace("http:", "https:")),
  "the Runner asks to stop before anything is sent": () =>
    call("http://127.0.0.1/", {}, {}, "", { stop: AbortSignal.abort() }),
  "its input is no request": () => call("no URL"),
  "the server answers with anything else, a 502 or a 101": async () => {
    for (const status of [302, 503]) {
      const url = await answering((_, respond) => respond(status, "who knows"));
      assertEquals((await call(url)).status, "UNKNOWN");
    }
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    const url = await listening((socket) => socket.once("data", () => socket.write(upgrade)));
    assertEquals((await call(url)).status, "UNKNOWN");
    return call(await answering((_, respond) => respond(502, "who knows")));
  },
  "the connection ends without a response": async () =>
    call(await listening((socket) => socket.once("data", () => socket.end()))),
  "a 2xx is cut off": async () =>
    call(
      await listening((socket) =>
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
          setTimeout(() => socket.destroy(), 30);
        })
      ),
    ),
  "the Runner gives up": async () => {
    const giveUp = new AbortController();
    const url = await listening((socket) => socket.once("data", () => giveUp.abort()));
    return call(url, {}, { signal: giveUp.signal });
  },
});

test("a 2xx is APPLIED, with what identifies the response", async () => {
  let seen: IncomingMessage["headers"] = {};
  let received = "";
  const url = await answering(async (request, respond) => {
    seen = request.headers;
    for await (const chunk of request) received += chunk;
    respond(201, "created\n");
  });
  const result = await call(`${url}releases?a=1#b`, { authorization: "Bearer secret" });
  assert(result.status === "APPLIED");
  assertEquals(result.trace.rawResult, {
    request: { method: "POST", url: `${url}releases`, "idempotency-key": "order%20%C3%A9%2F1" },
    response: {
      status: 201,
      bytes: 8,
      sha256: sha256("created\n"),
      start: "created\n",
      cut: false,
    },
  });
  assertEquals([seen["idempotency-key"], received], ["order%20%C3%A9%2F1", "the body"]);
  assertEquals(seen.authorization, "Bearer secret");
  assert(!JSON.stringify(result).includes("secret"), "what was not in the order is not recorded");
});

test("of a large response the result holds its size, its hash, and how it begins", async () => {
  const body = "é".repeat(300_000);
  const result = await call(await answering((_, respond) => respond(200, body)));
  assert(result.status === "APPLIED");
  const { response } = result.trace.rawResult as Evidence;
  assertEquals([response?.bytes, response?.sha256], [600_000, sha256(body)]);
  assertEquals(response?.start, "é".repeat(500));
});

test("a 4xx or a 500 is FAILED: the server said no, and its response is recorded", async () => {
  for (const status of [400, 403, 404, 409, 422, 500]) {
    const result = await call(await answering((_, respond) => respond(status, "no")));
    assert(result.status === "FAILED", String(status));
    const { message, props } = result.trace.rawError as { message: string; props: Evidence };
    assertEquals(message, `the server answered ${status}`);
    assertEquals([props.response?.status, props.response?.start], [status, "no"]);
  }
});

test("a gateway that lost its server, a redirect, and the like are UNKNOWN, with the response", async () => {
  for (const status of [302, 303, 502, 503, 504, 520]) {
    const result = await call(await answering((_, respond) => respond(status, "who knows")));
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN", String(status));
    const { response } = result.trace.rawError as Evidence;
    assertEquals([response?.status, response?.start], [status, "who knows"]);
  }
});

test("a request that is broken off after it was sent is UNKNOWN, and is sent once", async () => {
  const endings = {
    reset: (socket: Socket) => socket.resetAndDestroy(),
    close: (socket: Socket) => socket.destroy(),
    end: (socket: Socket) => socket.end(),
    nonsense: (socket: Socket) => socket.end("garbage\r\n\r\n"),
  };
  for (const [name, end] of Object.entries(endings)) {
    let heard = 0;
    const result = await call(
      await listening((socket) =>
        socket.on("data", (data) => {
          heard += Number(data.includes("POST"));
          if (data.includes("the body")) end(socket);
        })
      ),
    );
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN", name);
    const { request, error } = result.trace.rawError as Evidence;
    assertEquals(request?.method, "POST");
    assert(error?.code !== "" && error?.message !== "");
    assertEquals([name, heard], [name, 1]);
  }
});

test("a 200 whose body is cut off is UNKNOWN, and a 500 whose body is cut off is FAILED", async () => {
  for (const [line, status] of [["200 OK", "UNKNOWN"], ["500 Oh", "FAILED"]] as const) {
    const url = await listening((socket) =>
      socket.once("data", () => {
        socket.write(`HTTP/1.1 ${line}\r\ncontent-length: 100\r\n\r\nhalf`);
        setTimeout(() => socket.destroy(), 30);
      })
    );
    const result = await call(url);
    assertEquals(result.status, status);
    assert(JSON.stringify(result.trace).includes('"start":"half","cut":true'));
  }
});

test("a server that answers and breaks off before it has heard all crashes no Runner", async () => {
  const url = await listening((socket) =>
    socket.once("data", () => {
      socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
      socket.resetAndDestroy();
    })
  );
  for (let i = 0; i < 5; i++) {
    // Whether the answer or the break is heard first is the system's choice.
    const { status } = await call(url, {}, {}, "x".repeat(20_000_000));
    assert(status === "FAILED" || status === "UNKNOWN", status);
  }
});

test("a request that cannot have been sent is FAILED", async () => {
  const closed = await listening(() => {});
  const [server] = servers.splice(0);
  await new Promise((done) => server?.close(done));
  // Without any network the name is not looked up at all: EAI_AGAIN.
  const cases = [[closed, /^ECONNREFUSED$/], ["http://nowhere.invalid/", /^ENOTFOUND|EAI_AGAIN$/]];
  for (const [url, code] of cases as [string, RegExp][]) {
    const result = await call(url);
    assert(result.status === "FAILED", url);
    assertMatch((result.trace.rawError as { code: string }).code, code);
  }
});

test("input that makes no request is refused by name", async () => {
  const input = { method: "POST", url: "http://127.0.0.1/" };
  const cases = [
    [{ ...input, url: "not a url" }, 'url: expected a URL of http or https, received "not a url"'],
    [{ ...input, url: "ftp://a/" }, 'url: expected a URL of http or https, received "ftp://a/"'],
    [
      { ...input, url: `ftp://user:${"s3cr3t".repeat(30)}@a/` },
      'url: expected a URL of http or https, received "ftp:***@a/"',
    ],
    [{ ...input, body: { a: 1 } }, 'body: expected a string, received {"a":1}'],
    [{ url: input.url }, "method: expected a string, received nothing"],
    [{ ...input, retry: 3 }, "retry: expected no field but method, url, body, received 3"],
    [{ ...input, method: "HEAD", body: "a" }, 'body: expected no body with HEAD, received "a"'],
    [{ ...input, method: "trace", body: "a" }, 'body: expected no body with trace, received "a"'],
    ...["CONNECT", "connect", "PO ST", "POST\n", "POST / HTTP/1.1\r\n\r\nGET", "PÖST"].map((
      method,
    ) => [
      { ...input, method },
      `method: expected a method of HTTP, and not CONNECT, received ${JSON.stringify(method)}`,
    ]),
    [
      { ...input, url: "http://user:s3cr3t%ff@a/" }, // node:http would throw as it reads it.
      "url: expected a user and password of percent-encoded UTF-8",
    ],
  ] as [HttpOrder["action"]["input"], string][];
  for (const [input, message] of cases) {
    const order = { orderId: "x", action: { name: "http", input } };
    const result = await execute(order, { executionId: "e", runner: "r" }, httpRequest());
    assert(result.status === "FAILED");
    const thrown = result.trace.rawError as { message: string };
    assertEquals(thrown.message, `cannot use action.input.${message}`);
  }
});

test("headers that are none, or would frame the request, are refused when the action is made", () => {
  const secret = "s3cr3t";
  const cases: [string, unknown, string][] = [
    ...["Content-Length", "Transfer-Encoding", "expect", "TE", "Trailer", "Upgrade"].map((
      name,
    ): [string, unknown, string] => [name, secret, "expected no header that frames the request"]),
    ["Connection", `upgrade, ${secret}`, 'expected "close" or "keep-alive"'],
    ...[`${secret}\r\na: b`, `${secret}\n`, `${secret}\0`, `${secret}Ā`, 7].map((
      value,
    ): [string, unknown, string] => [
      "token",
      value,
      "expected a string of Latin-1 without control characters",
    ]),
    ...["", "a b", "a:", "a\r\nb", "é"].map((
      name,
    ): [string, unknown, string] => [name, secret, "expected a name of a header"]),
  ];
  for (const [name, value, message] of cases) {
    const headers = { [name]: value } as Record<string, string>;
    const thrown = assertThrows(() => httpRequest(headers), TypeError);
    assertEquals(thrown.message, `cannot use headers[${JSON.stringify(name)}]: ${message}`);
  }
  httpRequest({ Connection: "Keep-Alive", "x-name": "é\t" });
});

test("whatever ends a call without a response is heard: UNKNOWN", async () => {
  const endings = {
    "101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other": 101,
    "101 Switching Protocols": 101,
    "199 Early, and nothing more": undefined,
  };
  for (const [line, status] of Object.entries(endings)) {
    let gone: Promise<unknown> | undefined;
    const url = await listening((socket) => {
      gone = once(socket, "close");
      socket.once("data", () => {
        socket.write(`HTTP/1.1 ${line}\r\n\r\n`);
        if (status === undefined) socket.end();
      });
    });
    const result = await call(url);
    assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN", line);
    const { response, error } = result.trace.rawError as Evidence;
    assert(response?.status === 101 || error !== undefined, JSON.stringify(result.trace));
    await gone; // The connection is not left open.
  }
});

test("a server that does not answer is UNKNOWN when the Runner gives up, and has been asked what", async () => {
  const controller = new AbortController();
  let gone: Promise<unknown> | undefined;
  const url = await listening((socket) => {
    gone = once(socket, "close");
    socket.once("data", () => controller.abort(new Error("too late")));
  });
  const result = await call(url, {}, { signal: controller.signal });
  assert(result.status === "UNKNOWN" && result.trace.settlement === "UNPROVEN");
  assertEquals((result.trace.rawError as Evidence).request?.url, url);
  await gone; // The connection is not left open.
});

interface Evidence {
  request?: { method: string; url: string };
  response?: { status: number; bytes: number; sha256: string; start: string; cut: boolean };
  error?: { code: string; message: string };
}

async function call(
  url: string,
  headers?: Record<string, string>,
  ports: Ports = {},
  body = "the body",
  options: HttpOptions = {},
): Promise<ExecutionResult> {
  const input = { method: "POST", url, body };
  const result = await execute(
    { orderId: "order é/1", action: { name: "http", input } },
    { executionId: "e", runner: "r" },
    httpRequest(headers, options),
    ports,
  );
  assertSound(result);
  return result;
}

/** The URL of an HTTP server. */
async function answering(
  answer: (request: IncomingMessage, respond: (status: number, body: string) => void) => unknown,
): Promise<string> {
  return await open(createHttpServer((request, response) => {
    const respond = (status: number, body: string) => response.writeHead(status).end(body);
    answer(request, (status, body) => void respond(status, body));
  }));
}

/** The URL of a server that does what it likes with its connections. */
async function listening(connected: (socket: Socket) => void): Promise<string> {
  return await open(createServer((socket) => {
    socket.on("error", () => {});
    connected(socket);
  }));
}

async function open(server: Server | NetServer): Promise<string> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
