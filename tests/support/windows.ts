import process from "node:process";

/** What something does where the platform says that it is Windows. */
export async function onWindows<T>(work: () => T | Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
  Object.defineProperty(process, "platform", { value: "win32", configurable: true });
  try {
    return await work();
  } finally {
    Object.defineProperty(process, "platform", own);
  }
}
