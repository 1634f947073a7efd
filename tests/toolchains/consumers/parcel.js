import { order } from "./order.js";

order().then(console.log);
