/**
 * The command of the package, run as a process without a terminal.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as Path from "node:path"

/** What makes Node send itself a signal when it begins to load a file, by the end of its name: for `NODE_OPTIONS`. */
export const signalWhileLoading = (signal: NodeJS.Signals, file: string): string => {
  const source = `import{registerHooks}from"node:module";registerHooks({load(url,context,next){` +
    `if(url.endsWith(${JSON.stringify(file)}))process.kill(process.pid,${JSON.stringify(signal)});` +
    `return next(url,context)}})`
  return `--import=data:text/javascript;base64,${Buffer.from(source).toString("base64")}`
}

export const commandFile = Path.join(import.meta.dirname, "../../src/cli/main.ts")

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Called with the process once it has been started. */
  readonly onStart?: ((child: ChildProcess) => void) | undefined
  /** Called with what has been printed so far. */
  readonly onOutput?: ((text: string, child: ChildProcess) => void) | undefined
}

/** Runs the command, and waits for its end. */
export const runCommand = (args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [commandFile, ...args], {
      env: { PATH: process.env["PATH"] ?? "", ...options.env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    options.onStart?.(child)
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      options.onOutput?.(stdout, child)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text))
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  })
