import { order } from "./order.js";

export default { fetch: async () => new Response(await order()) };
