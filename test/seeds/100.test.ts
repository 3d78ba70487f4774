/** Seeds 100 to 199 of the simulation. */
import { hundredPass } from "../support/passes.ts"

hundredPass(100)
