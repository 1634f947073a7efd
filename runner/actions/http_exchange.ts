import { createHash } from "node:crypto";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** What is known of an exchange, at any time. */
export interface Seen {
  /** How much of the request was handed to a connection that is up; with TLS, to an accepted one. */
  readonly sent: "none" | "part" | "all";
  readonly response?: SeenResponse;
  /** Why there is no response. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** Of a response of any size what identifies it, and how it begins. */
export interface SeenResponse {
  readonly status: number;
  readonly bytes: number;
  readonly sha256: string;
  /** At most 500 UTF-16 units. */
  readonly start: string;
  /** Whether its end is missing, or is not proven. */
  readonly cut: boolean;
}

/** What is sent. */
interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/**
 * One request and its response, on a connection of its own.
 *
 * By `node:http`, and not by `fetch`: that follows redirects, may take an old connection that breaks,
 * and in Deno sends again what was cut off: two calls for one order.
 */
export class HttpExchange {
  /** Fulfils when there is a whole response, or none is to come any more. */
  readonly over: Promise<void>;
  /** Whether all was sent in the end. A server may answer before: then it is given the rest. */
  readonly isSent: Promise<boolean>;
  readonly #call: ClientRequest;
  #sent: Seen["sent"] = "none";
  #digest: Digest | undefined;
  #error: Seen["error"];

  constructor({ method, url, headers, body }: HttpRequest) {
    const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
    const framing = bytes && { "content-length": bytes.length };
    const isSecure = new URL(url).protocol === "https:";
    const call = this.#call = (isSecure ? https : http)
      .request(url, { method, headers: { ...headers, ...framing }, agent: false })
      .on("error", () => {}); // Heard below, as long as it matters.
    const handOver = () => {
      if (call.destroyed) return;
      this.#sent = "part";
      call.end(bytes);
    };
    call.on("socket", (socket) => {
      socket.on("error", () => {}); // It may outlive the call, and then nobody else listens.
      // Deno may come with the tunnel of a proxy (NODE_USE_ENV_PROXY), which is up already.
      if (!socket.connecting) return handOver();
      socket.once(isSecure ? "secureConnect" : "connect", handOver);
    });
    this.isSent = new Promise((resolve) => {
      call.on("finish", () => {
        // A connection that has ended finishes what is left by dropping it.
        if (call.socket?.destroyed === false && !call.socket.errored) this.#sent = "all";
        resolve(this.#sent === "all");
      }).on("close", () => resolve(false));
    });
    this.over = this.#run(orderlyEnd(call, isSecure));
  }

  get seen(): Seen {
    return {
      sent: this.#sent,
      ...this.#digest && { response: this.#digest.seen },
      ...this.#error && { error: this.#error },
    };
  }

  /** Ends the connection, whatever it is at. */
  end(): void {
    this.#call.destroy();
  }

  async #run(endsOrderly: () => boolean): Promise<void> {
    try {
      const response = await answer(this.#call);
      const digest = this.#digest = new Digest(response.statusCode ?? 0);
      for await (const chunk of response as AsyncIterable<Uint8Array>) digest.add(chunk);
      digest.isWhole = response.complete &&
        (saysItsEnd(response, this.#call.method) || endsOrderly());
    } catch (error) {
      if (this.#digest === undefined) this.#error = said(error);
    }
  }
}

/** The response, or the error that ends the call; be it that it closes without either. */
function answer(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // A 101 hands over the connection. Nobody here speaks on it.
    const handedOver = (response: IncomingMessage, connection: Duplex) => {
      connection.destroy();
      resolve(response);
    };
    call.on("response", resolve).on("upgrade", handedOver)
      .on("error", reject)
      .on("close", () => reject(new Error("the connection was closed without a response")));
  });
}

/**
 * Says, later, whether the server ended the connection in order. Node 20 reports a reset that comes
 * with the last bytes as an end, but then the connection has no peer any more. With TLS, no runtime
 * tells the end of a session from a cut of the connection below it.
 */
function orderlyEnd(call: ClientRequest, isSecure: boolean): () => boolean {
  let isOrderly = false;
  call.on("socket", (socket) => {
    socket.prependListener("end", () => {
      isOrderly = !isSecure && socket.remoteAddress !== undefined;
    });
  });
  return () => isOrderly;
}

/** RFC 9112, 6.3: whether the end of a response is known without that of its connection. */
function saysItsEnd({ statusCode, headers }: IncomingMessage, method: string): boolean {
  return method === "HEAD" || statusCode === 204 || statusCode === 304 ||
    headers["content-length"] !== undefined ||
    /(^|,)\s*chunked\s*$/i.test(headers["transfer-encoding"] ?? "");
}

/**
 * What is recorded of an error. Other fields may hold what the Runner set; messages name hosts and
 * certificates, and no header or query. Where several addresses failed, there is an error for each,
 * and no message.
 */
function said(error: unknown): NonNullable<Seen["error"]> {
  const { code = "", message, errors = [] } = error as NodeJS.ErrnoException & { errors?: Error[] };
  return { code, message: message || errors.map(({ message }) => message).join("; ") };
}

/** Reads a response, and keeps what is seen of it. */
class Digest {
  isWhole = false;
  readonly #status: number;
  readonly #hash = createHash("sha256");
  readonly #decoder = new TextDecoder();
  #bytes = 0;
  #start = "";

  constructor(status: number) {
    this.#status = status;
  }

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    if (this.#start.length < 500) this.#start += this.#decoder.decode(chunk, { stream: true });
  }

  get seen(): SeenResponse {
    const isSplit = (this.#start.codePointAt(499) ?? 0) > 0xffff; // One unit of two is too many.
    return {
      status: this.#status,
      bytes: this.#bytes,
      sha256: this.#hash.copy().digest("hex"),
      start: this.#start.slice(0, isSplit ? 499 : 500),
      cut: !this.isWhole,
    };
  }
}
