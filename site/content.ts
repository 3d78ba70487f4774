/**
 * Collects the pages of the handbook for the site: docs/*.md, and the files of the
 * root that readers look for. It rewrites the links between them, which are made for
 * the repository, and fills the front page. It knows nothing of the API reference.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { navigation, rootPages, shortTitles } from "./navigation.ts"
import { anchorsOf, mapOutsideOfBlocks } from "./slug.ts"

const root = join(import.meta.dirname, "..")

/** A page of the handbook. */
export interface Page {
  /** Its file, from the root of the repository. */
  readonly file: string
  /** Its name on the site, without an ending. */
  readonly name: string
  readonly title: string
  readonly text: string
}

/** The pages of the handbook, in the order of their files. */
export const handbook = (): ReadonlyArray<Page> =>
  [
    ...Object.keys(rootPages),
    ...readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md")).sort().map((file) => `docs/${file}`)
  ].map((file) => {
    const text = readFileSync(join(root, file), "utf8")
    return {
      file,
      text,
      name: rootPages[file] ?? file.slice("docs/".length, -".md".length),
      title: /^# (.+)$/m.exec(text)?.[1]!.replaceAll("`", "") ?? ""
    }
  })

/** A link or a picture in Markdown; its label may go over the end of a line. */
const links = /(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g

/** A picture or a link in HTML, such as the sources of a `<picture>`. */
const attributes = /\b(src|srcset|href)="([^"]+)"/g

/** Where a text leads to. */
const targetsOf = (text: string): ReadonlyArray<string> => [
  ...Array.from(text.matchAll(links), ([, , , target]) => target!),
  ...Array.from(text.matchAll(attributes), ([, , target]) => target!)
]

const isElsewhere = (target: string): boolean => /^[a-z]+:/.test(target)

/** A target in the repository: its file, from the root, and its heading. */
const parsed = (file: string, target: string): { readonly path: string; readonly hash: string } => {
  const [, path, hash] = /^([^#]*)#?(.*)$/.exec(target)!
  return { path: path === "" ? file : normalize(join(dirname(file), path!)), hash: hash! }
}

/**
 * What is wrong with the handbook: links to files or headings that do not exist, pages
 * without a heading, pages without a place in the navigation, and places without a page.
 */
export const problemsOf = (pages: ReadonlyArray<Page>): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const anchors = new Map(pages.map(({ file, text }) => [file, anchorsOf(text)]))
  for (const { file, text, title } of pages) {
    if (title === "") problems.push(`${file}: no heading`)
    mapOutsideOfBlocks(text, (part) => {
      for (const target of targetsOf(part.replaceAll(/`[^`]*`/g, ""))) {
        if (isElsewhere(target)) continue
        const { hash, path } = parsed(file, target)
        if (!existsSync(join(root, path))) problems.push(`${file}: no file ${target}`)
        else if (hash !== "" && anchors.get(path)?.has(hash) !== true) problems.push(`${file}: no heading ${target}`)
      }
      return part
    })
  }
  const placed = navigation.flatMap((group) => group.pages)
  const names = pages.map(({ name }) => name)
  for (const name of names.filter((name) => !placed.includes(name))) {
    problems.push(`the page ${name} has no place in site/navigation.ts`)
  }
  for (const name of placed.filter((name, i) => !names.includes(name) || placed.indexOf(name) !== i)) {
    problems.push(`site/navigation.ts names ${name}, which is no page of the handbook, or is there twice`)
  }
  return problems
}

/** Where a target of the repository is on the site; undefined for a file that the site does not have. */
const onSite = (file: string, target: string): string | undefined => {
  if (isElsewhere(target)) return target
  const { hash, path } = parsed(file, target)
  const name = rootPages[path] === undefined ? /^docs\/(.+)$/.exec(path)?.[1] : `${rootPages[path]}.md`
  return name === undefined ? undefined : `./${name}${hash === "" ? "" : `#${hash}`}`
}

/** The text of a page with links as the site has them. A link to a file that the site does not have becomes text. */
const withLinksOfSite = ({ file, text }: Page, titles: ReadonlyMap<string, string>): string =>
  mapOutsideOfBlocks(text, (part) =>
    part
      .replaceAll(links, (_, image: string, label: string, target: string) => {
        const there = onSite(file, target)
        if (there === undefined) return label
        // In the repository a link may name a file; on the site there are none.
        const title = /^(?:docs\/)?[\w-]+\.md$/.test(label) ? titles.get(parsed(file, target).path) : undefined
        return `${image}[${title ?? label}](${there})`
      })
      .replaceAll(attributes, (all: string, name: string, target: string) => {
        const there = onSite(file, target)
        return there === undefined ? all : `${name}="${there}"`
      }))

/** The table of the README that compares a planned failover, so that the front page has the same figures. */
const comparison = (pages: ReadonlyArray<Page>): string => {
  const readme = pages.find(({ file }) => file === "README.md")!.text
  const table = /(?:^\|.*\n)+^\| this library \|.*\n(?:^\|.*\n)*/m.exec(readme)?.[0]
  if (table === undefined) throw new Error("README.md has no table that compares a planned failover")
  return table
}

/** Writes the pages to a folder, and gives the groups of the sidebar. */
export const writeContent = (folder: string, pages: ReadonlyArray<Page>) => {
  mkdirSync(folder, { recursive: true })
  const titlesByFile = new Map(pages.map(({ file, title }) => [file, title]))
  for (const page of pages) writeFileSync(join(folder, `${page.name}.md`), withLinksOfSite(page, titlesByFile))
  const pictures = join(root, "docs/pictures")
  if (existsSync(pictures)) cpSync(pictures, join(folder, "pictures"), { recursive: true })
  const front = readFileSync(join(root, "site/index.md"), "utf8")
  writeFileSync(join(folder, "index.md"), front.replace("<!-- comparison -->", comparison(pages)))
  const titles = new Map(pages.map(({ name, title }) => [name, title]))
  return navigation.map(({ pages, text }) => ({
    text,
    items: pages.map((name) => ({ text: shortTitles[name] ?? titles.get(name)!, link: `/${name}` }))
  }))
}
