/**
 * A headless Chromium in a Scope, driven by its DevTools protocol: opens a page, evaluates expressions in it, takes
 * screenshots, and tells what the page asked the network for and which errors it had. It has a profile of its own, which
 * is removed with the Scope, and reaches nothing beyond this machine.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import { temporaryDirectory } from "./processes.ts"

/** The names under which systems have it. `ERS_CHROMIUM` chooses a program by its path. */
const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]

/** The path of the program, or undefined. scripts/test.mjs installs it on Debian. */
export const chromiumProgram = (): string | undefined => {
  const chosen = process.env["ERS_CHROMIUM"] ?? ""
  if (chosen !== "") return chosen
  const folders = (process.env["PATH"] ?? "").split(Path.delimiter)
  return names.flatMap((name) => folders.map((folder) => Path.join(folder, name))).find((file) => Fs.existsSync(file))
}

export interface View {
  /** The size of the window, in CSS pixels. Default 1200 by 900. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** What `prefers-color-scheme` is. Default light. */
  readonly theme?: "light" | "dark" | undefined
}

export interface Tab {
  /** The value of an expression; of a promise its result. It must be JSON. Fails the test if it throws. */
  readonly evaluate: <A = unknown>(expression: string) => Effect.Effect<A>
  /** Calls a function in the page with JSON arguments. The function may use nothing from outside of it. */
  readonly call: <Args extends ReadonlyArray<unknown>, A>(
    f: (...args: Args) => A,
    ...args: Args
  ) => Effect.Effect<Awaited<A>>
  /** A PNG of the whole page, also of what is below the window; written to `file` if one is given. */
  readonly screenshot: (file?: string) => Effect.Effect<Buffer>
  readonly resize: (view: View) => Effect.Effect<void>
  /** The addresses of everything the page has asked for so far, without itself and without `data:`. */
  readonly requests: ReadonlyArray<string>
  /** Exceptions, and what was logged as an error, so far. */
  readonly errors: ReadonlyArray<string>
}

export interface Browser {
  /** Opens a page in a tab of its own, once it has loaded: an address, or a file by its path. */
  readonly open: (address: string, view?: View) => Effect.Effect<Tab, never, Scope.Scope>
  /** Opens a page from its HTML or SVG. */
  readonly show: (text: string, view?: View) => Effect.Effect<Tab, never, Scope.Scope>
  /** The id of its process. */
  readonly pid: number
}

const flags = [
  "--headless=new",
  "--remote-debugging-port=0",
  // It shows pages of this repository only; without a sandbox it also runs as root and in containers.
  "--no-sandbox",
  "--no-zygote",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-breakpad",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
  "--hide-scrollbars",
  "--force-color-profile=srgb",
  // What is not on this machine has no address.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
]

type Json = any

/** One WebSocket to the browser for all tabs. */
const protocol = (url: string) =>
  Effect.gen(function*() {
    const socket = yield* Effect.acquireRelease(
      Effect.callback<WebSocket>((resume) => {
        const socket = new WebSocket(url)
        socket.addEventListener("open", () => resume(Effect.succeed(socket)), { once: true })
        socket.addEventListener("error", () => resume(Effect.die(new Error(`no connection to ${url}`))), { once: true })
      }),
      (socket) => Effect.sync(() => socket.close())
    )
    let last = 0
    const waiting = new Map<number, (answer: Json) => void>()
    const listeners = new Map<string, (method: string, params: Json) => void>()
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data))
      if (message.id === undefined) return listeners.get(message.sessionId)?.(message.method, message.params)
      waiting.get(message.id)?.(message)
      waiting.delete(message.id)
    })
    socket.addEventListener("close", () => {
      for (const end of waiting.values()) end({ error: { message: "the browser has gone" } })
      waiting.clear()
    })
    const send = (method: string, params: Json = {}, sessionId?: string): Effect.Effect<Json> =>
      Effect.callback<Json>((resume) => {
        const id = ++last
        waiting.set(id, ({ error, result }) =>
          resume(error === undefined ? Effect.succeed(result) : Effect.die(new Error(`${method}: ${error.message}`))))
        socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }))
      }).pipe(
        Effect.timeoutOrElse({
          duration: "60 seconds",
          orElse: () =>
            Effect.die(new Error(`${method}: no answer within a minute`))
        })
      )
    return { send, listeners }
  })

const asUrl = (address: string): string =>
  /^[a-z]+:/.test(address) ? address : pathToFileURL(Path.resolve(address)).href

