/**
 * Clients of two language servers, as editors run them: TypeScript 7's, which speaks the
 * Language Server Protocol, and tsserver of TypeScript 5.9.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"

const modules = Path.join(import.meta.dirname, "../../node_modules")

/** A position in a file; line and column count from 0. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What an editor asks about an open file. */
export interface LanguageServer {
  readonly name: string
  readonly open: (file: string, text: string) => void
  /** Replaces the text of a range. */
  readonly edit: (file: string, start: Position, end: Position, text: string) => void
  /** The text of a hover: type and documentation. */
  readonly hover: (file: string, at: Position) => Promise<string>
  /** The files that the links of a hover lead to. */
  readonly links: (file: string, at: Position) => Promise<ReadonlyArray<string>>
  /** The files that a name is defined in. */
  readonly definitions: (file: string, at: Position) => Promise<ReadonlyArray<string>>
  /** The text of the help within the brackets of a call: its documentation. */
  readonly signatureHelp: (file: string, at: Position) => Promise<string>
  /** The names that complete an expression. */
  readonly completions: (file: string, at: Position) => Promise<ReadonlyArray<string>>
  /** The documentation of one of the names that complete an expression. */
  readonly completionText: (file: string, at: Position, name: string) => Promise<string>
  readonly close: () => void
}

/** Reads messages that begin with their length. */
const onMessages = (child: ChildProcessWithoutNullStreams, f: (message: any) => void): void => {
  let buffer: Buffer = Buffer.alloc(0)
  child.stdout.on("data", (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const end = buffer.indexOf("\r\n\r\n")
      if (end === -1) return
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.toString("latin1", 0, end))?.[1])
      if (buffer.length < end + 4 + length) return
      const message = JSON.parse(buffer.toString("utf8", end + 4, end + 4 + length))
      buffer = buffer.subarray(end + 4 + length)
      f(message)
    }
  })
}

/** Requests that wait for their responses, by number. */
const pendings = (child: ChildProcessWithoutNullStreams) => {
  const pending = new Map<number, { readonly resolve: (value: any) => void; readonly reject: (error: Error) => void }>()
  let last = 0
  child.on("exit", (code) => {
    for (const { reject } of pending.values()) reject(new Error(`the language server ended with ${code}`))
  })
  return {
    add: (send: (id: number) => void): Promise<any> =>
      new Promise((resolve, reject) => {
        const id = ++last
        pending.set(id, { resolve, reject })
        send(id)
      }),
    settle: (id: number, error: unknown, value: unknown): void => {
      const request = pending.get(id)
      pending.delete(id)
      if (error === undefined) request?.resolve(value)
      else request?.reject(new Error(JSON.stringify(error)))
    }
  }
}

const textOf = (value: any): string =>
  value === undefined || value === null
    ? ""
    : typeof value === "string"
    ? value
    : Array.isArray(value)
    ? value.map(textOf).join("")
    : textOf(value.value ?? value.text)

