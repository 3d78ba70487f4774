/**
 * A vector set of a server in memory: elements with vectors in the server's quantizations.
 * A search compares all elements, where the server walks a graph. The commands are in
 * data/vectorSets.ts.
 */

/** How the numbers of vectors are kept, as VINFO gives it. */
export type Quantization = "f32" | "int8" | "bin"

/** A vector: its numbers as they are kept, and what turns them back. */
export interface Quantized {
  /** The numbers of the vector of length 1: 32-bit numbers, integers from -127 to 127, or 1 and -1. */
  readonly numbers: ReadonlyArray<number>
  /** The number that 127 stands for; only for 8-bit numbers. */
  readonly range: number
  /** The length of the vector. */
  readonly norm: number
}

/** An element of a vector set. */
export interface VectorElement {
  /** Its vector. */
  vector: Quantized
  /** Its attributes, if it has any. */
  attributes: string | undefined
}

const { abs, fround, sign, sqrt } = Math

/** A vector of length 1, or zero, in 32-bit numbers, and its length. */
const normalized = (numbers: ReadonlyArray<number>): readonly [numbers: ReadonlyArray<number>, norm: number] => {
  let squares = 0
  for (const n of numbers) squares = fround(squares + fround(n * n))
  const norm = fround(sqrt(squares))
  return norm === 0 ? [numbers, 0] : [numbers.map((n) => fround(n / norm)), norm]
}

/** Rounds half away from zero, as C does. */
const rounded = (n: number): number => sign(n) * Math.round(abs(n))

/** A vector set. */
export class VectorSet {
  /** The dimensions of its vectors. */
  readonly dimensions: number
  /** How numbers are kept. */
  readonly quantization: Quantization
  /** How many links an element has at most. */
  readonly links: number
  /** The dimensions of vectors before they are reduced; 0 if they are not. */
  readonly inputDimensions: number
  /** The elements. */
  readonly elements: Map<string, VectorElement> = new Map()
  /** How many elements it ever had. */
  added = 0

  constructor(dimensions: number, quantization: Quantization, links: number, inputDimensions: number) {
    this.dimensions = dimensions
    this.quantization = quantization
    this.links = links
    this.inputDimensions = inputDimensions
  }

  /** How many elements there are. */
  get size(): number {
    return this.elements.size
  }

  /** A vector as the server keeps it. */
  quantized(given: ReadonlyArray<number>): Quantized {
    const [numbers, norm] = normalized(given.map(fround))
    if (this.quantization === "f32") return { numbers, range: 0, norm }
    if (this.quantization === "bin") return { numbers: numbers.map((n) => (n > 0 ? 1 : -1)), range: 0, norm }
    const range = numbers.reduce((most, n) => Math.max(most, abs(n)), 0)
    const scale = fround(127 / range)
    return { numbers: range === 0 ? numbers : numbers.map((n) => rounded(fround(n * scale))), range, norm }
  }

  /** The numbers that a vector stands for. */
  static numbersOf({ numbers, range, norm }: Quantized, quantization: Quantization): ReadonlyArray<number> {
    if (quantization === "bin") return numbers
    const unit = (n: number): number => quantization === "f32" ? n : fround(fround(n * range) / 127)
    return numbers.map((n) => fround(unit(n) * norm))
  }

  /** A vector with fewer dimensions: the signs of its sums follow from the bits that two indexes share. */
  reduced(given: ReadonlyArray<number>): ReadonlyArray<number> {
    if (this.inputDimensions === 0 || given.length !== this.inputDimensions) return given
    const scale = fround(1 / sqrt(given.length))
    return Array.from(
      { length: this.dimensions },
      (_, i) => given.reduce((sum, n, j) => fround(sum + fround((isOdd(i & j) ? -scale : scale) * n)), 0)
    )
  }

  /** How far two vectors are from each other: 0 for the same direction, 2 for opposite ones. */
  distance(a: Quantized, b: Quantized): number {
    if (this.quantization === "bin") {
      return fround(a.numbers.filter((n, i) => n !== b.numbers[i]).length * 2 / this.dimensions)
    }
    let dot = 0
    for (let i = 0; i < a.numbers.length; i++) dot += a.numbers[i]! * b.numbers[i]!
    if (this.quantization === "f32") return fround(1 - fround(dot))
    if (a.range === 0 || b.range === 0) return 1
    const distance = fround(1 - fround(dot * fround(fround(a.range / 127) * fround(b.range / 127))))
    return Math.min(2, Math.max(0, distance))
  }

  /** The elements by their distance from a vector, the nearest first. */
  nearest(to: Quantized): Array<readonly [name: string, distance: number, element: VectorElement]> {
    return Array.from(
      this.elements,
      ([name, element]) => [name, this.distance(to, element.vector), element] as const
    ).sort(([, a], [, b]) => a - b)
  }

  /** A copy. */
  copy(): VectorSet {
    const copy = new VectorSet(this.dimensions, this.quantization, this.links, this.inputDimensions)
    for (const [name, element] of this.elements) copy.elements.set(name, { ...element })
    copy.added = this.added
    return copy
  }
}

/** Whether a number has an odd number of bits that are 1. */
const isOdd = (n: number): boolean => {
  let odd = false
  for (let bits = n; bits > 0; bits &= bits - 1) odd = !odd
  return odd
}
