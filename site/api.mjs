/**
 * Writes the API reference as Markdown: one page for each public entry of the
 * package, and one for each category of commands, from the comments of the built
 * declarations. It needs a build in dist/.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Application, ReflectionKind } from "typedoc"
import { apiPage } from "./apiPages.ts"
import { divideCommands } from "./commandPages.ts"

const root = join(import.meta.dirname, "..")

/** The declarations of an entry such as `effect-redis-sentinel/modules/Json`. */
const declarationsOf = (entry) => {
  const name = entry.split("/").slice(1).join("/")
  const file = ["", "commands", "testing"].includes(name) ? join(name, "index") : name
  return join(root, "dist", `${file}.d.ts`)
}

/** A paragraph for readers of the site: entries in place of files, and nothing of what is internal. */
const withoutFiles = (paragraph) =>
  paragraph.includes("```")
    ? paragraph
    : paragraph.replaceAll(/ \([^()]*internal\/[^()]*\)/g, "").replaceAll(/\b([A-Z]\w+)\.ts\b/g, "`$1`")
      .split(/(?<=[.;])\s+/).filter((sentence) => !/\binternal\/|\bmethods\//.test(sentence)).join(" ").replace(
        /;$/,
        "."
      )

/** What an entry is: the comment at its top, up to its first tag. */
const descriptionOf = (file) =>
  (/^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, "utf8"))?.[1].replaceAll(/^ *\* ?/gm, "").replace(
    /^@[\s\S]*/m,
    ""
  ) ??
    "")
    .trim().split(/\n\n+(?=\S)/).map(withoutFiles).filter((paragraph) => paragraph !== "").join("\n\n")

/** Interfaces whose methods are those of another one, which describes them: the page would be five times as long. */
const sameAs = {
  ReadBytesMethods: ["ReadMethods"],
  WriteBytesMethods: ["ReadMethods", "WriteMethods"],
  WriteMethods: ["ReadMethods"],
  WatchClient: ["ReadMethods", "WriteMethods", "ReservedMethods"]
}

const withoutRepetition = (project) => {
  const interfaces = project.getReflectionsByKind(ReflectionKind.Interface)
  const named = (name) => interfaces.find((one) => one.name === name && one.parent?.name === "Client")
  const methods = new Map(
    Object.keys(sameAs).map((name) => [
      name,
      new Set(sameAs[name].flatMap((other) => named(other)?.children ?? []).map((child) => child.name))
    ])
  )
  for (const [name, there] of methods) {
    const owner = named(name)
    if (owner === undefined) throw new Error(`site/api.mjs: there is no interface ${name}`)
    const kept = (child) => !there.has(child.name)
    for (const list of [owner, ...owner.groups ?? [], ...owner.categories ?? []]) {
      list.children = list.children?.filter(kept)
      for (const category of list.categories ?? []) category.children = category.children.filter(kept)
    }
    owner.groups = owner.groups?.filter(({ children }) => children.length > 0)
    owner.comment?.summary.push({
      kind: "text",
      text: `\n\nIts methods are those of ${sameAs[name].map((other) => `\`${other}\``).join(", ")}${
        name === "WriteMethods" ? ", and these" : /Bytes/.test(name) ? ", with bytes in place of strings" : ""
      }.`
    })
  }
}

/** Names that the handbook may mention, and where they are described. */
const namesOf = (module, page, text, names) => {
  let owner = ""
  for (const [, marks, title, id] of text.matchAll(/^(#{3,4}) (\S+?)(?:\(\)|\?)? \{#([^}]+)\}$/gm)) {
    const name = title.replaceAll(/\\|~~/g, "")
    if (marks === "###") owner = name
    const target = `${page}#${id}`
    const mentions = marks === "###"
      ? [
        `${module}.${name}`,
        ...(module === "Errors" ? [name] : []),
        ...(module === "commands" ? [`redis.${name}`] : [])
      ]
      : module === "Client" && /^(?:Read|Write)Methods$|^Base$|Client$/.test(owner)
      ? [`redis.${name}`]
      : []
    for (const mention of mentions) names[mention] ??= target
  }
}

