/**
 * The contracts are tested three ways: by the vectors, by what every schema has to hold, and by
 * mutation, which proves of each keyword that a vector would notice its loss.
 */
import { test } from "node:test";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { assert, assertEquals } from "@std/assert";
import {
  contracts,
  type Schema,
  schemas,
  validator,
  type Vector,
  vectors,
} from "./support/schemas.ts";

const vectorsOf: Record<string, Vector[]> = Object.fromEntries(
  contracts.map((contract) => [contract, vectors(contract)]),
);
const fileOf = (contract: string): string => `${contract}.schema.json`;

// --- What the vectors say -----------------------------------------------------------------------

for (const contract of contracts) {
  const own = vectorsOf[contract] ?? [];

  test(`${contract}: every valid vector is accepted`, () => {
    const validate = validator(contract);
    const valid = own.filter((vector) => vector.valid);
    assert(valid.length > 0, "no valid vector");
    assertEquals(
      valid.filter(({ document }) => !validate(document))
        .map(({ name, document }) => [name, errorPaths(validate, document)]),
      [],
    );
  });

  test(`${contract}: every invalid vector is refused by errors that name its field only`, () => {
    const validate = validator(contract);
    const invalid = own.filter((vector) => !vector.valid);
    assert(invalid.length > 0, "no invalid vector");
    // An accepted document has no error path, and so differs too.
    assertEquals(
      invalid.map(({ name, document }) => [name, errorPaths(validate, document)])
        .filter(([name, paths]) => paths !== wrongField(name as string)),
      [],
    );
  });
}

/** The field that a file named `invalid-<dotted path>-<rule>` breaks. */
function wrongField(name: string): string {
  return name.split("-")[1] ?? "";
}

type Validate = ReturnType<typeof validator>;

/** Where the errors are, as dotted paths: each once, sorted, separated by spaces. */
function errorPaths(validate: Validate, document: unknown): string {
  if (validate(document)) return "";
  const paths = (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== "if") // It only repeats that a branch failed.
    .map(({ instancePath, params }: ErrorObject) =>
      [
        ...instancePath.split("/").slice(1),
        ...[params.missingProperty ?? params.additionalProperty ?? []].flat(),
      ].join(".") || "root"
    );
  return [...new Set(paths)].sort().join(" ");
}

// --- What every schema holds --------------------------------------------------------------------

test("every schema is valid against the meta-schema, and compiles in ajv's strict mode without a word", () => {
  assertEquals(strictly(schemas), undefined);
  // Silence means something only if ajv would have spoken.
  const fact = { ...schemas["fact.schema.json"], keyword: 1 };
  assertEquals(
    strictly({ ...schemas, "fact.schema.json": fact }),
    'strict mode: unknown keyword: "keyword"',
  );
});

