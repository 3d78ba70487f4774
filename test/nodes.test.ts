/** Which spellings are one node. */
import { assert, describe, it } from "@effect/vitest"
import * as Address from "../src/Address.ts"
import { NodeAliases } from "../src/internal/discovery/nodeAliases.ts"

const at = (text: string): Address.Address => Address.parse(text, 6379) as Address.Address
const claim = (...pairs: ReadonlyArray<readonly [string, string]>) =>
  pairs.map(([text, runId]) => ({ address: at(text), runId }))
const shown = (nodes: NodeAliases, text: string): string => Address.format(nodes.canonical(at(text)))

describe("several names of one node", () => {
  it("the same run id makes two spellings one node, shown by the first spelling", () => {
    const nodes = new NodeAliases()
    nodes.recordRunIds("s1", claim(["10.0.0.1", "a"], ["10.0.0.2", "b"]))
    nodes.recordRunIds("s2", claim(["redis-1", "a"], ["redis-2", "b"]))
    assert.strictEqual(shown(nodes, "redis-1"), "10.0.0.1:6379")
    assert.strictEqual(shown(nodes, "redis-2"), "10.0.0.2:6379")
    assert.strictEqual(shown(nodes, "10.0.0.1"), "10.0.0.1:6379")
    assert.deepStrictEqual(nodes.aliases(at("redis-1")).map(Address.format), ["10.0.0.1:6379", "redis-1:6379"])
  })

  it("one lying sentinel does not merge two nodes", () => {
    const nodes = new NodeAliases()
    for (const s of ["s1", "s2"]) nodes.recordRunIds(s, claim(["10.0.0.1", "a"], ["10.0.0.2", "b"]))
    nodes.recordRunIds("liar", claim(["10.0.0.1", "b"]))
    assert.strictEqual(shown(nodes, "10.0.0.1"), "10.0.0.1:6379")
    assert.strictEqual(shown(nodes, "10.0.0.2"), "10.0.0.2:6379")
    // Nor one that gives both the same.
    nodes.recordRunIds("liar", claim(["10.0.0.1", "x"], ["10.0.0.2", "x"], ["10.0.0.3", "x"]))
    assert.strictEqual(shown(nodes, "10.0.0.2"), "10.0.0.2:6379")
    assert.strictEqual(shown(nodes, "10.0.0.3"), "10.0.0.3:6379")
  })

  it("the address of a connection counts, and letter case and spelling do not", () => {
    const nodes = new NodeAliases()
    nodes.recordEndpoint(at("10.0.0.1"), "10.0.0.1:6379")
    nodes.recordEndpoint(at("redis-1"), "10.0.0.1:6379")
    nodes.recordEndpoint(at("REDIS-1"), undefined)
    assert.strictEqual(shown(nodes, "redis-1"), "10.0.0.1:6379")
    nodes.recordRunIds("s1", claim(["[2001:db8::1]", "c"], ["Redis-9", "d"]))
    nodes.recordRunIds("s2", claim(["[2001:0db8:0:0::0001]", "c2"], ["redis-9.", "d2"], ["[::ffff:10.0.0.1]", "e"]))
    assert.strictEqual(shown(nodes, "[2001:0db8:0:0::0001]"), "[2001:db8::1]:6379")
    assert.strictEqual(shown(nodes, "redis-9."), "Redis-9:6379")
    assert.strictEqual(shown(nodes, "[::ffff:10.0.0.1]"), "10.0.0.1:6379")
  })

  it("a name that now resolves elsewhere is another node, by its run id", () => {
    const nodes = new NodeAliases()
    nodes.recordEndpoint(at("redis-1"), "10.0.0.1:6379")
    nodes.recordRunIds("s1", claim(["10.0.0.1", "a"], ["10.0.0.2", "b"]))
    assert.strictEqual(shown(nodes, "10.0.0.1"), "redis-1:6379")
    nodes.recordRunIds("s2", claim(["redis-1", "b"]))
    assert.strictEqual(shown(nodes, "10.0.0.1"), "10.0.0.1:6379")
    assert.strictEqual(shown(nodes, "10.0.0.2"), "redis-1:6379")
  })

  it("two nodes that used the same address one after the other are two, by their run ids", () => {
    const nodes = new NodeAliases()
    nodes.recordRunIds("s1", claim(["redis-0", "a"], ["redis-1", "b"]))
    nodes.recordEndpoint(at("redis-0"), "10.0.0.5:6379")
    // Its address was given to another one.
    nodes.recordEndpoint(at("redis-1"), "10.0.0.5:6379")
    assert.strictEqual(shown(nodes, "redis-0"), "redis-0:6379")
    assert.strictEqual(shown(nodes, "redis-1"), "redis-1:6379")
    // A third spelling goes with the one that was there last.
    nodes.recordEndpoint(at("cache"), "10.0.0.5:6379")
    assert.strictEqual(shown(nodes, "cache"), "redis-1:6379")
    nodes.recordRunIds("s2", claim(["10.0.0.9", "a"], ["10.0.0.5", "b"]))
    assert.strictEqual(shown(nodes, "10.0.0.9"), "redis-0:6379")
    assert.strictEqual(shown(nodes, "10.0.0.5"), "redis-1:6379")
  })

  it("a spelling that cannot be dialled is replaced by another one, and its users are told", () => {
    const nodes = new NodeAliases()
    const renamed: Array<string> = []
    nodes.onRename = (from, to) => renamed.push(`${from} -> ${to}`)
    nodes.recordRunIds("s1", claim(["redis-1", "a"]))
    nodes.recordRunIds("s2", claim(["10.0.0.1", "a"]))
    assert.deepStrictEqual(renamed, ["10.0.0.1:6379 -> redis-1:6379"])
    nodes.markUndialable(at("redis-1"))
    assert.strictEqual(shown(nodes, "redis-1"), "10.0.0.1:6379")
    assert.deepStrictEqual(renamed.slice(1), ["redis-1:6379 -> 10.0.0.1:6379"])
    nodes.forget((source) => source === "s1")
    assert.strictEqual(shown(nodes, "10.0.0.1"), "10.0.0.1:6379")
  })

  it("16,384 names of 256 nodes", () => {
    const nodes = new NodeAliases()
    for (let i = 0; i < 64; i++) {
      nodes.recordRunIds(
        `s${i}`,
        Array.from({ length: 256 }, (_, k) => ({ address: { host: `n${i}-${k}`, port: 1 }, runId: `r${k}` }))
      )
    }
    assert.strictEqual(shown(nodes, "n63-255:1"), "n0-255:1")
  })
})
