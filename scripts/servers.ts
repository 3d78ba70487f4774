/**
 * Unpacks the servers that the tests run on from Debian's packages, and installs nothing on the machine.
 *
 *   node scripts/servers.ts [NAME ...] [--again] [--list]
 *
 * Without a name it unpacks all of `servers` in test/support/servers.ts; one that is there already is left alone
 * unless `--again` is given. `--list` prints which are there.
 *
 * For each server it does this, all of it in the servers' folder (`.servers`, or `ERS_SERVERS_FOLDER`):
 *
 * 1. It makes an apt state of its own: a configuration, a sources list with one suite, an empty dpkg status. The
 *    mirror and the keys are those of the machine's own sources, or of the URL in `ERS_DEBIAN_MIRROR`; the proxy and
 *    the other settings of `Acquire` are the machine's as well. Its hooks, preferences and other sources are not read.
 * 2. `apt-get update` reads the suite's list of packages. Signatures are checked as usual.
 * 3. `apt-get install --download-only` downloads the server's packages. Since the dpkg status is empty, everything
 *    that they depend on comes along, the C library included.
 * 4. `dpkg -x` unpacks them into `NAME/root`. Nothing of the packages is run, except the server for its version.
 * 5. For each program (server, sentinel, client) it writes a shell script into `NAME/bin`, which starts the program
 *    with the unpacked loader and libraries.
 *
 * It needs apt, dpkg and a Debian mirror, and neither root nor a Debian release of a certain age.
 */
