/**
 * Follows docs/getting-started.md as a newcomer does, in an empty folder: saves its files, runs its commands in the order
 * of the page, and compares what it promises to show with what is shown. Only the package's name in `npm install` is
 * replaced, by the packed tarball of the build in dist/. It needs npm, redis-server, redis-cli and tmux.
 *
 * In the page, a block whose first line is a comment with a file name is a file to save; ```sh is a command for the first
 * terminal, and ```sh terminal=2 for the second one; ```sh docker is an alternative that does not run here; ```text is
 * what one sees, of the command before it or of a terminal. Where it says "Press Ctrl-C", the script does.
 */
import { execFileSync, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { setTimeout } from "node:timers/promises"

const root = Path.join(import.meta.dirname, "..")
const page = "docs/getting-started.md"

interface Block {
  readonly line: number
  readonly kind: string
  readonly terminal: number
  /** The file to save it as, if it is one. */
  readonly file: string | undefined
  readonly text: string
}

const parse = (markdown: string): ReadonlyArray<Block> =>
  Array.from(
    markdown.matchAll(/^```([a-z]+)(?: ([a-z]+)(?:=(\d+))?)?\n([\s\S]*?)^```$|^.*\bPress Ctrl-C\b/gm),
    ({ 1: language, 2: word, 3: number, 4: text, index }) => ({
      line: markdown.slice(0, index).split("\n").length,
      kind: language === undefined ? "Ctrl-C" : word === "docker" ? word : language,
      terminal: Number(number ?? 1),
      file: /^(?:\/\/|#) ([\w.-]+)\n/.exec(text ?? "")?.[1],
      text: text ?? ""
    })
  )

/**
 * Numbers other than 0 may be others, but an epoch is at least as high; so may the width of what is between words, and
 * what `…` stands for.
 */
const patternOf = (line: string): RegExp =>
  new RegExp(
    line.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\d+/g, (digits) => digits === "0" ? "0" : "\\d+")
      .replaceAll(/epoch \\d\+/g, "epoch (\\d+)").replaceAll(/\s+/g, "\\s+").replaceAll("…", ".*")
  )

const isShown = (line: string, expected: string): boolean => {
  const epoch = Number(/epoch (\d+)/.exec(expected)?.[1] ?? 0)
  const found = patternOf(expected).exec(line)
  return found !== null && (found[1] === undefined || Number(found[1]) >= epoch)
}

/** The first line that is not shown; lines in between do not matter. */
const missingLine = (shown: string, expected: string): string | undefined => {
  const lines = shown.split("\n")
  let at = 0
  for (const line of expected.split("\n").filter((line) => line.trim() !== "")) {
    while (at < lines.length && !isShown(lines[at]!, line)) at++
    if (at++ >= lines.length) return line
  }
  return undefined
}

/** The lines that were not there before. */
const news = (screen: string, before: ReadonlySet<string> | undefined): string =>
  screen.split("\n").filter((line) => before?.has(line) !== true).join("\n")

class Failed extends Error {}

const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "getting-started-"))
const app = Path.join(folder, "app")
const socket = Path.join(folder, "tmux")
const tmux = (...args: ReadonlyArray<string>): string =>
  execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], { cwd: app, encoding: "utf8" })

const screenOf = (terminal: number): string => tmux("capture-pane", "-p", "-J", "-t", `t${terminal}`)

const eventually = async (what: () => string | undefined, message: (problem: string) => string): Promise<void> => {
  const end = Date.now() + 60_000
  for (let problem = what(); problem !== undefined; problem = what()) {
    if (Date.now() > end) throw new Failed(message(problem))
    await setTimeout(100)
  }
}

