/** Restate: its server lives, the service is killed; as the variant "once", with one attempt. */
import { once } from "node:events";
import { createServer } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import * as restate from "@restatedev/restate-sdk";
import type { Arena, Ground, Told } from "../contender.ts";
import type { Act, Order } from "../orders.ts";
import { freePort } from "../../support/port.ts";
import { isOpen, startRestate } from "../servers.ts";

interface Location {
  port: number;
  variant: string;
}

export async function open({ folder, variant, lanes }: Ground): Promise<Arena> {
  const server = await startRestate(folder, lanes);
  const location: Location = { port: await freePort(), variant };
  const service = await serve(location, () => Promise.reject(new Error("no order yet")));
  await post(`${server.admin}/deployments`, { uri: `http://127.0.0.1:${location.port}` });
  service.close();
  const send = (path: string, order: Order) =>
    post(`${server.ingress}/orders/${path}`, order, { "idempotency-key": order.orderId });

  /** Reaching a service that is down is an attempt too: with only one, orders wait until it is up. */
  const give = (orders: Order[]) => {
    const waiting = [...orders];
    const lane = async () => {
      for (let order = waiting.shift(); order; order = waiting.shift()) {
        while (!await isOpen(location.port)) await sleep(10);
        await send("effect", order).catch(() => {}); // Failed: `told()` says it.
      }
    };
    for (let i = 0; i < lanes; i += 1) lane();
  };

  return {
    location,
    async feed(orders) {
      if (variant === "once") return give(orders);
      for (const order of orders) await send("effect/send", order);
    },
    async told() {
      const query = `select idempotency_key as id, case
          when status <> 'completed' then 'open'
          when completion_result = 'success' then 'success' else 'failed'
        end as told
        from sys_invocation`;
      const { rows } = await post(`${server.admin}/query`, { query }) as {
        rows: { id: string; told: Told }[];
      };
      return new Map(rows.map(({ id, told }) => [id, told]));
    },
    close: () => server.stop(),
  };
}

export async function work(location: unknown, act: Act): Promise<void> {
  await serve(location as Location, act);
}

async function serve({ port, variant }: Location, act: Act) {
  const service = restate.service({
    name: "orders",
    handlers: {
      effect: (ctx: restate.Context, order: Order) => ctx.run("effect", () => act(order)),
    },
    ...variant === "once" && {
      options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" as const } },
    },
  });
  const logger = () => {};
  const server = createServer(restate.createEndpointHandler({ services: [service], logger }));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function post(url: string, body: unknown, headers = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}
