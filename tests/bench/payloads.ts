/**
 * What the benchmarks carry: clean JSON as deployments know it, of about a given size.
 *
 * @module
 */

/**
 * One host of a release: 14 values in about 340 bytes, 24 bytes of JSON a value. Real documents have
 * 19 (AWS endpoints) to 33 (a CycloneDX bill of materials); this project's package-lock.json has 27.
 */
function host(i: number): object {
  const digits = String(i).padStart(6, "0");
  return {
    id: 1_000_000 + i,
    name: `web-${digits}.eu-west.example.org`,
    health: `https://web-${digits}.eu-west.example.org:8443/healthz?probe=deep`,
    ready: i % 7 !== 0,
    weight: (i % 100) / 100,
    artifact: {
      image: `registry.example.org/shop/front:${digits}`,
      digest: `sha256:${(2_654_435_761 * (i + 1)).toString(16).padStart(64, "0")}`,
    },
    tags: ["blue", `zone-${i % 3}`],
  };
}

/** Clean JSON of about `bytes` bytes, made anew: no two payloads share an object. */
export function payload(bytes: number): object {
  if (bytes < 50) return { current: "r42" };
  if (bytes <= 200) {
    return {
      release: "r42",
      slot: "green",
      digest: "sha256:9f86d081884c7d659a2feaa0c55ad015",
      retries: 0,
      keep: 5,
    };
  }
  const hosts: object[] = [];
  for (let i = 0, size = 28; size < bytes; i++) {
    const next = host(i);
    size += JSON.stringify(next).length + 1;
    hosts.push(next);
  }
  return { release: "r42", hosts };
}

/** An error as a driver throws it: three causes deep, with a code and a property of its own. */
export function errorWithThreeCauses(): Error {
  const errno = Object.assign(new Error("connect ECONNREFUSED 10.0.0.7:5432"), {
    code: "ECONNREFUSED",
    port: 5432,
  });
  const pool = new Error("no connection left in the pool", { cause: errno });
  const migration = new Error("migration 42 failed", { cause: pool });
  return Object.assign(
    new Error("release r42 was not switched", { cause: migration }),
    { step: "switch" },
  );
}
