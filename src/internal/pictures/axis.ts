/**
 * The axis of a timeline: from moments to positions, and its ticks, as many as have room for their labels.
 */
import { shownMillis, widthOf } from "./text.ts"

export interface Axis {
  readonly left: number
  readonly right: number
  readonly from: number
  readonly to: number
  /** The position of a moment, within the axis. */
  readonly at: (millis: number) => number
}

export const axisFrom = (from: number, to: number, left: number, right: number): Axis => ({
  left,
  right,
  from,
  to,
  at: (millis) => left + (Math.min(to, Math.max(from, millis)) - from) / (to - from) * (right - left)
})

export interface Tick {
  readonly x: number
  readonly label: string
}

export const tickSize = 11

/** 1, 2, 5, 10, ... milliseconds up to minutes, and from there steps that divide hours. */
const steps: ReadonlyArray<number> = [
  ...[1, 10, 100, 1000, 10_000].flatMap((unit) => [unit, 2 * unit, 5 * unit]).filter((step) => step <= 20_000),
  30_000,
  ...[1, 2, 5, 10, 30, 60, 120, 360, 720, 1440].map((minutes) => minutes * 60_000)
]

const labelOf = (millis: number, step: number): string => {
  if (millis === 0) return "0"
  if (step < 1000 && Math.abs(millis) < 1000) return shownMillis(millis)
  if (Math.abs(millis) >= 60_000 && step >= 1000) return shownMillis(millis)
  const digits = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3
  return `${millis < 0 ? "−" : ""}${(Math.abs(millis) / 1000).toFixed(digits)} s`
}

export const ticksOf = ({ at, from, left, right, to }: Axis): ReadonlyArray<Tick> => {
  const candidates = (step: number): ReadonlyArray<Tick> =>
    Array.from({ length: Math.floor(to / step) - Math.ceil(from / step) + 1 }, (_, i) => {
      const millis = (Math.ceil(from / step) + i) * step
      return { x: at(millis), label: labelOf(millis, step) }
    })
  const span = to - from
  for (const step of [...steps, ...Array.from({ length: 40 }, (_, i) => 2 * 86_400_000 * 2 ** i)]) {
    if (span / step > 60) continue
    const ticks = candidates(step)
    const has = (tick: Tick): number => widthOf(tick.label, { size: tickSize }) / 2
    const fitting = ticks.filter((tick) => tick.x - has(tick) >= left - 8 && tick.x + has(tick) <= right + 8)
    const apart = fitting.every((tick, i) =>
      i === 0 || tick.x - has(tick) - (fitting[i - 1]!.x + has(fitting[i - 1]!)) >= 10
    )
    if (apart) return fitting
  }
  return []
}
