/**
 * Evidence that can be handed on: an in-toto Statement in a DSSE envelope, signed by a key of the
 * Runner's. What the signature vouches for is that whoever holds the key handed on these very bytes.
 */
import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { ExecutionResult } from "deployer-runtime";
import { parse } from "./documents.ts";
import { isRecord } from "../contract/record.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE =
  "https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/execution-result.schema.json";

/** DSSE: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md */
export interface Envelope {
  payloadType: string;
  /** In base64. */
  payload: string;
  signatures: { keyid?: string; sig: string }[];
}

/** Why an envelope is not to be trusted, or a key is of no use. */
export class NotTrusted extends Error {
  override readonly name = "NotTrusted";
}

/**
 * A key from PEM.
 *
 * @param use A private key is one to check by, too
 * @throws {NotTrusted} If it is none, or of another kind than Ed25519 and ECDSA P-256
 */
export function readKey(pem: string, use: "sign" | "check"): KeyObject {
  let key: KeyObject;
  try {
    key = use === "sign" ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    const wanted = use === "sign" ? "private key" : "public key";
    throw new NotTrusted(`is no ${wanted} in PEM without a passphrase`);
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519") return key;
  if (type === "ec" && details?.namedCurve === "prime256v1") return key;
  const received = [type, details?.namedCurve].filter(Boolean).join(" ");
  throw new NotTrusted(`must be of Ed25519 or ECDSA P-256: received ${received}`);
}

/**
 * Signs a result.
 *
 * @param bytes The result as it was read: the statement's subject is their SHA-256
 */
export function seal(result: ExecutionResult, bytes: Uint8Array, key: KeyObject): Envelope {
  const digest = { sha256: createHash("sha256").update(bytes).digest("hex") };
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: result.orderId, digest }],
    predicateType: PREDICATE_TYPE,
    predicate: result,
  };
  const payload = new TextEncoder().encode(JSON.stringify(statement));
  const signature = sign(algorithmOf(key), encoded(PAYLOAD_TYPE, payload), key);
  return {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(payload).toString("base64"),
    signatures: [{ keyid: keyIdOf(createPublicKey(key)), sig: signature.toString("base64") }],
  };
}

/** Whether a document is meant to be an envelope. */
export function isEnvelope(document: unknown): document is Record<string, unknown> {
  return isRecord(document) && "payload" in document && "signatures" in document;
}

/**
 * The result in an envelope, once its signature is found right: nothing of it is read before.
 *
 * @throws {NotTrusted} If it is not signed by this key, or states something else than a result
 */
export function unseal(document: Record<string, unknown>, key: KeyObject): unknown {
  const { payloadType, payload, signatures } = wellFormed(document);
  if (payloadType !== PAYLOAD_TYPE) {
    throw new NotTrusted(`payloadType must be ${PAYLOAD_TYPE}: received ${text(payloadType)}`);
  }
  const bytes = Buffer.from(payload, "base64");
  const message = encoded(payloadType, bytes);
  const fits = ({ sig }: Envelope["signatures"][0]) =>
    verify(algorithmOf(key), message, key, Buffer.from(sig, "base64"));
  if (!signatures.some(fits)) throw new NotTrusted(mismatch(signatures, keyIdOf(key)));
  return predicateOf(bytes);
}

/** Another key and a changed byte look the same to a signature: the key's identity tells them apart. */
function mismatch(signatures: Envelope["signatures"], own: string): string {
  const signers = signatures.map(({ keyid }) => keyid ?? "");
  if (signers.includes(own)) return "is not what was signed: it was changed since";
  return `is signed by another key: ${signers.map(text).join(", ")}, and this one is "${own}"`;
}

function wellFormed({ payloadType, payload, signatures }: Record<string, unknown>): Envelope {
  const isSignature = (one: unknown) =>
    isRecord(one) && typeof one.sig === "string" &&
    ["string", "undefined"].includes(typeof one.keyid);
  if (
    typeof payloadType === "string" && typeof payload === "string" &&
    Array.isArray(signatures) && signatures.length > 0 && signatures.every(isSignature)
  ) return { payloadType, payload, signatures };
  throw new NotTrusted("is no envelope of DSSE: payloadType, payload and signatures are needed");
}

function predicateOf(bytes: Uint8Array): unknown {
  const read = parse(decodePayload(bytes));
  if ("problem" in read) throw new NotTrusted(`payload ${read.problem}`);
  const { _type, predicateType, predicate } = isRecord(read.value) ? read.value : {};
  if (_type !== STATEMENT_TYPE) {
    throw new NotTrusted(`_type must be ${STATEMENT_TYPE}: received ${text(_type)}`);
  }
  if (predicateType !== PREDICATE_TYPE) {
    throw new NotTrusted(
      `predicateType must be ${PREDICATE_TYPE}: received ${text(predicateType)}`,
    );
  }
  return predicate;
}

function decodePayload(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new NotTrusted("payload is not UTF-8");
  }
}

/** What is signed: DSSE's pre-authentication encoding, which no other type and payload have. */
function encoded(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Ed25519 hashes by itself. */
function algorithmOf({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === "ed25519" ? null : "sha256";
}

/** SHA-256 of the public key. Of a private one it cannot be taken. */
function keyIdOf(key: KeyObject): string {
  return createHash("sha256").update(key.export({ type: "spki", format: "der" })).digest("hex");
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
