// Starts a YAML pipeline through its incoming webhook: one signed POST.

import { retryAfter } from "../../lib/azure/retry.ts";
import type { StartContext, Started } from "../core/dispatch.ts";
import { passes, RelayFault } from "../core/fault.ts";
import { type Http, type HttpResponse, isPage } from "../core/http.ts";
import { type Notice, payloadOf } from "../core/notice.ts";
import type { WebhookTarget } from "../core/routes.ts";
import { signBody } from "../core/signature.ts";

/** Reads an app setting by its name. */
export type Secrets = (name: string) => string | undefined;

/**
 * Posts the notice. The address and the signature are those of Azure DevOps' incoming webhooks (docs/facts/extension.md#6.5);
 * what it answers is not documented, so any 2xx counts as taken.
 * A webhook cannot be asked whether it ran: after a lost answer it is sent again with the same `id`.
 * @throws RelayFault
 */
export async function startWebhook(
  target: WebhookTarget,
  notice: Notice,
  context: StartContext,
  parts: { readonly http: Http; readonly secret: Secrets },
): Promise<Started> {
  const body = Buffer.from(JSON.stringify(payloadOf(notice, context.id)), "utf8");
  const secret = target.secretSetting === undefined ? undefined : parts.secret(target.secretSetting);
  if (target.secretSetting !== undefined) {
    if (secret === undefined || secret === "") {
      // Temporary: a setting is mended without a new event, and no version should be given up for it.
      throw new RelayFault(
        "temporary",
        `The app setting ${target.secretSetting}, which holds the webhook's secret, is empty.`,
      );
    }
  }
  const url = `${target.organization}/_apis/public/distributedtask/webhooks/${encodeURIComponent(target.name)}?api-version=6.0-preview`;
  const send = (prefix: WebhookTarget["signaturePrefix"]) => {
    const signature = secret === undefined ? {} : { [target.header]: signBody(body, secret, prefix) };
    const headers: Record<string, string> = { "Content-Type": "application/json", ...signature };
    return parts.http({ method: "POST", url, headers, body, timeout: 15_000 });
  };
  let answer = await send(target.signaturePrefix);
  // Which of two forms is taken is not documented: one that was refused as a signature has started nothing, and the other is tried.
  if (secret !== undefined && isSignatureRefused(answer))
    answer = await send(target.signaturePrefix === "" ? "sha1=" : "");
  if (answer.status >= 200 && answer.status < 300 && (answer.status === 203 || isPage(answer))) {
    throw new RelayFault("unknown", `Azure DevOps answered the webhook ${target.name} with an HTML page.`, {
      hint: "A sign-in page instead of an answer means that the address of the organization is not the right one.",
    });
  }
  if (answer.status >= 200 && answer.status < 300) {
    return { reference: `webhook ${target.name} ${context.id}` };
  }
  throw refusal(target, answer);
}

/** A refusal that speaks of the signature; the statuses that are known are 500 (docs/facts/extension.md#6.5). */
const isSignatureRefused = ({ status, body }: HttpResponse): boolean => status >= 400 && /signature/i.test(body);

function refusal(target: WebhookTarget, answer: HttpResponse): RelayFault {
  const said = answer.body.replace(/\s+/g, " ").slice(0, 300);
  const message = `Azure DevOps answered ${answer.status} to the webhook ${target.name}${said === "" ? "" : `: ${said}`}${/[.!]$/.test(said) ? "" : "."}`;
  const options = { status: answer.status };
  // Azure DevOps says these two with status 500 (docs/facts/extension.md#6.5), where waiting does not help.
  if (/RequiredHeaderSignatureNotFound/i.test(answer.body)) {
    return new RelayFault("permanent", message, {
      ...options,
      hint: `The connection reads the signature from another header than ${target.header}, or wants another secret; the signature was sent bare and with sha1=.`,
    });
  }
  if (/web ?hook.{0,80}does not exist/i.test(answer.body)) {
    return new RelayFault("permanent", message, {
      ...options,
      hint: "A pipeline has to name the webhook under resources.webhooks on its default branch, and must have been saved since.",
    });
  }
  if (!passes(answer.status)) {
    return new RelayFault("permanent", message, {
      ...options,
      hint: "Check the organization and the WebHook name of the incoming webhook connection.",
    });
  }
  const wait = retryAfter(answer.headers["retry-after"], Date.now());
  return new RelayFault("temporary", message, { ...options, ...(wait === undefined ? {} : { retryAfter: wait }) });
}
