/** The handbook in itself: its links, its anchors and its navigation; and the checks of the built site, which find faults. */
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { handbook, type Page, problemsOf } from "../site/content.ts"
import { checkLinks } from "../site/links.ts"
import { navigation } from "../site/navigation.ts"
import { serve } from "../site/serve.ts"
import { anchorsOf, slug } from "../site/slug.ts"

const pages = handbook()

const changed = (file: string, change: (text: string) => string): ReadonlyArray<Page> =>
  pages.map((page) => page.file === file ? { ...page, text: change(page.text) } : page)

const added = (file: string, more: string): ReadonlyArray<string> =>
  problemsOf(changed(file, (text) => `${text}\n${more}\n`))

const withFolder = <A>(files: Readonly<Record<string, string>>, use: (folder: string) => A): A => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-redis-sentinel-site-"))
  for (const [name, text] of Object.entries(files)) {
    Fs.mkdirSync(Path.dirname(Path.join(folder, name)), { recursive: true })
    Fs.writeFileSync(Path.join(folder, name), text)
  }
  try {
    return use(folder)
  } finally {
    Fs.rmSync(folder, { recursive: true })
  }
}

describe("the handbook", () => {
  it("has no dead link, and each page has its place in the navigation", () => {
    assert.deepStrictEqual(problemsOf(pages), [])
  })

  it("finds dead links, dead anchors and pages that are not in the navigation", () => {
    assert.deepStrictEqual(added("docs/failover.md", "[a](nowhere.md)"), ["docs/failover.md: no file nowhere.md"])
    assert.deepStrictEqual(added("docs/failover.md", "[a](#nothing)"), ["docs/failover.md: no heading #nothing"])
    assert.deepStrictEqual(added("README.md", "[`a`](docs/failover.md#nothing)"), [
      "README.md: no heading docs/failover.md#nothing"
    ])
    assert.deepStrictEqual(added("README.md", "[over the\nend](docs/nowhere.md)"), [
      "README.md: no file docs/nowhere.md"
    ])
    assert.deepStrictEqual(added("README.md", `<img src="docs/pictures/no.svg">`), [
      "README.md: no file docs/pictures/no.svg"
    ])
    assert.deepStrictEqual(added("README.md", "```md\n[a](nowhere.md)\n```"), [])
    assert.deepStrictEqual(problemsOf([...pages, { file: "docs/new.md", name: "new", title: "New", text: "# New" }]), [
      "the page new has no place in site/navigation.ts"
    ])
    assert.include(
      problemsOf(pages.filter(({ name }) => name !== "pubsub")),
      "site/navigation.ts names pubsub, which is no page of the handbook, or is there twice"
    )
  })

  it("has each group of the navigation once, none of them empty", () => {
    const texts = navigation.map(({ text }) => text)
    assert.strictEqual(new Set(texts).size, texts.length)
    assert.isTrue(navigation.every((group) => group.pages.length > 0))
  })

  it("names every script of package.json in CONTRIBUTING.md", () => {
    const root = Path.join(import.meta.dirname, "..")
    const { scripts } = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>
    }
    const text = pages.find(({ name }) => name === "contributing")!.text
    const named = new Set(Array.from(text.matchAll(/npm (?:run )?([a-z][\w:-]*)/g), ([, name]) => name!))
    assert.deepStrictEqual(Object.keys(scripts).filter((name) => name !== "prepublishOnly" && !named.has(name)), [])
  })

  it("has the anchors that GitHub gives to headings", () => {
    assert.strictEqual(
      slug("What a failover may do, and `redis.popStream`"),
      "what-a-failover-may-do-and-redispopstream"
    )
    assert.strictEqual(slug("Names & times: A/B"), "names--times-ab")
    assert.deepStrictEqual([...anchorsOf("# A\n## B `c`\n```sh\n# no heading\n```\n## [B c](x.md)\n")], [
      "a",
      "b-c",
      "b-c-1"
    ])
  })
})

describe("the check of the built site", () => {
  const page = (body: string): string => `<!doctype html><html><body>${body}</body></html>`

  it("accepts links that lead somewhere, and lists those to other sites", () => {
    const links = withFolder({
      "index.html": page(`<a href="./sub/a.html#there">a</a><a href="https://example.org/">b</a><img src="/x.svg">`),
      "sub/a.html": page(
        `<h2 id="there">A</h2><a href="../index.html">up</a><a href="/">root</a><a href="#there">h</a>`
      ),
      "x.svg": "<svg/>"
    }, checkLinks)
    assert.deepStrictEqual([links.pages, links.checked, links.problems], [2, 5, []])
    assert.deepStrictEqual([...links.external.keys()], ["https://example.org/"])
  })

  it("finds dead links, dead anchors, missing pictures, and what comes from elsewhere", () => {
    const { problems } = withFolder({
      "index.html": page(
        `<a href="/no.html">a</a><a href="#no">b</a><a href="a.html#no">c</a><img src="no.svg">` +
          `<script src="https://cdn.example/x.js"></script><link rel="stylesheet" href="//fonts.example/x.css">`
      ),
      "a.html": page(`<h2 id="yes">A</h2>`),
      "a.css": `@import "https://fonts.example/y.css"; a { background: url(//img.example/z.png) }`
    }, checkLinks)
    assert.deepStrictEqual(problems, [
      "index.html: no page or file /no.html",
      "index.html: no heading #no",
      "index.html: no heading a.html#no",
      "index.html: no page or file no.svg",
      "index.html: loads https://cdn.example/x.js",
      "index.html: loads //fonts.example/x.css",
      "a.css: loads https://fonts.example/y.css",
      "a.css: loads //img.example/z.png"
    ])
  })

  it("is served on loopback, and nothing outside of its folder", async () => {
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-redis-sentinel-site-"))
    Fs.mkdirSync(Path.join(folder, "dist"))
    Fs.writeFileSync(Path.join(folder, "secret.html"), "secret")
    Fs.writeFileSync(Path.join(folder, "dist", "index.html"), "front")
    Fs.writeFileSync(Path.join(folder, "dist", "404.html"), "no such page")
    const { port, server } = await serve(Path.join(folder, "dist"), 0)
    try {
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`)
        return [response.status, await response.text()]
      }
      assert.deepStrictEqual(await get("/"), [200, "front"])
      assert.deepStrictEqual(await get("/index"), [200, "front"])
      for (const path of ["/no.html", "/..%2fsecret.html", "/%2e%2e/secret.html", "/%"]) {
        assert.deepStrictEqual(await get(path), [404, "no such page"])
      }
    } finally {
      server.close()
      Fs.rmSync(folder, { recursive: true })
    }
  })
})
