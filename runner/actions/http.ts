import type { Action, ExecutionRequest } from "deployer-runtime";
import { reasonOf } from "./errors.ts";
import { HttpExchange } from "./http_exchange.ts";
import { checkInput, type Fields, type Input, name, refusal, string } from "./input.ts";

/** An order to call a server. All of it is recorded: a token belongs into `headers`, below. */
export interface HttpOrder extends ExecutionRequest {
  action: { name: string; input: { method: string; url: string; body?: string } };
}

/** What an order's input may hold, for `checkInput`. */
export const HTTP_INPUT: Fields = { method, url, body };

/** What the Runner sets, beside the headers. */
export interface HttpOptions {
  /**
   * Asks to stop: what is not sent yet never is, and that is thrown. A request that was sent cannot
   * be taken back, so its answer is still waited for.
   */
  stop?: AbortSignal;
}

/**
 * Sends a request, once. A 2xx is success; a 4xx or 500 is the server's no, and is thrown with the
 * response. After anything else (a gateway's 502 to 504, a reset, no answer) nobody can tell, unless
 * the connection never came up: then nothing was sent, and that is thrown.
 *
 * A body is framed by its length, whatever the method; an empty one has the length 0. A 2xx counts
 * if the whole request was sent and the whole response came. If a response does not say how long it
 * is, an orderly end of the connection proves that it is whole; with TLS, nothing does.
 *
 * @param headers Sent, and not recorded. `Idempotency-Key`, the identity of the order, is added:
 * a server that keeps it can tell later what came of the order
 * @throws {TypeError} If a header cannot be sent, or would say where the request ends
 */
export function httpRequest(
  headers: Record<string, string> = {},
  { stop }: HttpOptions = {},
): Action<HttpOrder> {
  const own = { ...headers };
  for (const [header, value] of Object.entries(own)) checkHeader(header, value);
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, HTTP_INPUT);
    stop?.throwIfAborted();

    const { url, body } = input;
    const { origin, pathname } = new URL(url);
    const method = input.method.toUpperCase(); // As it is sent.
    const key = { "idempotency-key": encodeURIComponent(orderId) };
    const request = { method, url: origin + pathname, ...key };
    const exchange = new HttpExchange({ method, url, headers: { ...own, ...key }, body });

    const ask = () => {
      if (exchange.seen.sent === "none") exchange.end();
    };
    const giveUp = () => {
      // At once: the Runner does not wait for an end.
      unproven({ request, ...exchange.seen, gaveUp: reasonOf(signal) });
      exchange.end();
    };
    stop?.addEventListener("abort", ask);
    signal?.addEventListener("abort", giveUp);
    try {
      await exchange.over;
      const { sent, response, error } = exchange.seen;
      if (sent === "none") {
        stop?.throwIfAborted();
        const { code, message } = error ?? {};
        throw Object.assign(new Error(`nothing was sent: ${message}`), { code, request, sent });
      }
      if (response === undefined) return unproven({ request, sent, error });
      const { status, cut } = response;
      if (status >= 400 && status <= 500) {
        throw Object.assign(new Error(`the server answered ${status}`), { request, response });
      }
      const isSuccess = status >= 200 && status <= 299 && !cut;
      if (isSuccess && await exchange.isSent) return { request, response };
      return unproven({ request, ...exchange.seen });
    } finally {
      exchange.end();
      stop?.removeEventListener("abort", ask);
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** RFC 9110, 5.6.2: what a method and the name of a header are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** CONNECT asks for a tunnel: what follows it is no request of this order. */
function method(value: unknown, place: string): void {
  name(value, place);
  if (!TOKEN.test(value as string) || (value as string).toUpperCase() === "CONNECT") {
    throw refusal(place, "a method of HTTP, and not CONNECT", value);
  }
}

/** Refuses what is no URL of a web server. */
function url(value: unknown, place: string): void {
  name(value, place);
  const { protocol, username, password } = URL.canParse(value as string)
    ? new URL(value as string)
    : { protocol: "", username: "", password: "" };
  if (!["http:", "https:"].includes(protocol)) {
    throw refusal(place, "a URL of http or https", value);
  }
  try {
    decodeURIComponent(username + password); // As node:http does, to send them.
  } catch {
    throw new TypeError(
      `cannot use ${place}: expected a user and password of percent-encoded UTF-8`,
    );
  }
}

/** A server that expects no body of HEAD or TRACE takes it for the next request. */
function body(value: unknown, place: string, { method }: Input): void {
  if (value === undefined) return;
  string(value, place);
  if (value !== "" && /^(head|trace)$/i.test(method as string)) {
    throw refusal(place, `no body with ${method}`, value);
  }
}

/** Headers that say where the request ends, or what else its connection will carry. */
const FRAMING = ["content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"];

/** Refuses a header by its name: its value is a secret. */
function checkHeader(header: string, value: unknown): void {
  const place = `cannot use headers[${JSON.stringify(header)}]`;
  if (!TOKEN.test(header)) throw new TypeError(`${place}: expected a name of a header`);
  if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new TypeError(`${place}: expected a string of Latin-1 without control characters`);
  }
  if (FRAMING.includes(header.toLowerCase())) {
    throw new TypeError(`${place}: expected no header that frames the request`);
  }
  if (header.toLowerCase() === "connection" && !/^(close|keep-alive)$/i.test(value)) {
    throw new TypeError(`${place}: expected "close" or "keep-alive"`);
  }
}
