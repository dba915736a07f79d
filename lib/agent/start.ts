// The first thing that a packaged task does, before any library is loaded: its program imports this file first. What it imports
// imports no library either: a bundle loads what several of its parts share before the part itself.
// Tests: test/bundle/long-logs.test.ts
import "./clear-environment.ts";
import "./heap.ts";
import "./task-lib-settings.ts";