import { execFileSync, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import {
  programsOf,
  serverNamed,
  servers,
  serversFolder,
  type ServerSource,
  unpackedPrograms,
  versionOf
} from "../test/support/servers.ts"
import { argumentsOf } from "./options.ts"

const { positionals, values: options } = argumentsOf(
  "npm run servers -- [NAME ...] [--again] [--list]",
  { again: { type: "boolean", default: false }, list: { type: "boolean", default: false } },
  (argument) => servers.some(({ name }) => name === argument)
)

/** What keeps a server from being unpacked, in words for a person. */
class Problem extends Error {}

const aptFolder = Path.join(serversFolder, `apt-${process.pid}`)

interface Mirror {
  readonly url: string
  /** The `Signed-By` of the machine's source; undefined where it names none. */
  readonly signedBy: string | undefined
}

/** The first source of a Debian archive among the machine's: those with `/debian` at the end of their URL. */
const mirror = (): Mirror => {
  const own = process.env["ERS_DEBIAN_MIRROR"] ?? ""
  const found = Fs.globSync(["/etc/apt/sources.list", "/etc/apt/sources.list.d/*.{list,sources}"]).sort().flatMap(
    (file) => {
      const text = Fs.readFileSync(file, "utf8").replace(/^#.*\n/gm, "")
      return file.endsWith(".sources") ? deb822Sources(text) : lineSources(text)
    }
  ).filter(({ url }) => own !== "" || /\/debian\/?$/.test(url))
  const [first] = found
  if (own !== "") return { url: own, signedBy: first?.signedBy }
  if (first === undefined) {
    throw new Problem(
      "The apt sources of this machine name no Debian archive. Set ERS_DEBIAN_MIRROR to the URL of one."
    )
  }
  return first
}

/** The sources of a file whose paragraphs have fields (`URIs:`, `Signed-By:`). */
const deb822Sources = (text: string): ReadonlyArray<Mirror> =>
  text.split(/\n\s*\n/).flatMap((paragraph) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S.*)$`, "im").exec(paragraph)?.[1]
    if (/^no$/i.test(field("Enabled") ?? "") || !/\bdeb\b/.test(field("Types") ?? "")) return []
    const signedBy = field("Signed-By")
    // A key that is written into the field itself spans lines, and is not taken over.
    const file = signedBy?.startsWith("/") ? signedBy : undefined
    return (field("URIs") ?? "").split(/\s+/).filter((url) => url !== "").map((url) => ({ url, signedBy: file }))
  })

/** The sources of a file with one source in a line (`deb [signed-by=...] URL suite component`). */
const lineSources = (text: string): ReadonlyArray<Mirror> =>
  Array.from(text.matchAll(/^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)/gm), ([, settings, url]) => ({
    url: url!,
    signedBy: /signed-by=(\S+)/.exec(settings ?? "")?.[1]
  }))

/** The machine's settings of downloads (a proxy, timeouts), without those of what is downloaded besides packages. */
const acquireSettings = (): string =>
  execFileSync("apt-config", ["dump", "--no-empty", "Acquire"], { encoding: "utf8" })
    .split("\n").filter((line) => line !== "" && !/^Acquire::(IndexTargets|Languages)\b/.test(line)).join("\n")

/** The apt state of a suite. */
interface Apt {
  readonly folder: string
  /** Runs a program of apt on this state, and returns what it prints. */
  readonly run: (program: string, ...args: ReadonlyArray<string>) => string
}

const aptStates = new Map<string, Apt>()

/** The apt state of a suite, with the suite's list of packages read. */
const aptOf = (suite: string): Apt => {
  const known = aptStates.get(suite)
  if (known !== undefined) return known
  const { signedBy, url } = mirror()
  const folder = Path.join(aptFolder, suite)
  Fs.rmSync(folder, { recursive: true, force: true })
  Fs.mkdirSync(Path.join(folder, "lists/partial"), { recursive: true })
  Fs.mkdirSync(Path.join(folder, "archives/partial"), { recursive: true })
  Fs.writeFileSync(Path.join(folder, "status"), "")
  const signed = signedBy === undefined ? "" : `[signed-by=${signedBy}] `
  Fs.writeFileSync(Path.join(folder, "sources.list"), `deb ${signed}${url} ${suite} main\n`)
  const config = Path.join(folder, "apt.conf")
  Fs.writeFileSync(
    config,
    `${acquireSettings()}
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
Debug::NoLocking "true";
Dir "/";
Dir::State "${folder}";
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "${folder}";
`
  )
  const apt: Apt = {
    folder,
    run: (program, ...args) => {
      const { error, status, stderr, stdout } = spawnSync(program, args, {
        encoding: "utf8",
        env: { ...process.env, APT_CONFIG: config, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
        maxBuffer: 1 << 28
      })
      if (error !== undefined) throw new Problem(`${program} cannot be run: ${error.message}`)
      if (status !== 0) {
        throw new Problem(`${program} ${args.join(" ")} failed for the suite ${suite}:\n${(stderr || stdout).trim()}`)
      }
      return stdout
    }
  }
  console.log(`${suite}: reading the list of packages ...`)
  // Without a network, apt-get update only warns.
  apt.run("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any")
  aptStates.set(suite, apt)
  return apt
}

/** The version of the server's package in a suite, without what Debian adds to it; undefined where it has none. */
const versionIn = (apt: Apt, server: ServerSource): string | undefined => {
  const shown = apt.run("apt-cache", "madison", programsOf(server.product).server)
  return /\|\s*(?:\d+:)?([\d.]+)/.exec(shown)?.[1]
}

/** The suite that has the server's version. */
const suiteOf = (server: ServerSource): Apt => {
  const seen: Array<string> = []
  for (const suite of server.suites) {
    const apt = aptOf(suite)
    const version = versionIn(apt, server)
    if (version?.startsWith(server.version)) return apt
    seen.push(`${suite} has ${version ?? "none"}`)
  }
  throw new Problem(
    `${server.name}: Debian has no ${server.product} ${server.version}x (${seen.join(", ")}). ` +
      `Change its suites or its version in test/support/servers.ts.`
  )
}

/** A script in `bin` that starts a program of the unpacked folder `root` beside it, with its own loader and libraries. */
const startScript = (root: string, program: string): string => {
  const relative = (path: string): string => Path.relative(root, path)
  // Some packages have a symbolic link to a loader by its absolute path, which is the machine's.
  const [loader] = Fs.globSync(Path.join(root, "{lib,usr/lib}*/**/{ld-linux*,ld64,ld}.so.*"))
    .filter((file) => Fs.lstatSync(file).isFile()).sort()
  if (loader === undefined) throw new Problem(`The packages of ${program} have no loader.`)
  const libraries = new Set(Fs.globSync(Path.join(root, "{lib,usr/lib}*/**/lib*.so.*")).map((f) => Path.dirname(f)))
  const path = Array.from(libraries, (folder) => `$root/${relative(folder)}`).sort().join(":")
  return `#!/bin/sh
# Written by scripts/servers.ts.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
exec "$root/${relative(loader)}" --library-path "${path}" --argv0 ${program} "$root/usr/bin/${program}" "$@"
`
}

const unpack = (server: ServerSource): void => {
  const started = performance.now()
  const apt = suiteOf(server)
  const names = programsOf(server.product)
  const archives = Path.join(apt.folder, "archives")
  console.log(`${server.name}: downloading ...`)
  for (const file of Fs.globSync(Path.join(archives, "*.deb"))) Fs.rmSync(file)
  // The client is in the package of tools.
  apt.run("apt-get", "install", "-qq", "-y", "--download-only", names.server, names.sentinel, `${server.product}-tools`)
  const folder = Path.join(serversFolder, server.name)
  const unfinished = `${folder}.unfinished`
  const root = Path.join(unfinished, "root")
  Fs.rmSync(unfinished, { recursive: true, force: true })
  Fs.mkdirSync(root, { recursive: true })
  for (const file of Fs.globSync(Path.join(archives, "*.deb")).sort()) {
    apt.run("dpkg", "-x", file, root)
    Fs.rmSync(file)
  }
  for (const unused of ["usr/share", "usr/sbin", "etc", "var"]) {
    Fs.rmSync(Path.join(root, unused), { recursive: true, force: true })
  }
  Fs.mkdirSync(Path.join(unfinished, "bin"))
  for (const program of Object.values(names)) {
    Fs.writeFileSync(Path.join(unfinished, "bin", program), startScript(root, program), { mode: 0o755 })
  }
  Fs.rmSync(folder, { recursive: true, force: true })
  Fs.renameSync(unfinished, folder)
  const { version } = versionOf(unpackedPrograms(server).server)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${server.name}: ${version} in ${folder}, after ${seconds} s`)
}

const isThere = (server: ServerSource): boolean => Fs.existsSync(unpackedPrograms(server).server)

const wanted = positionals.length === 0 ? servers : positionals.map(serverNamed)

if (options.list) {
  for (const server of wanted) {
    const there = isThere(server) ? versionOf(unpackedPrograms(server).server).version : "not unpacked"
    console.log(`${server.name}: ${there}`)
  }
} else {
  try {
    const missing = wanted.filter((server) => options.again || !isThere(server))
    for (const program of missing.length === 0 ? [] : ["apt-get", "apt-cache", "apt-config", "dpkg"]) {
      if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) {
        throw new Problem(`${program} cannot be found: the servers are unpacked from Debian's packages.`)
      }
    }
    for (const server of missing) unpack(server)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    console.error(error.message)
    process.exitCode = 1
  } finally {
    // The lists of packages are large, and out of date the next time.
    Fs.rmSync(aptFolder, { recursive: true, force: true })
  }
}
