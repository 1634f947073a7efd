import { createHash } from "node:crypto";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import type { Action, ExecutionRequest } from "deployer-runtime";
import { checkInput, type Fields, name, optional, refusal, string } from "./input.ts";

/** An order to call a server. All of it is recorded: a token belongs into `headers`, below. */
export interface HttpOrder extends ExecutionRequest {
  action: { name: string; input: { method: string; url: string; body?: string } };
}

/** What an order's input may hold, for `checkInput`. */
export const HTTP_INPUT: Fields = { method: name, url: web, body: optional(string) };

/** Errors that come before anything is sent. Any other may come when the server has all of it. */
const SURELY_NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];

/**
 * Sends a request, once. A 2xx is success; a 4xx or 500 is the server's no, and is thrown with the
 * response. After anything else (a gateway's 502 to 504, a reset, no answer) nobody can tell.
 *
 * By `node:http` on a connection of its own, and not by `fetch`: that follows redirects, may take an
 * old connection that breaks, and in Deno sends again what was cut off: two calls for one order.
 *
 * @param headers Sent, and not recorded. `Idempotency-Key`, the identity of the order, is added:
 * a server that keeps it can tell later what came of the order
 */
export function httpRequest(headers: Record<string, string> = {}): Action<HttpOrder> {
  return async ({ orderId, action: { input } }, { signal, unproven }) => {
    checkInput(input, HTTP_INPUT);
    const { method, url, body } = input;
    const { protocol, origin, pathname } = new URL(url);
    const key = { "idempotency-key": encodeURIComponent(orderId) };
    const call = (protocol === "https:" ? https : http)
      .request(url, { method, headers: { ...headers, ...key }, agent: false })
      .on("error", () => {}); // Heard below, as long as it matters.
    const request = { method, url: origin + pathname, ...key };
    const giveUp = () => {
      unproven({ request }); // At once: the Runner does not wait for how a broken call ends.
      call.destroy();
    };
    signal?.addEventListener("abort", giveUp);
    try {
      const answered = answer(call);
      call.end(body);
      const response = await digest(await answered);
      const { status } = response;
      if (status >= 200 && status <= 299 && !response.cut) return { request, response };
      if (status < 400 || status > 500) return unproven({ request, response });
      throw Object.assign(new Error(`the server answered ${status}`), { request, response });
    } catch (error) {
      const { code = "", message, response } = error as NodeJS.ErrnoException & {
        response?: object;
      };
      if (response || SURELY_NOT_SENT.includes(code)) throw error;
      return unproven({ request, error: { code, message } });
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  };
}

/** The response, or the error that ends the call; be it that it closes without either. */
function answer(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A 101, and an answer to CONNECT, hand over the connection. Nobody here speaks on it.
    const handedOver = (response: IncomingMessage, connection: Duplex) => {
      connection.destroy();
      resolve(response);
    };
    call.on("response", resolve).on("upgrade", handedOver).on("connect", handedOver)
      .on("error", reject)
      .on("close", () => reject(new Error("the connection was closed without a response")));
  });
}

/** Refuses what is no URL of a web server. */
function web(value: unknown, place: string): void {
  name(value, place);
  const protocol = URL.canParse(value as string) ? new URL(value as string).protocol : "";
  if (!["http:", "https:"].includes(protocol)) {
    throw refusal(place, "a URL of http or https", value);
  }
}

/** Of a response of any size what identifies it, and how it begins. */
async function digest(response: IncomingMessage) {
  const [hash, decoder] = [createHash("sha256"), new TextDecoder()];
  let [bytes, start, cut] = [0, "", false];
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      bytes += chunk.length;
      if (start.length < 500) start += decoder.decode(chunk, { stream: true });
    }
  } catch {
    cut = true;
  }
  start = start.slice(0, 500);
  return { status: response.statusCode ?? 0, bytes, sha256: hash.digest("hex"), start, cut };
}
