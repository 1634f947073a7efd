/**
 * Independent validators of JSON Schema 2020-12, each behind the same function: schemas and
 * documents in, one opinion a document out. None of them may fetch: what a schema refers to is
 * handed to it. `format` only annotates, so those that assert it by default are told not to.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, type Schema as CfworkerSchema, Validator } from "@cfworker/json-schema";
import { type Schema as ExodusSchema, validator as schemasafe } from "@exodus/schemasafe";
import { registerSchema, type SchemaObject, validate } from "@hyperjump/json-schema/draft-2020-12";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Schema } from "../support/schemas.ts";

/** A document, and the address of the schema, or of the definition in one, that judges it. */
export interface Question {
  readonly address: string;
  readonly document: unknown;
}

export interface Judge {
  readonly name: string;
  readonly language: string;
  /** Whether each document is valid. `schemas` are all that the addresses lead to. */
  opinions(schemas: readonly Schema[], questions: readonly Question[]): Promise<boolean[]>;
}

type Validate = (document: unknown) => boolean;

const dialect = "https://json-schema.org/draft/2020-12/schema";

/** A judge that compiles one validator an address. */
function compiled(
  name: string,
  compiler: (schemas: readonly Schema[]) => (address: string) => Validate | Promise<Validate>,
): Judge {
  return {
    name,
    language: "JavaScript",
    async opinions(schemas, questions) {
      const compile = compiler(schemas);
      const validators = new Map<string, Validate>();
      const opinions: boolean[] = [];
      for (const { address, document } of questions) {
        const known = validators.get(address) ?? await compile(address);
        validators.set(address, known);
        opinions.push(known(document));
      }
      return opinions;
    },
  };
}

/** Judges that come from npm, and need nothing but Node. */
export const npmJudges: readonly Judge[] = [
  compiled("ajv", (schemas) => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const schema of schemas) ajv.addSchema(schema);
    return (address) => {
      const known = ajv.compile({ $ref: address });
      return (document) => known(document) === true;
    };
  }),
  compiled("@hyperjump/json-schema", (schemas) => {
    // Its registry is the module's: a schema stays.
    for (const schema of schemas) {
      if (!registered.has(schema.$id)) registerSchema(schema as SchemaObject);
      registered.add(schema.$id);
    }
    return async (address) => {
      const known = await validate(address);
      return (document) => known(document as Parameters<typeof known>[0]).valid;
    };
  }),
  compiled("@cfworker/json-schema", (schemas) => (address) => {
    delete format["date-time"];
    const known = new Validator({ $schema: dialect, $ref: address }, "2020-12");
    for (const schema of schemas) known.addSchema(structuredClone(schema) as CfworkerSchema);
    return (document) => known.validate(document).valid;
  }),
  compiled("@exodus/schemasafe", (schemas) => (address) => {
    const known = schemasafe({ $schema: dialect, $ref: address } as ExodusSchema, {
      mode: "spec",
      schemas: schemas as ExodusSchema[],
    });
    return (document) => known(document as Parameters<typeof known>[0]);
  }),
  {
    name: "@sourcemeta/jsonschema",
    language: "C++",
    opinions: inFolder((schemas, questions, folder) => {
      const opinions: boolean[] = [];
      for (const address of new Set(questions.map(({ address }) => address))) {
        const schema = join(folder, "asked.json");
        writeFileSync(
          schema,
          JSON.stringify({ $schema: dialect, $id: "urn:asked", $ref: address }),
        );
        const asked = [...questions.keys()].filter((at) => questions[at]?.address === address);
        const documents = join(folder, "documents.jsonl");
        writeFileSync(documents, lines(asked.map((at) => questions[at]?.document)));
        // It judges the lines in any order, and ends at the first refusal unless told to continue.
        const output = run(process.execPath, [
          fileURLToPath(import.meta.resolve("@sourcemeta/jsonschema").replace("main.js", "cli.js")),
          ...["validate", schema, documents, "--resolve", schemas],
          ...["--fast", "--continue", "--verbose", "--color", "never"],
        ]);
        const said = [...output.matchAll(/^(ok|fail): .* \(entry #([0-9]+)\)$/gm)];
        if (said.length !== asked.length) throw new Error(`cannot judge: ${output}`);
        for (const [, opinion, entry] of said) {
          opinions[asked[Number(entry) - 1] as number] = opinion === "ok";
        }
      }
      return opinions;
    }),
  },
];

const registered = new Set<string>();

/**
 * Judges that come with Debian's packages. Its other validators do not judge 2020-12: those of Ruby,
 * Go, PHP and C++ end with draft 7, and that of Perl lets what stands beside `$ref` replace it.
 */
export const debianJudges: readonly Judge[] = [
  program("python3-jsonschema", "Python", "/usr/bin/python3", "judge.py"),
];

/** A program that reads questions and prints opinions, a line each. */
function program(name: string, language: string, command: string, script: string): Judge {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return {
    name,
    language,
    opinions: inFolder((schemas, questions) => {
      const asked = questions.map(({ address, document }) => ({ schema: address, document }));
      const output = run(command, [path, schemas], lines(asked));
      const said = output.match(/^[01]$/gm) ?? [];
      if (said.length !== asked.length) throw new Error(`${name} cannot judge: ${output}`);
      return said.map((opinion) => opinion === "1");
    }),
  };
}

/** Hands the schemas over as files: `ask` gets their folder, and one for its own use. */
function inFolder(
  ask: (schemas: string, questions: readonly Question[], folder: string) => boolean[],
): Judge["opinions"] {
  return (schemas, questions) => {
    const folder = mkdtempSync(join(tmpdir(), "judge-"));
    try {
      const files = join(folder, "schemas");
      mkdirSync(files);
      schemas.forEach((schema, index) =>
        writeFileSync(join(files, `${index}.json`), JSON.stringify(schema))
      );
      return Promise.resolve(ask(files, questions, folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) + "\n").join("");
}

/** What a program prints. Refusing a document is no failure; being unable to judge is. */
function run(command: string, args: readonly string[], input = ""): string {
  const output = spawnSync(command, args, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  if (output.error) throw output.error;
  return output.stdout + output.stderr;
}
