/** A port of the loopback that nobody listens on: servers of tests listen on it next. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Such a port, as the system gives it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
