/** A real terminal, by tmux: keys in, and the screen as a person sees it, as text. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";

/** A terminal that runs a shell. */
export class Terminal {
  readonly #socket = `deployer-${randomUUID()}`;

  /** @param env Variables beside those of this process; without a prompt it would be the system's */
  constructor(
    { columns = 80, lines = 40, shell = "bash --norc --noprofile", cwd = ".", env = {} }: {
      columns?: number;
      lines?: number;
      shell?: string;
      cwd?: string;
      env?: Record<string, string>;
    },
  ) {
    const size = ["-x", `${columns}`, "-y", `${lines}`];
    // Not by tmux's own -e: the shell that it starts this one with may set them anew.
    const variables = Object.entries({ PS1: "$ ", HISTFILE: "", ...env })
      .map(([name, value]) => `'${name}=${value}'`).join(" ");
    const command = `exec env ${variables} ${shell}`;
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, command);
  }

  /** Types keys, as tmux names them: `C-c`, `Tab`, `Enter`. */
  press(...keys: string[]): void {
    this.#tmux("send-keys", ...keys);
  }

  /** Types text, as it is. */
  type(text: string): void {
    this.#tmux("send-keys", "-l", text);
  }

  /** What is on the screen now, from its first line to its last that is not empty. */
  screen(): string {
    return this.#tmux("capture-pane", "-p").trimEnd();
  }

  /** The same; what the terminal itself broke into lines is one again. */
  text(): string {
    return this.#tmux("capture-pane", "-p", "-J").replace(/ +$/gm, "").trimEnd();
  }

  /** The same with the colours that it has. */
  colours(): string {
    return this.#tmux("capture-pane", "-p", "-e").trimEnd();
  }

  /** The screen, once it is as wanted; at the end of patience as it is then. */
  async shows(wanted: RegExp, patience = 20_000): Promise<string> {
    for (const end = Date.now() + patience; Date.now() < end;) {
      const screen = this.screen();
      if (wanted.test(screen)) return screen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.screen();
  }

  /** The program in it gets a SIGHUP, as when a window is closed. */
  close(): void {
    this.#tmux("kill-server");
  }

  #tmux(...args: string[]): string {
    const { stdout, stderr, error } = spawnSync("tmux", ["-L", this.#socket, ...args], {
      encoding: "utf8",
    });
    if (error) throw error;
    if (stderr !== "" && args[0] !== "kill-server") throw new Error(`tmux ${args}: ${stderr}`);
    return stdout;
  }
}
