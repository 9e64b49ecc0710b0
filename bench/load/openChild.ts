/** An open load, a process of its own: node openChild.js '{"port":…}'. */
import { OpenLoad } from './open.ts'

const figures = await new OpenLoad(JSON.parse(process.argv[2]!)).run()
process.stdout.write(`RESULT ${JSON.stringify(figures)}\n`, () => process.exit(0))
