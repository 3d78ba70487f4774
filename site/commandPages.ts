/**
 * Divides the page of all commands into one page for each category, and puts the methods of a client there, which the page
 * of the clients has once more. A model goes to the page of the first command that names it. It works on the Markdown of
 * apiPages.ts, and carries the links of all pages along.
 */
import { dirname, join, relative } from "node:path/posix"
import { slug } from "./slug.ts"

/** Pages in Markdown by their path below api/, without an ending. */
export type Pages = ReadonlyMap<string, string>

/** A page of a category, in the order of the sidebar. */
export interface CategoryPage {
  readonly path: string
  readonly title: string
}

const commandsPage = "commands/index"
const clientPage = "Client"
const sentinelPage = "commands/namespaces/sentinel"

/** A heading with an anchor, and the text up to the next one. */
interface Part {
  readonly level: number
  readonly title: string
  readonly id: string
  readonly text: string
}

const heading = /^(#{2,4}) (.+) \{#([^}]+)\}$/

/** What stands before the first part, and the parts. */
const partsOf = (page: string): { readonly head: string; readonly parts: ReadonlyArray<Part> } => {
  const parts: Array<{ level: number; title: string; id: string; lines: Array<string> }> = []
  const head: Array<string> = []
  let isBlock = false
  for (const line of page.split("\n")) {
    if (line.startsWith("```")) isBlock = !isBlock
    const [, marks, title, id] = (isBlock ? null : heading.exec(line)) ?? []
    if (marks !== undefined) parts.push({ level: marks.length, title: title!, id: id!, lines: [] })
    ;(parts.at(-1)?.lines ?? head).push(line)
  }
  return { head: head.join("\n"), parts: parts.map(({ lines, ...part }) => ({ ...part, text: lines.join("\n") })) }
}

/** An export with its members. */
interface Entry extends Part {
  readonly category: string
  readonly anchors: ReadonlyArray<string>
}

const entriesOf = (parts: ReadonlyArray<Part>): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  let category = ""
  for (const part of parts) {
    if (part.level === 2) category = part.title
    else if (part.level === 3) entries.push({ ...part, category, anchors: [part.id] })
    else {
      const owner = entries.at(-1)!
      entries[entries.length - 1] = {
        ...owner,
        text: `${owner.text}\n${part.text}`,
        anchors: [...owner.anchors, part.id]
      }
    }
  }
  return entries
}