/** Starts it. It ends with the Scope, with all of its processes. */
export const chromium: Effect.Effect<Browser, never, Scope.Scope> = Effect.gen(function*() {
  const program = chromiumProgram()
  if (program === undefined) return yield* Effect.die(new Error("there is no Chromium: apt-get install chromium"))
  const profile = yield* temporaryDirectory
  const { pid } = yield* ChildProcess.make(program, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    killSignal: "SIGKILL"
  }).pipe(Effect.provide(NodeServices.layer), Effect.orDie)
  const lines = yield* Effect.try(() => {
    const lines = Fs.readFileSync(Path.join(profile, "DevToolsActivePort"), "utf8").split("\n")
    if (lines.length < 2 || lines[1] === "") throw new Error("Chromium has not begun to listen")
    return lines
  }).pipe(
    Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "60 seconds" }))),
    Effect.orDie
  )
  const { listeners, send } = yield* protocol(`ws://127.0.0.1:${lines[0]}${lines[1]}`)

  const open = (address: string, view: View = {}): Effect.Effect<Tab, never, Scope.Scope> =>
    Effect.gen(function*() {
      const { targetId } = yield* Effect.acquireRelease(
        send("Target.createTarget", { url: "about:blank" }),
        ({ targetId }) => Effect.ignoreCause(send("Target.closeTarget", { targetId }))
      )
      const { sessionId } = yield* send("Target.attachToTarget", { targetId, flatten: true })
      const ask = (method: string, params?: Json) => send(method, params, sessionId)
      const url = asUrl(address)
      const requests: Array<string> = []
      const errors: Array<string> = []
      const loaded = yield* Deferred.make<void>()
      listeners.set(sessionId, (method, params) => {
        if (method === "Network.requestWillBeSent") {
          const asked = String(params.request.url)
          if (asked !== url && !asked.startsWith("data:")) requests.push(asked)
        } else if (method === "Runtime.exceptionThrown") {
          errors.push(String(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text))
        } else if (method === "Log.entryAdded" && params.entry.level === "error") {
          errors.push(`${params.entry.text} ${params.entry.url ?? ""}`)
        } else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
          errors.push(params.args.map((arg: Json) => String(arg.value ?? arg.description)).join(" "))
        } else if (method === "Page.loadEventFired") Deferred.doneUnsafe(loaded, Effect.void)
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => void listeners.delete(sessionId)))
      let last: View = {}
      const resize = (changed: View) => {
        last = { ...last, ...changed }
        return Effect.andThen(
          ask("Emulation.setDeviceMetricsOverride", {
            width: last.width ?? 1200,
            height: last.height ?? 900,
            deviceScaleFactor: 1,
            mobile: false
          }),
          ask("Emulation.setEmulatedMedia", {
            features: [{ name: "prefers-color-scheme", value: last.theme ?? "light" }]
          })
        )
      }
      for (const domain of ["Page", "Network", "Runtime", "Log"]) yield* ask(`${domain}.enable`)
      yield* resize(view)
      const { errorText } = yield* ask("Page.navigate", { url })
      if (errorText !== undefined) return yield* Effect.die(new Error(`${url}: ${errorText}`))
      yield* Deferred.await(loaded)

      const evaluate = <A>(expression: string): Effect.Effect<A> =>
        Effect.flatMap(
          ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }),
          ({ exceptionDetails, result }) =>
            exceptionDetails === undefined
              ? Effect.succeed(result.value as A)
              : Effect.die(new Error(exceptionDetails.exception?.description ?? exceptionDetails.text))
        )
      return {
        evaluate,
        call: (f, ...args) => evaluate(`(${String(f)})(${args.map((arg) => JSON.stringify(arg)).join(", ")})`),
        screenshot: (file) =>
          Effect.gen(function*() {
            const { cssContentSize } = yield* ask("Page.getLayoutMetrics")
            const { data } = yield* ask("Page.captureScreenshot", {
              captureBeyondViewport: true,
              clip: {
                x: 0,
                y: 0,
                width: cssContentSize.width,
                height: Math.min(cssContentSize.height, 16_000),
                scale: 1
              }
            })
            const image = Buffer.from(data, "base64")
            if (file !== undefined) Fs.writeFileSync(file, image)
            return image
          }),
        resize: (view) => Effect.asVoid(resize(view)),
        requests,
        errors
      } satisfies Tab
    })

  return {
    open,
    show: (text, view) =>
      Effect.flatMap(temporaryDirectory, (folder) => {
        const file = Path.join(folder, text.trimStart().startsWith("<svg") ? "picture.svg" : "page.html")
        Fs.writeFileSync(file, text)
        return open(file, view)
      }),
    pid
  }
})
