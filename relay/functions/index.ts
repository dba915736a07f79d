// The one file that package.json's "main" names: registers every function of the app.
import "./events.ts";
import "./replay.ts";
