/** Seeds 200 to 299 of the simulation. */
import { hundredPass } from "../support/passes.ts"

hundredPass(200)
