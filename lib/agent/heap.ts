// V8 heap settings that keep a task's memory small. It is imported before every library, because loading them already makes the heap grow.
// Tests: test/bundle/long-logs.test.ts
import { setFlagsFromString } from "node:v8";

// What a task has in use is small (about 15 MB, its libraries among it), and what passes through it is not: files, lines of logs,
// answers. V8 lets that lie as garbage, together with the buffers outside of the heap that belong to it: measured, the young
// generation grew from 2 MB to 30, the old one from 13 to 50, and all of that is memory which the build on the agent has not. So the
// young generation stays as it begins, and the old one is collected once it has grown by half. Neither limits what a task may use.
setFlagsFromString("--semi-space-growth-factor=1");
setFlagsFromString("--heap-growing-percent=50");
