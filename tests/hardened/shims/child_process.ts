/** Nothing is spawned from here: the test that would is left out. */
export function spawnSync(): never {
  throw new Error("cannot spawn: this is no place for processes");
}
