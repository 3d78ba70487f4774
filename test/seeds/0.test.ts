/** Seeds 0 to 99 of the simulation. */
import { hundredPass } from "../support/passes.ts"

hundredPass(0)