/** TypeScript 7's: `tsc --lsp --stdio`. */
export const typescript7 = async (root: string): Promise<LanguageServer> => {
  const child = spawn(process.execPath, [Path.join(modules, "typescript/bin/tsc"), "--lsp", "--stdio"], { cwd: root })
  child.stderr.resume()
  const requests = pendings(child)
  const write = (message: object): void => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  onMessages(child, (message) => {
    if (message.method === undefined) requests.settle(message.id, message.error, message.result)
    // The server's own questions, such as for settings: an editor without any answers null.
    else if (message.id !== undefined) {
      const items = message.params?.items
      write({ id: message.id, result: Array.isArray(items) ? items.map(() => null) : null })
    }
  })
  const request = (method: string, params: object): Promise<any> => requests.add((id) => write({ id, method, params }))
  const uri = (file: string): string => pathToFileURL(file).href
  const point = ({ column, line }: Position) => ({ line, character: column })
  const ask = (method: string, file: string, at: Position): Promise<any> =>
    request(`textDocument/${method}`, { textDocument: { uri: uri(file) }, position: point(at) })
  const versions = new Map<string, number>()
  const complete = async (file: string, at: Position): Promise<ReadonlyArray<any>> => {
    const reply = await ask("completion", file, at)
    return Array.isArray(reply) ? reply : reply?.items ?? []
  }
  await request("initialize", {
    processId: process.pid,
    rootUri: uri(root),
    capabilities: {
      textDocument: {
        hover: { contentFormat: ["markdown"] },
        signatureHelp: { signatureInformation: { documentationFormat: ["markdown"] } },
        completion: { completionItem: { documentationFormat: ["markdown"] } }
      }
    }
  })
  write({ method: "initialized", params: {} })
  return {
    name: "TypeScript 7",
    open: (file, text) => {
      versions.set(file, 1)
      write({
        method: "textDocument/didOpen",
        params: { textDocument: { uri: uri(file), languageId: "typescript", version: 1, text } }
      })
    },
    edit: (file, start, end, text) => {
      const version = (versions.get(file) ?? 0) + 1
      versions.set(file, version)
      write({
        method: "textDocument/didChange",
        params: {
          textDocument: { uri: uri(file), version },
          contentChanges: [{ range: { start: point(start), end: point(end) }, text }]
        }
      })
    },
    hover: async (file, at) => textOf((await ask("hover", file, at))?.contents),
    links: async (file, at) =>
      Array.from(
        textOf((await ask("hover", file, at))?.contents).matchAll(/\]\((file:[^)#]+)/g),
        ([, link]) => new URL(link!).pathname
      ),
    definitions: async (file, at) => {
      const reply = await ask("definition", file, at)
      const list = reply === null || reply === undefined ? [] : Array.isArray(reply) ? reply : [reply]
      return list.map((location: any) => new URL(location.uri ?? location.targetUri).pathname)
    },
    signatureHelp: async (file, at) => {
      const reply = await ask("signatureHelp", file, at)
      return textOf(reply?.signatures?.[reply.activeSignature ?? 0]?.documentation)
    },
    completions: async (file, at) => (await complete(file, at)).map((item) => item.label),
    completionText: async (file, at, name) => {
      const item = (await complete(file, at)).find((item) => item.label === name)
      return item === undefined ? "" : textOf((await request("completionItem/resolve", item)).documentation)
    },
    close: () => void child.kill()
  }
}

/** TypeScript 5.9's tsserver. */
export const typescript5 = async (root: string): Promise<LanguageServer> => {
  const child = spawn(
    process.execPath,
    [Path.join(modules, "typescript5/lib/tsserver.js"), "--disableAutomaticTypingAcquisition"],
    { cwd: root }
  )
  child.stderr.resume()
  const requests = pendings(child)
  const write = (seq: number, command: string, args: object): void =>
    void child.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: args })}\n`)
  onMessages(child, (message) => {
    if (message.type !== "response") return
    // What has no answer, such as a hover over nothing, is no success.
    requests.settle(message.request_seq, undefined, message.success ? message.body : undefined)
  })
  let silent = 1_000_000
  const request = (command: string, args: object): Promise<any> => requests.add((seq) => write(seq, command, args))
  const point = ({ column, line }: Position) => ({ line: line + 1, offset: column + 1 })
  write(silent++, "configure", { preferences: { displayPartsForJSDoc: true } })
  return {
    name: "TypeScript 5.9",
    open: (file, text) => write(silent++, "open", { file, fileContent: text, projectRootPath: root }),
    edit: (file, start, end, text) =>
      write(silent++, "updateOpen", {
        changedFiles: [{ fileName: file, textChanges: [{ start: point(start), end: point(end), newText: text }] }]
      }),
    hover: async (file, at) => {
      const reply = await request("quickinfo", { file, ...point(at) })
      return `${textOf(reply?.displayString)}\n${textOf(reply?.documentation)}`
    },
    links: async (file, at) => {
      const reply = await request("quickinfo", { file, ...point(at) })
      const parts = [reply?.documentation, ...(reply?.tags ?? []).map(({ text }: any) => text)]
      return parts.filter(Array.isArray).flat().flatMap(({ target }: any) => target === undefined ? [] : [target.file])
    },
    definitions: async (file, at) =>
      ((await request("definition", { file, ...point(at) })) ?? []).map((location: any) => location.file),
    signatureHelp: async (file, at) => {
      const reply = await request("signatureHelp", { file, ...point(at) })
      return textOf(reply?.items?.[reply.selectedItemIndex ?? 0]?.documentation)
    },
    completions: async (file, at) =>
      ((await request("completionInfo", { file, ...point(at) }))?.entries ?? []).map((entry: any) => entry.name),
    completionText: async (file, at, name) => {
      const reply = await request("completionEntryDetails", { file, ...point(at), entryNames: [name] })
      return textOf(reply?.[0]?.documentation)
    },
    close: () => void child.kill()
  }
}
