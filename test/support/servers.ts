/**
 * The servers that the tests run on: those that scripts/servers.ts unpacks, and which of them a run has chosen. It
 * starts nothing; processes.ts does.
 *
 * Without a choice the tests run `redis-server` and `redis-sentinel` of the machine's PATH. `ERS_SERVER=valkey-9.1`
 * chooses one by its name in `servers`. `ERS_SERVERS_FOLDER` is the folder that they are unpacked to, `.servers` by
 * default.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import * as Path from "node:path"

/** A server that Debian packages. */
export interface ServerSource {
  readonly name: string
  readonly product: "redis" | "valkey"
  /** The beginning of its version. */
  readonly version: string
  /** The suites of Debian that have it. The first with this version is taken. */
  readonly suites: ReadonlyArray<string>
}

/** All servers, the oldest first of each product. */
export const servers: ReadonlyArray<ServerSource> = [
  { name: "redis-7.0", product: "redis", version: "7.0.", suites: ["bookworm"] },
  { name: "redis-8.0", product: "redis", version: "8.0.", suites: ["trixie"] },
  { name: "valkey-8.1", product: "valkey", version: "8.1.", suites: ["trixie"] },
  { name: "valkey-9.1", product: "valkey", version: "9.1.", suites: ["forky", "sid"] }
]

/** Where the servers are unpacked to, each in a folder of its name. */
export const serversFolder: string = Path.resolve(
  process.env["ERS_SERVERS_FOLDER"] ?? Path.join(import.meta.dirname, "../../.servers")
)

/** The programs of a server. */
export interface Programs {
  readonly server: string
  readonly sentinel: string
  readonly cli: string
}

/** The names of a product's programs. */
export const programsOf = (product: ServerSource["product"]): Programs => ({
  server: `${product}-server`,
  sentinel: `${product}-sentinel`,
  cli: `${product}-cli`
})

/** The programs of an unpacked server, by path. They exist once scripts/servers.ts has unpacked it. */
export const unpackedPrograms = ({ name, product }: ServerSource): Programs => {
  const programs = programsOf(product)
  const at = (program: string): string => Path.join(serversFolder, name, "bin", program)
  return { server: at(programs.server), sentinel: at(programs.sentinel), cli: at(programs.cli) }
}

/** The server of a name. Throws for a name that is not one of `servers`. */
export const serverNamed = (name: string): ServerSource => {
  const found = servers.find((server) => server.name === name)
  if (found === undefined) {
    throw new Error(`No server has the name ${name}: choose one of ${servers.map((s) => s.name).join(", ")}.`)
  }
  return found
}

/** The programs of the server that this run has chosen. Throws if it is not unpacked. */
export const chosenPrograms = (): Programs => {
  const name = process.env["ERS_SERVER"] ?? ""
  if (name === "") return programsOf("redis")
  const chosen = unpackedPrograms(serverNamed(name))
  if (!existsSync(chosen.server)) throw new Error(`${name} is not unpacked: run "npm run servers -- ${name}" first.`)
  return chosen
}

/** What a server says of itself. */
export interface ServerVersion {
  readonly product: ServerSource["product"]
  /** Such as `8.0.2`. */
  readonly version: string
  /** The name that it would have among `servers`: the product with the first two numbers of its version. */
  readonly name: string
}

/** What a server's program says of itself. */
export const versionOf = (program: string): ServerVersion => {
  const said = execFileSync(program, ["--version"], { encoding: "utf8" })
  const [, product, version] = /^(redis|valkey) server v=([\d.]+)/i.exec(said) ?? []
  if (product === undefined || version === undefined) throw new Error(`${program} does not tell its version: ${said}`)
  const name = product.toLowerCase() as ServerSource["product"]
  return { product: name, version, name: `${name}-${version.split(".").slice(0, 2).join(".")}` }
}
