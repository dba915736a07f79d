// The first thing that a packaged task does, before any library is loaded: its program imports this file first.
import "./clear-environment.ts";
import "./heap.ts";
import "./task-lib-settings.ts";
// It writes two debug lines of its own while it loads, and keeps stdout as it is then: before the gate closes.
import "azure-pipelines-task-lib/task.js";
import { guardOutput } from "./guard.ts";

guardOutput();
