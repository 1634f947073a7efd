/** The power is lost before each step of a story, in each way in which that may leave the disk. */
import { type Choose, Disk } from "./disk.ts";
import { brokenIn, type Story, Told } from "./stories.ts";

/** What an exploration has met: how many states, and the first that is broken. */
export interface Met {
  readonly states: number;
  readonly broken: string | undefined;
}

/**
 * Loses the power before each step.
 *
 * @param most How many states of one step are looked at; of more, a sample by a seed
 * @param spoil Puts a fault into the calls
 */
export async function losePower(
  story: Story,
  most: number,
  spoil: (disk: Disk) => void = () => {},
): Promise<Met> {
  const disk = new Disk();
  const told = new Told();
  await story.begin?.(disk, told);
  disk.settle();
  const states = new Map<string, { disk: Disk; told: Told; step: number }>();
  let steps = 0;
  disk.onStep = () => {
    steps += 1;
    const known = told.copy();
    for (const choose of choices(disk.ways(), most, steps)) {
      const after = disk.afterPowerLoss(choose);
      const key = `${JSON.stringify(known)}\n${after}`;
      if (!states.has(key)) states.set(key, { disk: after, told: known, step: steps });
    }
  };
  spoil(disk);
  await story.tell(disk, told);
  disk.onStep(); // After the last one.
  disk.onStep = () => {};
  for (const { disk, told, step } of states.values()) {
    const before = disk.names().join("\n");
    const broken = await brokenIn(disk, told, story.orders);
    if (broken) return { states: states.size, broken: `step ${step}: ${broken}\n${before}` };
  }
  return { states: states.size, broken: undefined };
}

/** All ways, or as many of them as are wanted: nothing lost, all lost, and some in between. */
function* choices(ways: number, most: number, seed: number): Generator<Choose> {
  if (ways <= most) {
    for (let way = 0; way < ways; way += 1) {
      let left = way;
      yield (of) => {
        const choice = left % of;
        left = Math.floor(left / of);
        return choice;
      };
    }
    return;
  }
  yield () => 0;
  yield (of) => of - 1;
  const random = randomOf(seed);
  for (let i = 2; i < most; i += 1) yield (of) => Math.floor(random() * of);
}

/** Numbers from 0 to 1 that are the same for the same seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
