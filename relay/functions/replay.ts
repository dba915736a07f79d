// The replay: by the clock, and by an administrator with the function's key.
import { app } from "@azure/functions";
import { administer } from "../admin.ts";
import { answer, run } from "./host.ts";

app.http("replay", {
  route: "replay",
  methods: ["GET", "POST"],
  authLevel: "function",
  handler: (request, context) => answer(request, context, administer),
});

app.timer("replayTimer", {
  // NCRONTAB with seconds; the app setting is made by relay/bicep/main.bicep.
  schedule: "%RELAY_REPLAY_SCHEDULE%",
  handler: (_timer, context) =>
    run(context, async (relay) => {
      const { replayed, unfinished } = await relay.replay();
      if (replayed.length > 0) context.log(`The replay found ${replayed.length}: ${JSON.stringify(replayed)}`);
      // Said as a failure, so that an alert on failed invocations sees that versions are waiting.
      if (unfinished.length > 0) throw new Error(unfinished.join("\n"));
    }),
});