const links = /\]\(([^()\s#]*)#([^()\s]+)\)/g

/** The models that an entry names, and those that these name. */
const withModels = (entry: Entry, models: ReadonlyMap<string, Entry>, found: Set<Entry>): void => {
  for (const [name] of entry.text.matchAll(/\b[A-Z]\w+\b/g)) {
    const model = models.get(name)
    if (model === undefined || model === entry || found.has(model)) continue
    found.add(model)
    withModels(model, models, found)
  }
}

/** The signature of the method in place of the property that has it. */
const method = (text: string): string => {
  const signature = /```ts\nreadonly ([\s\S]*?)```/.exec(text)?.[1]
  if (signature === undefined) throw new Error(`A method without a signature: ${text.slice(0, 80)}`)
  return `redis.${signature.trimEnd()}`
}

/** Divides the page of the commands. Gives all pages, and those of the categories. */
export const divideCommands = (
  pages: Pages
): { readonly pages: Map<string, string>; readonly categories: ReadonlyArray<CategoryPage> } => {
  const commands = partsOf(pages.get(commandsPage)!)
  const entries = entriesOf(commands.parts)
  const isShared = ({ category }: Entry): boolean => category === "Models" || category === "Utility types"
  const models = new Map(entries.filter(isShared).map((entry) => [entry.title, entry]))
  const titles = Array.from(new Set(entries.filter((entry) => !isShared(entry)).map(({ category }) => category)))
  /** Where an anchor of a divided page is now, as `page#anchor`. */
  const moved = new Map<string, string>()

  const client = partsOf(pages.get(clientPage)!)
  const methods = new Map<string, string>()
  const kept = client.parts.filter((part) => {
    const anchor = /\]\(commands\/index\.md#([^)]+)\) for the command as a value/.exec(part.text)?.[1]
    const entry = entries.find((entry) => entry.id === anchor && !isShared(entry))
    if (anchor === undefined || entry === undefined) return true
    methods.set(anchor, method(part.text))
    moved.set(`${clientPage}#${part.id}`, `commands/${slug(entry.category)}#${anchor}`)
    return false
  })

  const placed = new Set<Entry>()
  const categories = titles.map((title) => ({ title, path: `commands/${slug(title)}` }))
  const out = new Map(pages)
  const lists: Array<string> = []
  for (const { path, title } of categories) {
    const own = entries.filter((entry) => entry.category === title && !isShared(entry))
    const found = new Set<Entry>()
    for (const entry of own) withModels(entry, models, found)
    const here = entries.filter((entry) => found.has(entry) && !placed.has(entry))
    for (const entry of [...own, ...here]) {
      placed.add(entry)
      for (const id of entry.anchors) moved.set(`${commandsPage}#${id}`, `${path}#${id}`)
    }
    const shown = own.map((entry) => {
      const own = methods.get(entry.id)
      const end = entry.text.indexOf("\n```", entry.text.indexOf("```ts"))
      return own === undefined ? entry.text : `${entry.text.slice(0, end)}\n${own}${entry.text.slice(end)}`
    })
    out.set(
      path,
      `# Commands: ${title} {#page--${slug(title)}}

Each command as a value, for \`run\`, a pipeline or a transaction, and the method of a client.
[What holds for all of them](index.md).

## ${title} {#category--${slug(title)}}

${shown.join("\n")}
${here.length === 0 ? "" : `\n## Models {#category--models}\n\n${here.map(({ text }) => text).join("\n")}`}`
    )
    const names = own.map((entry) => `[\`${entry.title.replaceAll("~~", "")}\`](${slug(title)}.md#${entry.id})`)
    lists.push(`**[${title}](${slug(title)}.md)**: ${names.join(", ")}`)
  }
  if (pages.has(sentinelPage)) {
    const names = entriesOf(partsOf(pages.get(sentinelPage)!).parts).filter(({ category }) => category !== "Models")
    lists.push(
      `**[Sentinel](namespaces/sentinel.md)**, for sentinels, as \`commands.sentinel\`: ${
        names.map(({ id, title }) => `[\`${title}\`](namespaces/sentinel.md#${id})`).join(", ")
      }`
    )
  }
  const rest = entries.filter((entry) => !placed.has(entry)).map(({ text }) => text)
  out.set(
    commandsPage,
    `${commands.head}
## By category {#by-category}

${lists.join("\n\n")}
${rest.length === 0 ? "" : `\n## Models {#category--models}\n\n${rest.join("\n")}`}`
  )
  const withList = kept.map((part) =>
    part.level === 3 && (part.title === "ReadMethods" || part.title === "WriteMethods")
      ? `${part.text.trimEnd()}\n\nThe methods are described with their commands, [by category](commands/index.md#by-category).\n`
      : part.text
  )
  out.set(clientPage, `${client.head}\n${withList.join("\n")}`)
  return { pages: carried(out, new Map(categories.map(({ path }) => [path, commandsPage])), moved), categories }
}

/** Links lead to where their targets are now. `from` names the page that a text has been on before. */
const carried = (
  pages: Pages,
  from: ReadonlyMap<string, string>,
  moved: ReadonlyMap<string, string>
): Map<string, string> =>
  new Map(Array.from(pages, ([page, text]) => [
    page,
    text.replaceAll(links, (link, path: string, id: string) => {
      if (/^(?:[a-z]+:|\/)/.test(path)) return link
      const before = from.get(page) ?? page
      const target = path === "" ? before : join(dirname(before), path.replace(/\.md$/, ""))
      const there = moved.get(`${target}#${id}`) ?? (path === "" ? `${target}#${id}` : undefined)
      if (there === undefined) return link
      const [file, anchor] = there.split("#") as [string, string]
      return file === page ? `](#${anchor})` : `](${relative(dirname(page), file)}.md#${anchor})`
    })
  ]))
