/**
 * A route of Fastify whose body is an ExecutionRequest: `node fastify.mjs SCHEMA`. Prints a line a
 * request: how it was answered with Fastify's own ajv, and with the compiler that docs/validate.md
 * names.
 */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import Fastify from "fastify";

const schema = JSON.parse(readFileSync(process.argv[2], "utf8"));
const requests = {
  "an order": { orderId: "order-1", action: { name: "release.switch", input: { release: 42 } } },
  "a misspelt field": { orderId: "order-1", action: { name: "release.switch", inputs: {} } },
  "a number for an identity": { orderId: 1, action: { name: "release.switch" } },
};

/** The request alone, with what it refers to. */
const inlined = { ...schema.$defs.ExecutionRequest, $defs: schema.$defs };

const usual = Fastify();
usual.post("/orders", { schema: { body: inlined } }, (request) => request.body);

const strict = Fastify();
const ajv = new Ajv2020();
ajv.addSchema(schema);
strict.setValidatorCompiler(({ schema }) => ajv.compile(schema));
const body = { $ref: `${schema.$id}#/$defs/ExecutionRequest` };
strict.post("/orders", { schema: { body } }, (request) => request.body);

for (const [name, app] of Object.entries({ "Fastify's ajv": usual, "ajv of one's own": strict })) {
  for (const [what, payload] of Object.entries(requests)) {
    const { statusCode, body } = await app.inject({ method: "POST", url: "/orders", payload });
    const kept = body === JSON.stringify(payload) ? "as it was sent" : body;
    console.log(`${name}: ${what}: ${statusCode} ${kept}`);
  }
}