const pack = (): string => {
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  const report = JSON.parse(packed.slice(packed.search(/^[[{]/m)))
  return Path.join(folder, (Array.isArray(report) ? report[0] : Object.values(report)[0]).filename)
}

// The programs of the page run on the Node that runs this; `npm` of the project is not in the way.
const env: Record<string, string | undefined> = {
  ...process.env,
  PATH: [Path.dirname(process.execPath), ...process.env["PATH"]!.split(":").filter((path) => !path.startsWith(root))]
    .join(":"),
  npm_config_fund: "false",
  npm_config_audit: "false",
  npm_config_update_notifier: "false"
}

const run = async (blocks: ReadonlyArray<Block>, tarball: string): Promise<void> => {
  let shown = ""
  const terminals = new Set<number>()
  /** What the other terminals showed before the last command: what they show from then on is what it led to. */
  let before = new Map<number, ReadonlySet<string>>()
  for (const { file, kind, line, terminal, text } of blocks) {
    const where = `${page}:${line}`
    if (file !== undefined) {
      Fs.writeFileSync(Path.join(app, file), text)
      continue
    }
    if (kind === "sh" && terminal === 1) {
      before = new Map(Array.from(terminals, (other) => [other, new Set(screenOf(other).split("\n"))]))
      const command = text.replace(/^(npm install .*)\beffect-redis-sentinel\b/m, `$1${tarball}`)
      const start = Date.now()
      const { status, stderr, stdout } = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
        cwd: app,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 300_000
      })
      shown = stdout
      console.log(`${where}: ${text.trim().split("\n")[0]} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
      if (status !== 0) throw new Failed(`${where}: exit code ${status}\n${stdout}${stderr}`)
    } else if (kind === "sh") {
      const geometry = ["-x", "120", "-y", "40"]
      const shell = ["env", `PATH=${env["PATH"]}`, "PS1=ready> ", "bash", "--norc", "--noprofile"]
      tmux("new-session", "-d", "-s", `t${terminal}`, ...geometry, ...shell)
      terminals.add(terminal)
      tmux("send-keys", "-t", `t${terminal}`, text.trim().replaceAll(/\\\n\s*/g, ""), "Enter")
      console.log(`${where}: terminal ${terminal}: ${text.trim().split("\n")[0]}`)
    } else if (kind === "text" && terminal === 1) {
      const line = missingLine(shown, text)
      if (line !== undefined) throw new Failed(`${where}: not shown: ${line}\nShown:\n${shown}`)
    } else if (kind === "text") {
      await eventually(
        () => missingLine(news(screenOf(terminal), before.get(terminal)), text),
        (line) => `${where}: terminal ${terminal} does not show: ${line}\nIt shows:\n${screenOf(terminal)}`
      )
      console.log(`${where}: terminal ${terminal} shows it`)
    } else if (kind === "Ctrl-C") {
      for (const other of terminals) {
        tmux("send-keys", "-t", `t${other}`, "C-c")
        await eventually(
          () => /ready> *$/.test(screenOf(other).trimEnd()) ? undefined : "no prompt",
          () => `${where}: Ctrl-C does not end the program of terminal ${other}:\n${screenOf(other)}`
        )
        console.log(`${where}: Ctrl-C ends the program of terminal ${other}`)
      }
    }
  }
}

/** Ends the processes that the page has started, should it not come to its end. */
const cleanUp = (): void => {
  spawnSync("tmux", ["-S", socket, "kill-server"], { stdio: "ignore" })
  for (const file of Fs.globSync(Path.join(app, "servers/*.pid"))) {
    try {
      process.kill(Number(Fs.readFileSync(file, "utf8")), "SIGKILL")
    } catch {
      // It has ended.
    }
  }
  Fs.rmSync(folder, { recursive: true, force: true })
}

const missing = ["redis-server", "redis-cli", "tmux", "npm"].filter((name) =>
  spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status !== 0
)
if (missing.length > 0) {
  console.error(`The page needs ${missing.join(", ")}. On Debian: apt-get install redis-server redis-tools tmux`)
  process.exit(1)
}

const start = Date.now()
try {
  Fs.mkdirSync(app)
  const blocks = parse(Fs.readFileSync(Path.join(root, page), "utf8"))
  await run(blocks, pack())
  console.log(`${page}: ${blocks.length} blocks, as they stand, in ${Math.round((Date.now() - start) / 1000)} s`)
} catch (error) {
  if (!(error instanceof Failed)) throw error
  console.error(error.message)
  process.exitCode = 1
} finally {
  cleanUp()
}
