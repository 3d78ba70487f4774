/**
 * Where labels beside vertical lines go, so that no two of them overlap: in rows, the first one nearest to what the lines
 * lead to. Positions only; it draws nothing.
 */

export interface Wanted {
  /** Where its line is. */
  readonly x: number
  readonly width: number
}

export interface Placed {
  readonly row: number
  /** The left edge of its text. */
  readonly left: number
}

const gap = 6

interface Taken {
  readonly row: number
  readonly left: number
  readonly right: number
  readonly x: number
}

/**
 * A place for each label, in the order given. A label is right of its line, or left of it where the right has no room. A
 * line leads from the row of its label to row 0 and on; if possible it crosses no other label.
 */
export const placeLabels = (wanted: ReadonlyArray<Wanted>, from: number, to: number): ReadonlyArray<Placed> => {
  const placed = new Array<Placed>(wanted.length)
  const taken: Array<Taken> = []
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[b]!.x - wanted[a]!.x || b - a)
  for (const i of order) {
    const { width, x } = wanted[i]!
    const left = x + gap + width <= to
      ? x + gap
      : x - gap - width >= from
      ? x - gap - width
      // Wider than either side: it lies across its line.
      : Math.max(from, to - width)
    const free = (row: number): boolean =>
      taken.every((other) => other.row !== row || left > other.right + gap || left + width < other.left - gap)
    const crossesNothing = (row: number): boolean =>
      taken.every((other) => {
        const itsLineIsCovered = other.row > row && other.x >= left - 2 && other.x <= left + width + 2
        const myLineIsCovered = other.row < row && x >= other.left - 2 && x <= other.right + 2
        return !itsLineIsCovered && !myLineIsCovered
      })
    // There are no more rows in use than labels are placed, so the row after them is free.
    const rows = Array.from({ length: taken.length + 1 }, (_, row) => row).filter(free)
    const row = rows.find(crossesNothing) ?? rows[0]!
    placed[i] = { row, left }
    taken.push({ row, left, right: left + width, x })
  }
  return placed
}

/**
 * Centres and rows of badges of one size: as near to their lines as there is room, in at most `mostRows` rows as long as
 * the width allows it.
 */
export const placeBadges = (
  lines: ReadonlyArray<number>,
  size: number,
  from: number,
  to: number,
  mostRows = 4
): ReadonlyArray<{ readonly x: number; readonly row: number }> => {
  const taken: Array<{ x: number; row: number }> = []
  const step = size + 2
  const clamp = (x: number): number => Math.min(to - size / 2, Math.max(from + size / 2, x))
  return lines.map((line) => {
    const find = (): { x: number; row: number } => {
      for (let away = 0; away * step < to - from; away++) {
        for (const x of away === 0 ? [clamp(line)] : [clamp(line + away * step), clamp(line - away * step)]) {
          for (let row = 0; row < mostRows; row++) {
            if (taken.every((other) => other.row !== row || Math.abs(other.x - x) >= step)) return { x, row }
          }
        }
      }
      return { x: clamp(line), row: Math.max(mostRows - 1, ...taken.map(({ row }) => row)) + 1 }
    }
    const place = find()
    taken.push(place)
    return place
  })
}

/** The first row in which each range is free of the others before it. */
export const placeRanges = (
  ranges: ReadonlyArray<{ readonly left: number; readonly right: number }>,
  apart = gap
): ReadonlyArray<number> => {
  const rows: Array<Array<{ readonly left: number; readonly right: number }>> = []
  return ranges.map((range) => {
    const found = rows.findIndex((row) =>
      row.every((other) => range.left > other.right + apart || range.right < other.left - apart)
    )
    const row = found === -1 ? rows.length : found
    ;(rows[row] ??= []).push(range)
    return row
  })
}
