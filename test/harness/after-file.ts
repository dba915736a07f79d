// Closing of what a test file opened, at the end of that file. Mocha runs several files in one worker process, in an order that differs from
// run to run: what outlives its file makes a test pass or fail by what ran before it.

const ends: (() => Promise<void>)[] = [];

/** Ends something after the last test of the file that runs; of all files where one process runs them one after the other. */
export function afterFile(end: () => Promise<void>): void {
  ends.push(end);
}

async function endAll(): Promise<void> {
  for (const end of ends.splice(0)) await end();
}

/** Mocha's root hooks: in parallel mode it calls them for each file. */
export const mochaHooks = { afterAll: endAll };