/** Writes the pages below `out`/api. Gives their place in the sidebar, and where each public name is described. */
export const writeApi = async (out, entries) => {
  const folder = join(out, "api")
  const raw = join(import.meta.dirname, ".tmp", "api")
  mkdirSync(folder, { recursive: true })
  rmSync(raw, { recursive: true, force: true })
  const tsconfig = join(import.meta.dirname, ".tmp", "tsconfig.json")
  writeFileSync(
    tsconfig,
    JSON.stringify({
      compilerOptions: {
        module: "NodeNext",
        target: "ES2022",
        lib: ["ES2024"],
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true
      },
      files: entries.map(declarationsOf)
    })
  )
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(declarationsOf),
    tsconfig,
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: raw }],
    router: "module",
    readme: "none",
    entryFileName: "index",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    disableSources: true,
    sanitizeComments: true,
    useCodeBlocks: true,
    useHTMLAnchors: true,
    expandParameters: true,
    parametersFormat: "table",
    typeDeclarationFormat: "list",
    logLevel: "Warn"
  })
  const project = await app.convert()
  if (project === undefined || app.logger.hasErrors()) throw new Error("TypeDoc: the declarations have errors")
  withoutRepetition(project)
  await app.generateOutputs(project)

  const read = (file) => readFileSync(join(raw, `${file}.md`), "utf8")
  const named = entries.map((entry) => ({ entry, name: entry.split("/").slice(1).join("/") })).filter(({ name }) =>
    name !== ""
  ).map(({ entry, name }) => ({
    entry,
    name,
    path: name === "commands" ? "commands/index" : name,
    description: descriptionOf(declarationsOf(entry))
  }))
  const whole = new Map(named.map(({ description, entry, path }) => [path, apiPage(read(path), entry, description)]))
  for (const file of globSync("*/namespaces/*.md", { cwd: raw })) {
    const path = file.slice(0, -".md".length)
    const [owner, , name] = path.split("/")
    const text = apiPage(read(path), `effect-redis-sentinel/${owner}`, "")
    whole.set(path, text.replace(/^# .*/, `# ${owner}.${name} {#page--${name}}`))
  }
  const { categories, pages } = divideCommands(whole)
  const names = {}
  for (const [path, text] of pages) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, `${path}.md`), `---\noutline: [2, 3]\n---\n\n${text}`)
    const module = path === "testing"
      ? "Testing"
      : path.includes("/namespaces/")
      ? path.replace("/namespaces/", ".")
      : path.startsWith("commands/")
      ? "commands"
      : path.split("/").at(-1)
    namesOf(module, `/api/${path}`, text, names)
  }
  const items = named.map(({ description, name, path }) => ({
    name,
    link: `/api/${path}`,
    description: description.split(/\n\n|(?<=\.)\s/)[0].replaceAll("\n", " ")
  }))
  const isModule = ({ name }) => name.startsWith("modules/")
  const table = (list) =>
    [
      "| entry | what it is |",
      "|---|---|",
      ...list.map(({ description, link, name }) => `| [\`${name}\`](${link}.md) | ${description} |`)
    ]
      .join("\n")
  writeFileSync(
    join(folder, "index.md"),
    `# API reference

One page for each entry of the package, from the comments of its declarations. The entry \`effect-redis-sentinel\` has the
most common ones as namespaces: \`import { RedisClient, Sentinel } from "effect-redis-sentinel"\`.

${table(items.filter((item) => !isModule(item)))}

## Modules of servers

${table(items.filter(isModule))}
`
  )
  const links = (list) =>
    list.map(({ link, name }) => ({
      text: name,
      link,
      ...(name === "commands"
        ? {
          collapsed: true,
          items: [...categories, { title: "Sentinel", path: "commands/namespaces/sentinel" }].map((
            { path, title }
          ) => ({
            text: title,
            link: `/api/${path}`
          }))
        }
        : {})
    }))
  return {
    names,
    sidebar: [{ text: "API", link: "/api/", collapsed: true, items: links(items) }]
  }
}
