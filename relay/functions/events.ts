// The endpoint that Event Grid delivers to: POST for events and SubscriptionValidation, OPTIONS for the handshake of CloudEvents.
import { app } from "@azure/functions";
import { answer } from "./host.ts";

app.http("events", {
  route: "events",
  methods: ["POST", "OPTIONS"],
  authLevel: "function",
  handler: (request, context) => answer(request, context, (relay, received) => relay.receive(received)),
});
