/**
 * An OpenAPI 3.1 document that refers to the contracts, served by express-openapi-validator: `node
 * openapi.mjs DOCUMENT RESULT`. Prints a line a request.
 */
import { readFileSync } from "node:fs";
import express from "express";
import * as validator from "express-openapi-validator";

const app = express();
app.use(express.json());
app.use(validator.middleware({ apiSpec: process.argv[2] }));
const result = JSON.parse(readFileSync(process.argv[3], "utf8"));
app.post("/orders", (_request, response) => response.json(result));
app.use((error, _request, response, _next) =>
  response.status(error.status ?? 500).json(error.errors ?? error.message)
);
const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const post = async (body) => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  return `${response.status} ${answer === JSON.stringify(result) ? "the result" : answer}`;
};
console.log(await post({ orderId: "order-1", action: { name: "release.switch", input: [1] } }));
console.log(await post({ orderId: "order-1", action: { name: "release.switch", inputs: [1] } }));
console.log(await post({ orderId: "", action: { name: "release.switch" } }));
server.close();
