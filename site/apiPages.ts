/**
 * Makes the Markdown of typedoc-plugin-markdown shorter and easier to read: it leaves out what the signature above says
 * already, and joins the types that a signature names to one line of links. It knows nothing of TypeDoc's model.
 */
import { mapOutsideOfBlocks, slug } from "./slug.ts"

/** A heading with what stands below it, up to the next heading. */
interface Section {
  readonly level: number
  readonly title: string
  readonly id: string | undefined
  readonly lines: Array<string>
}

/** Left out with all that is below them: they repeat the signature, or the sources. */
const without = new Set([
  "Since",
  "Inherited from",
  "Overrides",
  "Extended by",
  "Implementation of",
  "Type Parameters",
  "Constructors"
])

/** Headings of groups: what is below them speaks for itself. */
const transparent = new Set([
  "Properties",
  "Methods",
  "Accessors",
  "Call Signature",
  "Get Signature",
  "Type Declaration",
  "Type declaration"
])

const sectionsOf = (markdown: string): ReadonlyArray<Section> => {
  const sections: Array<Section> = [{ level: 0, title: "", id: undefined, lines: [] }]
  let id: string | undefined
  let heading = false
  // What looks like a heading inside of a block of code is none: the other lines are marked.
  for (const marked of mapOutsideOfBlocks(markdown, (text) => text.replaceAll(/^/gm, "\u0000")).split("\n")) {
    const isText = marked.startsWith("\u0000")
    const line = isText ? marked.slice(1) : marked
    const anchor = isText ? /^<a id="([^"]+)"><\/a>$/.exec(line)?.[1] : undefined
    if (anchor !== undefined) {
      id = anchor
      heading = true
      continue
    }
    const [, marks, title] = (isText ? /^(#{1,6}) (.+)$/.exec(line) : null) ?? []
    if (marks !== undefined) {
      sections.push({ level: marks.length, title: title!, id, lines: [] })
      id = undefined
      heading = false
    } else if (!(heading && line === "")) sections.at(-1)!.lines.push(line)
  }
  return sections
}

const isRule = (line: string): boolean => line === "***"

/** The links of a text, without those that stand nearly everywhere. */
const linksOf = (text: string): ReadonlyArray<string> =>
  (text.match(/\[[^\]]+\]\([^)]+\)/g) ?? []).filter((link) =>
    !/^\[`(?:RedisError|Key|Arg|Variadic|OneOrMore)`\]/.test(link)
  )

/** Paragraphs, a block of code being one. */
const paragraphsOf = (lines: ReadonlyArray<string>): Array<string> => {
  const paragraphs: Array<Array<string>> = []
  let isBlock = false
  let begins = true
  for (const line of lines) {
    if (!isBlock && line.trim() === "") {
      begins = true
      continue
    }
    if (begins || (!isBlock && line.startsWith("```"))) paragraphs.push([])
    paragraphs.at(-1)!.push(line)
    begins = false
    if (line.startsWith("```")) isBlock = !isBlock
  }
  return paragraphs.map((paragraph) => paragraph.join("\n"))
}

const flat = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

/** What is collected for one export or one member, until the next one begins. */
class Entry {
  readonly paragraphs: Array<string> = []
  readonly types = new Set<string>()
  readonly see = new Set<string>()

  /** Adds text that is not there yet. A longer version of what is there takes its place. */
  add(lines: ReadonlyArray<string>): void {
    for (const paragraph of paragraphsOf(lines.filter((line) => !isRule(line)))) {
      const text = flat(paragraph)
      const isCode = paragraph.startsWith("```ts\nreadonly") || !paragraph.startsWith("```")
      if (this.paragraphs.some((other) => flat(other).startsWith(text))) continue
      const shorter = this.paragraphs.findIndex((other) => isCode && text.startsWith(flat(other)))
      if (shorter === -1) this.paragraphs.push(paragraph)
      else this.paragraphs[shorter] = paragraph
    }
  }

  print(): string {
    const notes = [
      this.types.size === 0 ? "" : `Types: ${Array.from(this.types).join(", ")}`,
      this.see.size === 0 ? "" : `See ${Array.from(this.see).join(", ")}`
    ].filter((note) => note !== "")
    return [
      ...this.paragraphs,
      ...(notes.length === 0 ? [] : [`<div class="api-notes">\n\n${notes.join(" · ")}\n\n</div>`])
    ].join("\n\n")
  }
}

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A web address is shorter as the name of its page. */
const shortLink = (text: string): string =>
  text.replaceAll(/(?<![(<\]])https:\/\/([^\s)]+)/g, (url: string, rest: string) => {
    const page = rest.replace(/\/$/, "").split("/").at(-1)!.replace(/\.(?:html|md).*$/, "")
    return `[${page.toUpperCase().replaceAll("-", " ")}](${url})`
  })

/**
 * The page of an entry, from what the plugin wrote: its title, the import, what the entry is, and its exports by category.
 */
export const apiPage = (markdown: string, entry: string, description: string): string => {
  const name = entry.split("/").at(-1)!
  const out: Array<string> = [
    `# ${name} {#page--${slug(name)}}`,
    `\`\`\`ts\nimport * as ${name === "testing" ? "Testing" : name} from "${entry}"\n\`\`\``,
    description
  ]
  const sections = sectionsOf(markdown)
  // Those that the links of the plugin lead to; other headings get one that is none of them.
  const anchors = new Set<string>()
  let owner = ""
  let current = new Entry()
  let hiddenBelow = Infinity
  const flush = (): void => {
    const text = current.print()
    if (text !== "") out.push(text)
    current = new Entry()
  }
  for (const { id, level, lines, title } of sections) {
    if (level > hiddenBelow) continue
    hiddenBelow = Infinity
    if (level <= 1) continue
    if (level >= 4 && without.has(title)) {
      hiddenBelow = level
      continue
    }
    if (level === 2) {
      flush()
      out.push(`## ${sentenceCase(title)} {#category--${title.replaceAll(" ", "-").toLowerCase()}}`)
      current.add(lines)
    } else if (level >= 4 && transparent.has(title)) {
      // The signature is in the block above, where there is one.
      const isShown = current.paragraphs.some((paragraph) => /^```ts\n(?:readonly|const|type)/.test(paragraph))
      current.add(isShown && title === "Call Signature" ? withoutCode(lines) : lines)
    } else if (level >= 4 && (title === "Parameters" || title === "Returns" || title === "Extends")) {
      for (const link of linksOf(lines.join("\n"))) current.types.add(link)
      if (title === "Parameters" && lines.some((line) => /^\|.*\| Description \|/.test(line))) current.add(lines)
    } else if (level >= 4 && title === "See") {
      for (const line of lines.filter((line) => line.trim() !== "" && !isRule(line))) {
        current.see.add(shortLink(line.replace(/^ *- /, "").trim()))
      }
    } else if (level >= 4 && (title === "Deprecated" || title === "Throws")) {
      current.add([`**${title}**: ${lines.join(" ").trim()}`])
    } else {
      flush()
      if (level === 3) owner = slug(title)
      let anchor = id ?? `${owner}--${slug(title)}`
      while (anchors.has(anchor)) anchor += "-"
      anchors.add(anchor)
      out.push(`${"#".repeat(Math.min(level, 4))} ${title} {#${anchor}}`)
      current.add(lines)
    }
  }
  flush()
  return `${out.filter((part) => part !== "").join("\n\n")}\n`
}

const withoutCode = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first, ...rest] = paragraphsOf(lines)
  return (first?.startsWith("```") === true ? rest : [first ?? "", ...rest]).flatMap((paragraph) => [paragraph, ""])
}