/** What ajv's strict mode has against the schemas, if anything. */
function strictly(schemas: Record<string, Schema>): string | undefined {
  try {
    const ajv = new Ajv2020({ strict: true });
    for (const schema of Object.values(schemas)) ajv.addSchema(schema);
    for (const schema of Object.values(schemas)) ajv.getSchema(schema.$id); // Compiles it.
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("every schema has its address, a title, a description and valid examples", () => {
  for (const [file, schema] of Object.entries(schemas)) {
    assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema", file);
    assertEquals(
      schema.$id,
      `https://cdn.jsdelivr.net/npm/deployer-runtime@1/schemas/${file}`,
      file,
    );
    assert(schema.title && schema.description, `${file} has no title or no description`);
  }
  for (const contract of contracts) {
    const validate = validator(contract);
    const examples: unknown[] = schemas[fileOf(contract)]?.examples ?? [];
    assert(examples.length > 0, `${contract} has no examples`);
    assertEquals(examples.map((example) => errorPaths(validate, example)).join(""), "", contract);
  }
});

test("every property of every schema is described", () => {
  assertEquals(Object.entries(schemas).flatMap(([file, root]) => undescribed(file, root)), []);
});

test("every pattern means the same to RE2, to Python and to JavaScript", () => {
  const patterns = Object.values(schemas).flatMap((root) => [...places(root)])
    .map(({ schema }) => schema).filter(({ pattern }) => pattern !== undefined);
  assert(patterns.length > 0);
  for (const { pattern, maxLength } of patterns) {
    assert(!/\(\?/.test(pattern), `${pattern}: a lookaround or another special group`);
    assert(!/\\[A-Za-z0-9]/.test(pattern), `${pattern}: a class or a reference by letter or digit`);
    // Python's `$` also matches before a final newline: only the length refuses that.
    const ends = /(^|[^\\])\$/.test(pattern);
    assert(!ends || maxLength !== undefined, `${pattern}: an anchored end without maxLength`);
  }
});

/** A place in a schema file that is a schema itself. */
interface Place {
  schema: Schema;
  /** The keys that lead to it from the root of the file. */
  keys: string[];
  /** Whether an `if` holds it, which selects and refuses nothing. */
  selects: boolean;
  /** The root of the file, or the definition, that the place belongs to. */
  owner: Schema;
  /** Where its instances are, from those of `owner`. */
  path: string[];
}

const pointer = (keys: string[]): string => keys.map((key) => `/${key}`).join("");

const annotations = "$schema $id $comment title description examples".split(" ");
const assertions =
  "$ref type const enum required pattern minLength maxLength minItems maxItems minimum maximum"
    .split(" ");
/** Keywords that hold schemas, with the step to the instances of those. */
const applicators: Record<string, "same" | "key" | "any"> = {
  $defs: "same",
  properties: "key",
  prefixItems: "key",
  items: "any",
  additionalProperties: "any",
  allOf: "same",
  anyOf: "same",
  not: "same",
  if: "same",
  then: "same",
  else: "same",
};
const lists = ["allOf", "anyOf", "prefixItems"];
const maps = ["properties", "$defs"];

/** Every place of a schema file. Throws on a keyword that it does not know: none may be missed. */
function* places(root: Schema): Generator<Place> {
  const waiting: Place[] = [{ schema: root, keys: [], selects: false, owner: root, path: [] }];
  for (let place = waiting.pop(); place; place = waiting.pop()) {
    yield place;
    for (const [keyword, value] of Object.entries(place.schema)) {
      if (annotations.includes(keyword) || assertions.includes(keyword)) continue;
      const step = applicators[keyword];
      if (!step) throw new Error(`cannot mutate the keyword ${keyword} at ${pointer(place.keys)}`);
      const held: [string[], unknown][] = lists.includes(keyword) || maps.includes(keyword)
        ? Object.entries(value).map(([key, schema]) => [[key], schema])
        : [[[], value]];
      for (const [key, schema] of held) {
        if (typeof schema !== "object") continue; // true or false
        waiting.push({
          schema: schema as Schema,
          keys: [...place.keys, keyword, ...key],
          selects: place.selects || keyword === "if",
          owner: keyword === "$defs" ? schema as Schema : place.owner,
          path: keyword === "$defs" ? [] : [...place.path, ...{ same: [], key, any: ["*"] }[step]],
        });
      }
    }
  }
}

/** A schema and the file that its references start from. */
type Located = { schema: Schema; file: string };

/** The schema and all that it refers to. */
function referred({ schema, file }: Located): Located[] {
  if (schema?.$ref === undefined) return schema ? [{ schema, file }] : [];
  const [name, fragment = ""] = schema.$ref.split("#");
  const target = fragment.split("/").slice(1).reduce(
    (node: Schema, key: string) => node[key],
    schemas[name || file] as Schema,
  );
  return [{ schema, file }, ...referred({ schema: target, file: name || file })];
}

/**
 * The properties that no description tells of, by pointer. A property may be described where it
 * stands, behind its `$ref`, or where its owner defines it: a rule that only narrows it need not
 * repeat that.
 */
function undescribed(file: string, root: Schema): string[] {
  const found: string[] = [];
  for (const { schema, keys, owner, path } of places(root)) {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (property === true) continue; // It says nothing: `required` names what another place describes.
      const definitions = [...path, key].reduce(
        (nodes, step) =>
          nodes.flatMap(({ schema, file }) =>
            [schema.properties?.[step], schema.prefixItems?.[step]]
              .flatMap((schema) => referred({ schema, file }))
          ),
        referred({ schema: owner, file }),
      );
      const all = [...referred({ schema: property as Schema, file }), ...definitions];
      if (!all.some(({ schema }) => schema.description)) {
        found.push(`${file}#${pointer([...keys, "properties", key])}`);
      }
    }
  }
  return found;
}

// --- What the vectors would notice --------------------------------------------------------------

/** One change of one keyword of one schema file. */
interface Mutant {
  /** The file and the JSON pointer of what is removed; of a number also what is added to it. */
  name: string;
  file: string;
  /** Whether only a verdict counts. In an `if`, it is enough that other fields are blamed. */
  strict: boolean;
  schema: Schema;
}

function* mutants(file: string, root: Schema): Generator<Mutant> {
  for (const { schema, keys, selects } of places(root)) {
    /** The file with another `keyword` here; undefined removes it. */
    const mutant = (keyword: string, value: unknown, ...detail: string[]): Mutant => {
      const mutated = structuredClone(root);
      const node = keys.reduce((node, key) => node[key], mutated);
      if (value === undefined) delete node[keyword];
      else node[keyword] = value;
      const name = `${file}#${pointer([...keys, keyword, ...detail])}`;
      return { name, file, strict: !selects, schema: mutated };
    };
    for (const [keyword, value] of Object.entries(schema)) {
      if (annotations.includes(keyword) || keyword === "$defs") continue;
      // A property that is `true` refuses nothing: it names what `required` beside it asks for.
      if (keyword === "properties" && Object.values(value).every((held) => held === true)) continue;
      yield mutant(keyword, undefined);
      if (typeof value === "number") {
        for (const step of [1, -1]) yield mutant(keyword, value + step, `${step}`);
      } else if (keyword === "prefixItems") {
        for (const [index, item] of value.entries()) {
          if (item !== true) yield mutant(keyword, value.with(index, true), `${index}`);
        }
      } else if (Array.isArray(value) && value.length > 1) {
        for (const index of value.keys()) {
          yield mutant(keyword, value.filter((_, other) => other !== index), `${index}`);
        }
      } else if (keyword === "properties") {
        for (const key of Object.keys(value)) {
          const { [key]: held, ...others } = value;
          if (held === true) continue;
          yield mutant(keyword, others, key);
        }
      }
    }
  }
}

/**
 * Changes that no document can tell from the schema as it is, each with its proof. A change that a
 * vector does notice may not stand here.
 */
const equivalent: Record<string, string> = {
  "execution-result.schema.json#/properties/facts/items":
    "`maxItems` leaves no fourth fact to judge. Validators of older drafts ignore `prefixItems`, and read `items` only.",
  "execution-result.schema.json#/properties/facts/items/$ref": "The same.",
};

/**
 * The one rule that exempts: whatever ajv's strict mode asks for beside what a schema says (a `type`,
 * the length of a tuple) may repeat what another place says.
 */
function isAskedFor({ file, schema }: Mutant): boolean {
  return strictly({ ...schemas, [file]: schema })?.startsWith("strict mode: ") ?? false;
}

test("what no vector misses is exempt only where ajv's strict mode asks for it", () => {
  const rule = (change: (schema: Schema) => unknown): boolean => {
    const schema = structuredClone(schemas["execution-result.schema.json"]!);
    change(schema);
    return isAskedFor({
      name: "seeded",
      file: "execution-result.schema.json",
      strict: true,
      schema,
    });
  };
  const third = (schema: Schema) => schema.allOf[0].then.properties.facts;
  assert(rule((schema) => delete third(schema).type));
  assert(rule((schema) => delete third(schema).minItems));
  assert(!rule((schema) => delete third(schema).prefixItems[2].properties.type.const));
  assert(
    !rule((schema) => delete schema.allOf[0].then.properties.trace.properties.settlement.const),
  );
  assert(!rule((schema) => schema.required.pop()));
});

test("a length that several places repeat is missed where all of them lose it", () => {
  for (const keyword of ["minItems", "maxItems"]) {
    const file = "execution-result.schema.json";
    const schema = structuredClone(schemas[file]!);
    for (const { then } of schema.allOf) delete then.properties.facts[keyword];
    delete schema.properties.facts[keyword];
    assert(isNoticed({ name: keyword, file, strict: true, schema }), keyword);
  }
});

/** The contracts that a schema file is part of, its own first. */
function reached(file: string): string[] {
  const uses = (contract: string): boolean =>
    fileOf(contract) === file || refersTo(fileOf(contract), file);
  return contracts.filter(uses)
    .sort((a, b) => Number(fileOf(b) === file) - Number(fileOf(a) === file));
}

function refersTo(from: string, to: string): boolean {
  return [...places(schemas[from] as Schema)]
    .map(({ schema }) => schema.$ref?.split("#")[0])
    .some((name) => name && (name === to || refersTo(name, to)));
}

/** Whether a vector gets another verdict or, of a selector, blames other fields than its own. */
function isNoticed({ file, strict, schema }: Mutant): boolean {
  return reached(file).some((contract) => {
    const validate = validator(contract, { [file]: schema });
    return vectorsOf[contract]!.some(({ name, document, valid }) => {
      const paths = errorPaths(validate, document);
      return (paths === "") !== valid || !strict && !valid && paths !== wrongField(name);
    });
  });
}

for (const [file, root] of Object.entries(schemas)) {
  // Bun would end it after 5 seconds, which a busy machine may need.
  test(`${file}: a vector notices the loss of any constraint`, { timeout: 60_000 }, () => {
    const all = [...mutants(file, root)];
    assert(all.length > 0, "nothing to remove");
    const survivors = all.filter((mutant) => !isNoticed(mutant) && !isAskedFor(mutant)).map((
      { name },
    ) => name).sort();
    const known = Object.keys(equivalent).filter((name) => name.startsWith(`${file}#`)).sort();
    assertEquals(
      survivors,
      known,
      [
        "no vector notices:",
        ...survivors.filter((name) => !known.includes(name)),
        "noticed, or gone, and no longer equivalent:",
        ...known.filter((name) => !survivors.includes(name)),
      ].join("\n"),
    );
  });
}
