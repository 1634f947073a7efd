/**
 * The folder ledger on a file system that is simulated: the power is lost at each step, calls fail,
 * and two processes meet. `npm run explore` does the same to the end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type Content,
  DISK,
  type Files,
  type Look,
  type NewFile,
} from "../ledgers/folder/files.ts";
import { Disk } from "./explore/disk.ts";
import { CARELESS, CODES, failOnce } from "./explore/faults.ts";
import { interleave, MEETINGS } from "./explore/interleavings.ts";
import { losePower } from "./explore/power.ts";
import { STORIES } from "./explore/stories.ts";

// `bun test` without arguments ends a test after 5 seconds.
const LONG = { timeout: 120_000 };

const root = mkdtempSync(join(tmpdir(), "explore-"));
after(() => rmSync(root, { recursive: true }));

for (const [what, story] of Object.entries(STORIES)) {
  test(`the power may be lost at any step of ${what}`, LONG, async () => {
    const { states, broken } = await losePower(story, 32);
    assertEquals(broken, undefined);
    assert(states > 50, `${states} states`);
  });

  test(`any call may fail once in ${what}`, LONG, async () => {
    for (const code of CODES) {
      const { states, broken } = await failOnce(story, code);
      assertEquals(broken, undefined);
      assert(states > 30, `${states} calls`);
    }
  });
}

for (const [what, meeting] of Object.entries(MEETINGS)) {
  test(`two processes may meet anywhere: ${what}`, LONG, async () => {
    const { states, broken } = await interleave(meeting, { switches: 2, step: 5, kills: false });
    assertEquals(broken, undefined);
    assert(states > 50, `${states} schedules`);
    const killed = await interleave(meeting, { switches: 0, kills: true });
    assertEquals(killed.broken, undefined);
  });
}

for (const [fault, spoil] of Object.entries(CARELESS)) {
  test(`a ledger that ${fault} is found out`, LONG, async () => {
    for (const meeting of Object.values(MEETINGS)) {
      if ((await interleave(meeting, { switches: 1, step: 3 }, spoil)).broken) return;
    }
    for (const story of Object.values(STORIES)) {
      const { broken } = await losePower(story, 32, spoil).catch((broken) => ({ broken }));
      if (broken) return;
    }
    assert(false, "nothing was found");
  });
}

/** Calls, one after the other, and what each comes to. */
const CALLS: [name: keyof Files, ...paths: string[]][] = [
  ["makeFolder", "a"],
  ["makeFolder", "a"],
  ["makeFolder", "none/b"],
  ["create", "a/x", "text"],
  ["create", "a/x", "again"],
  ["create", "none/x", "text"],
  ["link", "a/x", "a/y"],
  ["link", "a/x", "a/y"],
  ["link", "a/none", "a/z"],
  ["link", "a/x", "none/z"],
  ["rename", "a/x", "a/y"],
  ["list", "a"],
  ["rename", "a/none", "a/z"],
  ["rename", "a/x", "z"],
  ["list", "a"],
  ["read", "a/y"],
  ["read", "z"],
  ["read", "a/x"],
  ["read", "a/y/b"],
  ["look", "a"],
  ["look", "a/y"],
  ["look", "a/x"],
  ["flush", "a"],
  ["flush", "none"],
  ["unlink", "a/x"],
  ["makeFolder", "b"],
  ["rename", "b", "a"],
  ["unlink", "a/y"],
  ["rename", "b", "a"],
  ["list", "b"],
  ["list", "a"],
  ["makeFolders", "c/d"],
  ["makeFolders", "c/d"],
  ["removeFolder", "c"],
  ["removeFolder", "c"],
  ["list", "c"],
];

test("the file system that is simulated answers each call as this machine's does", async () => {
  const simulated = new Disk();
  await simulated.makeFolders(root);
  for (const [name, ...given] of CALLS) {
    const ends = await Promise.all([DISK, simulated].map(async (files) => {
      const call = files[name].bind(files) as (...given: string[]) => Promise<unknown>;
      const [first = "", second] = given;
      const paths = name === "create"
        ? [join(root, first), second]
        : given.map((one) => join(root, one));
      return await call(...paths as string[]).then(
        async (value) => ({ name, given, value: await plain(value) }),
        ({ code }) => ({ name, given, code }),
      );
    }));
    assertEquals(ends[1], ends[0]);
  }
});

/** What is the same on every disk; a new file is closed. */
async function plain(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return [...value].sort();
  const { bytes, kind, close } = (value ?? {}) as Partial<Content & Look & NewFile>;
  await close?.();
  return bytes ? new TextDecoder().decode(bytes) : kind;
}
