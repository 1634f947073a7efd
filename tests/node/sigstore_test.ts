/**
 * `deployer sign` and `deployer check --key` against another implementation of DSSE, that of
 * sigstore: what one has signed, the other accepts, and no changed byte of it. `npm run
 * test:contracts`.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { run } from "../../runner/tests/cli_shell.ts";
import { settle } from "../support/orders.ts";

interface SigstoreCore {
  crypto: {
    createPublicKey(pem: string): unknown;
    verify(data: Uint8Array, key: unknown, signature: Uint8Array, algorithm?: string): boolean;
  };
  dsse: { preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array };
}
const require = createRequire(new URL("../defaults/package.json", import.meta.url));
const { crypto, dsse }: SigstoreCore = require("@sigstore/core");

const folder = mkdtempSync(join(tmpdir(), "sigstore-test-"));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

for (const type of ["Ed25519", "ECDSA P-256"]) {
  const { privateKey, publicKey } = type === "Ed25519"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = type === "Ed25519" ? undefined : "sha256";
  const publicPem = publicKey.export({ type: "spki", format: "pem" }) as string;

  test(`${type}: sigstore accepts what deployer has signed, and no changed byte of it`, async () => {
    writeFileSync(file("key"), privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(file("result.json"), JSON.stringify(await settle("THREW")));
    const { code, stdout } = await run(["sign", file("result.json"), "--key", file("key")]);
    assertEquals(code, 0);
    const { payloadType, payload, signatures: [signature] } = JSON.parse(stdout);
    const accepts = (type: string, bytes: Uint8Array) =>
      crypto.verify(
        Buffer.from(dsse.preAuthEncoding(type, bytes)),
        crypto.createPublicKey(publicPem),
        Buffer.from(signature.sig, "base64"),
        algorithm,
      );
    const bytes = Buffer.from(payload, "base64");
    assert(accepts(payloadType, bytes));
    for (let i = 0; i < bytes.length; i += 97) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 1;
      assert(!accepts(payloadType, changed));
    }
    assert(!accepts("application/json", bytes));
  });

  test(`${type}: deployer accepts what was signed in sigstore's encoding, and nothing else`, async () => {
    writeFileSync(file("key.pub"), publicPem);
    const payloadType = "application/vnd.in-toto+json";
    const statement = {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "site.tar", digest: { sha256: "ab".repeat(32) } }],
      predicateType:
        "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/execution-result.schema.json",
      predicate: await settle("RETURNED"),
    };
    const payload = Buffer.from(JSON.stringify(statement));
    const encoded = dsse.preAuthEncoding(payloadType, payload);
    const sig = sign(algorithm, encoded, privateKey).toString("base64");
    const verdict = async (bytes: Uint8Array) => {
      const envelope = {
        payloadType,
        payload: Buffer.from(bytes).toString("base64"),
        signatures: [{ sig }],
      };
      const stdin = JSON.stringify(envelope);
      return (await run(["check", "--key", file("key.pub"), "-"], { stdin })).code;
    };
    assertEquals(await verdict(payload), 0);
    for (let i = 0; i < payload.length; i += 97) {
      const changed = Buffer.from(payload);
      changed[i]! ^= 1;
      assertEquals(await verdict(changed), 1);
    }
  });
}
