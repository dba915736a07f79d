// Where Event Grid delivers: POST for events and SubscriptionValidation, OPTIONS for CloudEvents' handshake.
import { app } from "@azure/functions";
import { answer } from "./host.ts";

app.http("events", {
  route: "events",
  methods: ["POST", "OPTIONS"],
  authLevel: "function",
  handler: (request, context) => answer(request, context, (relay, received) => relay.receive(received)),
});
