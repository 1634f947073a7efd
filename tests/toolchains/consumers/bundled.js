import { order } from "./order.js";

console.log(await order());
