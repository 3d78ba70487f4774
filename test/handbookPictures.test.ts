/** The pictures of the handbook are those that the recorded runs give, and the pages that show them say what they show. */
import { assert, describe, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import type { Recording } from "../chaos/recording.ts"
import { drawn, folder } from "../scripts/pictures.ts"

const root = Path.join(import.meta.dirname, "..")
const pages = ["README.md", ...globSync("docs/*.md", { cwd: root })].map((file) => ({
  file,
  text: readFileSync(Path.join(root, file), "utf8")
}))

/** Each `<picture>` of the pages. */
const shown = pages.flatMap(({ file, text }) =>
  Array.from(text.matchAll(/<picture>([\s\S]*?)<\/picture>/g), ([, inner]) => ({
    file,
    srcset: /<source media="\(max-width: 600px\)" srcset="([^"]+)">/.exec(inner!)?.[1],
    src: /<img src="([^"]+)"/.exec(inner!)?.[1],
    alt: /alt="([^"]+)"/.exec(inner!)?.[1]
  }))
)

describe("the pictures of the handbook", () => {
  it("are what scripts/pictures.ts draws from the recordings", () => {
    for (const { file, svg } of drawn()) {
      assert.isTrue(readFileSync(Path.join(folder, file), "utf8") === svg, `${file}: run node scripts/pictures.ts`)
    }
    assert.deepStrictEqual(globSync("*.svg", { cwd: folder }).sort(), drawn().map(({ file }) => file).sort())
  })

  it("are each on a page, with the one for telephones, and with words for those who do not see it", () => {
    for (const { alt, file, src, srcset } of shown) {
      const at = (link: string): string => Path.join(root, Path.dirname(file), link)
      assert.strictEqual(srcset, src?.replace(/\.svg$/, "-narrow.svg"), file)
      assert.isAbove(alt?.length ?? 0, 40, `${file}: ${src}`)
      assert.strictEqual(Path.dirname(at(src!)), folder, `${file}: ${src}`)
    }
    assert.deepStrictEqual(
      Array.from(new Set(shown.map(({ src }) => Path.basename(src!)))).sort(),
      drawn().map(({ file }) => file).filter((file) => !file.endsWith("-narrow.svg")).sort()
    )
  })

  it("contain no address but those of the machine on which they were recorded", () => {
    for (const file of globSync("*.json", { cwd: folder })) {
      const text = readFileSync(Path.join(folder, file), "utf8")
      for (const [address] of text.matchAll(/\d+\.\d+\.\d+\.\d+/g)) assert.strictEqual(address, "127.0.0.1", file)
    }
  })

  const recorded = (name: string): ReadonlyArray<Recording> =>
    JSON.parse(readFileSync(Path.join(folder, `${name}.json`), "utf8"))
  const total = (counts: ReadonlyArray<number>): string =>
    counts.reduce((sum, count) => sum + count, 0).toLocaleString("en-US")
  const millis = (time: number): string => `${Math.round(time).toLocaleString("en-US")} ms`

  it("show the runs of the README's table", () => {
    const readme = pages.find(({ file }) => file === "README.md")!.text
    const table = /^\| \| acknowledged writes lost .*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(readme)![1]!
    const names: Readonly<Record<string, string>> = {
      "ours": "this library",
      "ours, promotion": "this library, `follow: \"promotion\"`",
      "ioredis, detector": "ioredis with its failover detector"
    }
    assert.deepStrictEqual(
      table.trim().split("\n"),
      recorded("planned").map(({ client, failed, lost, pauseMillis }) =>
        `| ${names[client] ?? client} | ${total(lost)} | ${total(failed)} | ${millis(pauseMillis)} |`
      )
    )
    const failover = recorded("planned").find(({ client }) => client === "ours")!.spans.find(({ kind }) =>
      kind === "failover"
    )!
    assert.include(readme, `The servers needed ${millis(failover.toMillis! - failover.fromMillis)} from the start`)
    const servers = new Set(recorded("planned").map(({ server }) => server))
    assert.lengthOf(Array.from(servers), 1)
    for (const server of servers) assert.include(readme, server)
  })

  it("are told in words with the pauses of their runs", () => {
    const words = (name: string): string => shown.find(({ src }) => src?.endsWith(`/${name}.svg`))!.alt!
    const seconds = (run: Recording): string => (run.pauseMillis / 1000).toFixed(1)
    const alike = shown.filter(({ src }) => src?.endsWith("/clients-planned.svg")).map(({ alt }) => alt)
    assert.lengthOf(new Set(alike), 1)
    const [ours, promotion] = recorded("planned")
    assert.include(
      words("clients-planned"),
      `pauses for ${seconds(ours!)} s, with follow promotion for ${seconds(promotion!)} s`
    )
    for (const run of recorded("kill")) assert.include(words("clients-kill"), seconds(run), run.client)
  })
})
