/** What `ssh.ts` has the other machine's `sh` do. POSIX, as dash, bash and busybox read it. */

/** One argument of a command line, as `sh` reads it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a program is started with on the other machine. */
export interface RemoteCommand {
  /** The folder that holds what came of it. */
  marker: string;
  program: string;
  args: readonly string[];
  cwd: string | undefined;
  env: Readonly<Record<string, string>>;
  maxOutput: number | undefined;
}

/**
 * The script that runs a command and tells of it, line by line, on stdout: `refused WHY`, or
 * `started`; then `stdout N` and `stderr N`, each with N bytes after it, and `exceeded`; at last
 * `exit CODE [SIGNAL]`. On stdin it takes the names of signals for the command. In front of each
 * line stands a token, which the command cannot know.
 *
 * The command prints into files, so that it goes on, and is recorded to its end, when the
 * connection is lost. The braces make `sh` read all of the script before it does any of it: one
 * that is cut off runs nothing.
 */
export function script(
  { marker, program, args, cwd = ".", env, maxOutput }: RemoteCommand,
  token: string,
): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const values = [token, marker, cwd, String(maxOutput ?? ""), program, ...args];
  return `{\nd_export() { :\n${exports.join("\n")}\n}\n${RUN}\nd_run ${
    values.map(quoted).join(" ")
  }\nexit\n}\n`;
}

/**
 * A script that says what came of a command, whose marker is its argument: `ended CODE [SIGNAL]`,
 * `running PID`, `withdrawn` (it never began, and never will: its place is taken by this look), or
 * `unknown` (it began; there is neither a process nor an exit code). Then the end of its output.
 */
export const LOOK: string = String.raw`cd || exit
umask 077
mkdir -p -- "$(dirname -- "$1")" && mkdir -m 700 -- "$1" 2>/dev/null && : >"$1/withdrawn"
cd -- "$1" || exit
runs() { # A zombie does not: where nobody buries it, it has its number all the same.
  pid=$(cat pid 2>/dev/null) && kill -0 "$pid" 2>/dev/null &&
    ! grep -q ') Z ' "/proc/$pid/stat" 2>/dev/null
}
[ -e exit ] || [ -e withdrawn ] || runs || sleep 1 # It may have ended just now.
if [ -e exit ]; then echo "ended $(cat exit)"
elif [ -e withdrawn ]; then echo withdrawn
elif runs; then echo "running $(cat pid)"
else echo unknown
fi
follows=$(printf '[\200-\277]') # What continues a character: the cut may be inside of one.
for stream in stdout stderr; do
  [ ! -s "$stream" ] || { echo "$stream:"; tail -c 1000 "$stream" | LC_ALL=C sed "1s/^$follows*//"; }
done`;

// Names begin with d_, so that no variable of the command's is one of them.
const RUN = String.raw`d_say() {
  printf '%s %s\n' "$d_token" "$1"
}
d_refuse() {
  d_say "refused $(printf %s "$1" | tr '\n' ' ')"
  exit 0
}
d_ship() { # What a file has more than d_sent bytes, or all of it, where it was begun anew.
  d_size=$(wc -c 2>/dev/null <"$d_marker/$1") || d_size=$d_sent
  [ "$d_size" -ge "$d_sent" ] || d_sent=0
  d_more=$((d_size - d_sent))
  [ "$d_more" -gt 0 ] || return 0
  d_say "$1 $d_more" || return
  # As many as was said, whatever the command takes back meanwhile.
  { tail -c "+$((d_sent + 1))" "$d_marker/$1"; head -c "$d_more" /dev/zero; } 2>/dev/null |
    head -c "$d_more" || return
  d_sent=$((d_size))
  [ -z "$d_limit" ] || [ "$d_size" -le "$d_limit" ] || d_exceeded=1
}
d_follow() { # Until the command, or who waits for it, has ended, and once more.
  d_out=0 d_err=0 d_exceeded= d_last=
  while :; do
    kill -0 "$d_pid" 2>/dev/null && kill -0 "$$" 2>/dev/null || d_last=1
    d_sent=$d_out; d_ship stdout || return; d_out=$d_sent
    d_sent=$d_err; d_ship stderr || return; d_err=$d_sent
    if [ -n "$d_last" ]; then
      [ -z "$d_exceeded" ] || d_say exceeded
      return
    fi
    if [ -n "$d_exceeded" ]; then
      kill -s KILL -- "$d_group$d_pid"
      d_say exceeded
      d_limit= d_exceeded=
    fi
    sleep 0.1 2>/dev/null || sleep 1
  done
}
d_run() {
  d_token=$1 d_marker=$2 d_cwd=$3 d_limit=$4
  shift 4
  exec 3<&0 </dev/null
  # Neither the folder nor what its name is made of is told: the Runner set it.
  (cd -- "$d_cwd") >/dev/null 2>&1 || d_refuse 'the folder that the Runner set cannot be entered'
  d_umask=$(umask)
  umask 077
  d_why=$({ mkdir -p -- "$(dirname -- "$d_marker")" && mkdir -m 700 -- "$d_marker" &&
    : >"$d_marker/stdout"; } 2>&1) || d_refuse "$d_why"
  d_marker=$(cd -- "$d_marker" && pwd)
  d_setsid=$(command -v setsid) && d_group=- || d_group= # Where there is one: with its children.

  trap '' PIPE # Whoever listens may be gone: this goes on.
  (trap - PIPE; umask "$d_umask"; cd -- "$d_cwd" >/dev/null 2>&1 && d_export && exec $d_setsid "$@") \
    >>"$d_marker/stdout" 2>>"$d_marker/stderr" 3<&- &
  d_pid=$!
  echo "$d_pid" >"$d_marker/pid"
  d_say started
  (while read -r d_how; do kill -s "$d_how" -- "$d_group$d_pid"; done) <&3 >/dev/null 2>&1 &
  d_reader=$!
  d_follow &
  d_follower=$!

  wait "$d_pid"
  d_code=$?
  [ "$d_code" -le 128 ] || d_code="$d_code $(kill -l "$d_code" 2>/dev/null)"
  echo "$d_code" >"$d_marker/exit.new" && mv "$d_marker/exit.new" "$d_marker/exit"
  wait "$d_follower"
  kill "$d_reader" 2>/dev/null
  d_say "exit $d_code"
}`;
