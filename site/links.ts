/**
 * Checks the links of the built site: each one to a page, a file or a heading of the
 * site must lead somewhere, and no page may load anything from elsewhere. Links to
 * other sites are only listed.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"

const decoded = (text: string): string =>
  text.replaceAll("&quot;", "\"").replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&")

const isElsewhere = (target: string): boolean => /^(?:[a-z]+:)?\/\//i.test(target)

/** The tags of a page, without what is in scripts. */
const tagsOf = (html: string): ReadonlyArray<string> =>
  html.replaceAll(/(<(script|style)\b[^>]*>)[\s\S]*?<\/\2>/g, "$1").match(/<[a-z][^<>]*>/gi) ?? []

const attribute = (tag: string, name: string): string | undefined => {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? undefined : decoded(value)
}

const loads = /^<(?:script|img|iframe|source|video|audio|embed)\b|^<link\b(?![^>]*rel="(?:canonical|alternate)")/

/** The file of a link, as a path below the site's folder. */
const fileOf = (page: string, path: string): string => {
  const there = path.startsWith("/") ? path.slice(1) : posix.join(dirname(page), path)
  if (there === "" || there === ".") return "index.html"
  return there.endsWith("/") ? `${there}index.html` : there
}

/** What `checkLinks` finds in a built site. */
export interface Links {
  readonly pages: number
  /** The number of links that were checked. */
  readonly checked: number
  /** Dead links, and what would be loaded from elsewhere. */
  readonly problems: ReadonlyArray<string>
  /** Links to other sites, with the pages that have them. */
  readonly external: ReadonlyMap<string, ReadonlySet<string>>
}

export const checkLinks = (dist: string): Links => {
  const pages = globSync("**/*.html", { cwd: dist }).sort()
  const tags = new Map(pages.map((page) => [page, tagsOf(readFileSync(join(dist, page), "utf8"))]))
  const ids = new Map(pages.map((page) => [page, new Set(tags.get(page)!.map((tag) => attribute(tag, "id")))]))
  const problems: Array<string> = []
  const external = new Map<string, Set<string>>()
  let checked = 0
  for (const page of pages) {
    for (const tag of tags.get(page)!) {
      const target = attribute(tag, "href") ?? attribute(tag, "src")
      if (target === undefined || /^(?:mailto|data|javascript):/.test(target)) continue
      if (isElsewhere(target)) {
        if (loads.test(tag)) problems.push(`${page}: loads ${target}`)
        external.set(target, (external.get(target) ?? new Set()).add(page))
        continue
      }
      checked++
      const [, path, hash] = /^([^#?]*)(?:\?[^#]*)?#?(.*)$/.exec(target)!
      const file = path === "" ? page : fileOf(page, decodeURIComponent(path!))
      if (!existsSync(join(dist, file))) problems.push(`${page}: no page or file ${target}`)
      else if (hash !== "" && ids.get(file)?.has(decodeURIComponent(hash!)) === false) {
        problems.push(`${page}: no heading ${target}`)
      }
    }
  }
  for (const style of globSync("**/*.css", { cwd: dist })) {
    for (const [, target] of readFileSync(join(dist, style), "utf8").matchAll(/(?:url\(|@import )["']?([^)"']*)/g)) {
      if (isElsewhere(target!)) problems.push(`${style}: loads ${target}`)
    }
  }
  return { pages: pages.length, checked, problems, external }
}
